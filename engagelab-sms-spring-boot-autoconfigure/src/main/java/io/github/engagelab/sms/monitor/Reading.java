package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * What the reads of an account have brought so far, and the state that follows from it.
 *
 * @param since the last success, or the first try if there was none; {@code null} before
 * that, and as long as there are no credentials
 * @param snapshot the newest balance read
 * @param lastFailure why the last read failed, {@code null} if it succeeded
 * @param lastFailureAt when the last read failed, {@code null} if it succeeded
 * @param rejected whether the credentials were refused after the last success
 */
record Reading(@Nullable Instant since, @Nullable SmsBalanceSnapshot snapshot,
		@Nullable SmsBalanceException lastFailure, @Nullable Instant lastFailureAt, boolean rejected) {

	static final Reading NONE = new Reading(null, null, null, null, false);

	Reading asked(Instant now) {
		return (this.since != null) ? this
				: new Reading(now, this.snapshot, this.lastFailure, this.lastFailureAt, this.rejected);
	}

	Reading succeeded(SmsBalanceSnapshot snapshot) {
		return new Reading(snapshot.readAt(), snapshot, null, null, false);
	}

	Reading failed(SmsBalanceException failure, Instant now) {
		if (failure.getFailure() == SmsBalanceFailure.NOT_CONFIGURED) {
			return new Reading((this.snapshot != null) ? this.snapshot.readAt() : null, this.snapshot, failure, now,
					false);
		}
		return new Reading(this.since, this.snapshot, failure, now,
				this.rejected || failure.getFailure().isRejection());
	}

	/**
	 * Return how long it takes until nothing was read for too long.
	 * @param now the moment to compare with
	 * @param maxAge the age to reach
	 * @return the time left, zero or negative if it was reached, or {@code null} if
	 * nothing was tried yet
	 */
	@Nullable Duration untilExpired(Instant now, Duration maxAge) {
		return (this.since != null) ? Duration.between(now, this.since.plus(maxAge)) : null;
	}

	SmsAccountStatus status(String account, SmsBalanceThresholds thresholds, Duration maxAge, Instant now) {
		Duration left = untilExpired(now, maxAge);
		boolean expired = left != null && (left.isNegative() || left.isZero());
		return new SmsAccountStatus(account, state(thresholds, expired), thresholds, this.snapshot,
				this.snapshot != null && !expired, this.lastFailure, this.lastFailureAt, now);
	}

	private SmsAccountState state(SmsBalanceThresholds thresholds, boolean expired) {
		if (this.lastFailure != null && this.lastFailure.getFailure() == SmsBalanceFailure.NOT_CONFIGURED) {
			return SmsAccountState.UNKNOWN;
		}
		if (this.rejected) {
			return SmsAccountState.REJECTED;
		}
		if (expired) {
			return SmsAccountState.UNAVAILABLE;
		}
		return (this.snapshot != null) ? thresholds.evaluate(this.snapshot.balance()) : SmsAccountState.UNKNOWN;
	}

}

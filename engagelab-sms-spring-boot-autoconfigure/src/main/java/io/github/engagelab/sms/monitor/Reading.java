package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import org.jspecify.annotations.Nullable;

/**
 * What the refreshes of an account have brought so far, and the state that follows from
 * it. Monotonic times are in nanoseconds.
 *
 * @param since the monotonic time of the last success, or of the first attempt if there
 * was none; {@code null} before that, and as long as there are no credentials
 * @param snapshot the newest balance
 * @param failure why the last refresh failed, {@code null} if it succeeded
 * @param failedAt when the last refresh failed, {@code null} if it succeeded
 * @param rejected whether the credentials were refused after the last success
 * @param endedAt the monotonic time at which the last refresh ended
 */
record Reading(@Nullable Long since, @Nullable SmsBalanceSnapshot snapshot, @Nullable SmsBalanceException failure,
		@Nullable Instant failedAt, boolean rejected, @Nullable Long endedAt) {

	static final Reading NONE = new Reading(null, null, null, null, false, null);

	Reading succeeded(SmsBalanceSnapshot balance, long nanoTime) {
		return new Reading(nanoTime, balance, null, null, false, nanoTime);
	}

	Reading failed(SmsBalanceException reason, long startedAt, Instant now, long nanoTime) {
		boolean attempt = isAttempt(reason);
		Long first = (this.since != null) ? this.since : Long.valueOf(startedAt);
		return new Reading((attempt || this.snapshot != null) ? first : null, this.snapshot, reason, now,
				attempt && (this.rejected || reason.getFailure().isRejection()), nanoTime);
	}

	// Return how old the snapshot is or, without one, how long reading has been tried
	@Nullable Duration age(long nanoTime) {
		return (this.since != null) ? Duration.ofNanos(nanoTime - this.since) : null;
	}

	@Nullable SmsBalanceFailure kind() {
		return (this.failure != null) ? this.failure.getFailure() : null;
	}

	boolean isFresh(Duration maxAge, long nanoTime) {
		return this.snapshot != null && !isExpired(maxAge, nanoTime);
	}

	SmsAccountState state(SmsBalanceThresholds thresholds, Duration maxAge, long nanoTime) {
		if (this.failure != null && !isAttempt(this.failure)) {
			return SmsAccountState.UNKNOWN;
		}
		if (this.rejected) {
			return SmsAccountState.REJECTED;
		}
		if (isExpired(maxAge, nanoTime)) {
			return SmsAccountState.UNAVAILABLE;
		}
		return (this.snapshot != null) ? thresholds.evaluate(this.snapshot.balance()) : SmsAccountState.UNKNOWN;
	}

	// Without a duration for the age: this is what a caller on a hot path waits for
	private boolean isExpired(Duration maxAge, long nanoTime) {
		return this.since != null && nanoTime - this.since >= TimeUnit.NANOSECONDS.convert(maxAge);
	}

	private static boolean isAttempt(SmsBalanceException failure) {
		return failure.getFailure() != SmsBalanceFailure.NOT_CONFIGURED
				&& failure.getFailure() != SmsBalanceFailure.DISABLED;
	}

}

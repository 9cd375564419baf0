package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.PermanentConnectionException;
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
 * @param repeated how often refreshes have failed since the last success, or since the
 * provider has begun or ceased to ask to slow down
 * @param endedAt the monotonic time at which the last refresh ended
 */
record Reading(@Nullable Long since, @Nullable SmsBalanceSnapshot snapshot, @Nullable SmsBalanceException failure,
		@Nullable Instant failedAt, boolean rejected, int repeated, @Nullable Long endedAt) {

	static final Reading NONE = new Reading(null, null, null, null, false, 0, null);

	private static final Duration MAX_FIRST_DELAY = Duration.ofSeconds(30);

	Reading succeeded(SmsBalanceSnapshot balance, long nanoTime) {
		return new Reading(nanoTime, balance, null, null, false, 0, nanoTime);
	}

	Reading failed(SmsBalanceException reason, long startedAt, Instant now, long nanoTime) {
		boolean attempt = isAttempt(reason);
		Long first = (this.since != null) ? this.since : Long.valueOf(startedAt);
		return new Reading((attempt || this.snapshot != null) ? first : null, this.snapshot, reason, now,
				attempt && (this.rejected || isRejection(reason)),
				(isRateLimited(reason) == isRateLimited(this.failure)) ? this.repeated + 1 : 1, nanoTime);
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

	SmsAccountStatus status(String account, SmsBalanceThresholds thresholds, Duration maxAge, long nanoTime) {
		return new SmsAccountStatus(account, state(thresholds, maxAge, nanoTime), this.snapshot, thresholds, kind());
	}

	private SmsAccountState state(SmsBalanceThresholds thresholds, Duration maxAge, long nanoTime) {
		if (this.failure != null && !isAttempt(this.failure)) {
			return SmsAccountState.UNKNOWN;
		}
		boolean expired = isExpired(maxAge, nanoTime);
		if (this.rejected || (expired && kind() == SmsBalanceFailure.ACCESS_DENIED)) {
			return SmsAccountState.REJECTED;
		}
		if (expired) {
			return SmsAccountState.UNAVAILABLE;
		}
		return (this.snapshot != null) ? thresholds.evaluate(this.snapshot.balance()) : SmsAccountState.UNKNOWN;
	}

	// Return the time between two polls. Until the first success it begins with a second
	// and doubles with each failure that the next poll may cure
	Duration pollInterval(Duration interval, Duration maxAge, long nanoTime) {
		boolean first = this.snapshot == null && !isExpired(maxAge, nanoTime)
				&& (this.failure == null
						|| (this.failure.getFailure().isRetryable() && kind() != SmsBalanceFailure.RATE_LIMITED
								&& !(this.failure instanceof PermanentConnectionException)));
		return first ? min(interval, min(MAX_FIRST_DELAY, doubled(Duration.ofSeconds(1), this.repeated - 1)))
				: interval;
	}

	// Return how long after the last refresh no poll may come: as long as the provider
	// asks for or, if it only asks to slow down, longer with each time
	Duration pause(Duration interval, Duration maxAge) {
		if (this.failure != null && this.failure.getRetryAfter() != null) {
			return min(this.failure.getRetryAfter(), maxAge);
		}
		Duration most = Collections.max(List.of(interval.multipliedBy(2), maxAge.dividedBy(2)));
		return isRateLimited(this.failure) ? min(most, doubled(interval, this.repeated)) : Duration.ZERO;
	}

	// Without a duration for the age: this is what a caller on a hot path waits for
	private boolean isExpired(Duration maxAge, long nanoTime) {
		return this.since != null && nanoTime - this.since >= TimeUnit.NANOSECONDS.convert(maxAge);
	}

	// A page of a gateway is not the provider's word
	private static boolean isRejection(SmsBalanceException failure) {
		return failure.getFailure().isRejection()
				&& (failure.getFailure() != SmsBalanceFailure.ACCESS_DENIED || failure.getCode() != null);
	}

	private static boolean isRateLimited(@Nullable SmsBalanceException failure) {
		return failure != null && failure.getFailure() == SmsBalanceFailure.RATE_LIMITED;
	}

	private static Duration doubled(Duration duration, int times) {
		return duration.multipliedBy(1L << Math.min(Math.max(times, 0), 16));
	}

	private static Duration min(Duration one, Duration other) {
		return (one.compareTo(other) < 0) ? one : other;
	}

	private static boolean isAttempt(SmsBalanceException failure) {
		return failure.getFailure() != SmsBalanceFailure.NOT_CONFIGURED
				&& failure.getFailure() != SmsBalanceFailure.DISABLED;
	}

}

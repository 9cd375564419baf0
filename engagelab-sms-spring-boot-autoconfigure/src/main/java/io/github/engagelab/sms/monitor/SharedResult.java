package io.github.engagelab.sms.monitor;

import java.time.Duration;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceException;
import org.jspecify.annotations.Nullable;

/**
 * What a refresh of this replica has brought. Public for technical reasons only.
 *
 * @param status the status that follows from it
 * @param balanceAt the monotonic time at which the balance was read
 * @param failure why the refresh failed, or {@code null}
 * @param took how long it took
 * @param pause how long the provider asked to wait
 */
public record SharedResult(SmsAccountStatus status, long balanceAt, @Nullable SmsBalanceException failure,
		Duration took, Duration pause) {

	// A failure without consequences says nothing of the balance
	public boolean changesState() {
		return this.failure == null || switch (this.status.state()) {
			case REJECTED, UNAVAILABLE -> true;
			default -> false;
		};
	}

	// Other replicas may have what is missing here
	public boolean isOfThisReplica() {
		return this.failure != null && switch (this.failure.getFailure()) {
			case CREDENTIALS_UNAVAILABLE, NOT_CONFIGURED, DISABLED -> true;
			default -> false;
		};
	}

}

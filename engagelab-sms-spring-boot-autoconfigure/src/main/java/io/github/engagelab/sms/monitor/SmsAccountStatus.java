package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of an account at a moment, worked out without any call.
 *
 * @param account the name of the account
 * @param state the state
 * @param thresholds the thresholds
 * @param snapshot the newest balance read, or {@code null} if none was read yet
 * @param fresh whether there is a snapshot and it is younger than {@code refresh.max-age}
 * @param lastFailure why the last read failed, or {@code null} if it succeeded or there
 * was none
 * @param lastFailureAt when the last read failed, or {@code null} if it succeeded or
 * there was none
 * @param at the moment
 */
public record SmsAccountStatus(String account, SmsAccountState state, SmsBalanceThresholds thresholds,
		@Nullable SmsBalanceSnapshot snapshot, boolean fresh, @Nullable SmsBalanceException lastFailure,
		@Nullable Instant lastFailureAt, Instant at) {

	/**
	 * Return how old the newest balance is.
	 * @return the age, or {@code null} if no balance was read yet
	 */
	public @Nullable Duration age() {
		return (this.snapshot != null) ? this.snapshot.age(this.at) : null;
	}

	/**
	 * Return why the last read failed.
	 * @return the failure, or {@code null} if the last read succeeded or there was none
	 */
	public @Nullable SmsBalanceFailure failure() {
		return (this.lastFailure != null) ? this.lastFailure.getFailure() : null;
	}

}

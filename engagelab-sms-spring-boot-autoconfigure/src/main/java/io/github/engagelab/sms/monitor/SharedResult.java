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
 * @param pause how long the provider asked to wait
 */
public record SharedResult(SmsAccountStatus status, long balanceAt, @Nullable SmsBalanceException failure,
		Duration pause) {
}

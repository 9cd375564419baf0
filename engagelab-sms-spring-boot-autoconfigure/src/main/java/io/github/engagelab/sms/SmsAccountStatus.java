package io.github.engagelab.sms;

import org.jspecify.annotations.Nullable;

/**
 * What is known of an account at a moment, without any call to the provider.
 *
 * @param account the name of the account
 * @param state the state
 * @param snapshot the newest balance, however old, or {@code null} if none has been read
 * @param thresholds the thresholds
 * @param failure why the last refresh failed, or {@code null} if it succeeded or there
 * was none
 * @since 0.1.0
 */
public record SmsAccountStatus(String account, SmsAccountState state, @Nullable SmsBalanceSnapshot snapshot,
		SmsBalanceThresholds thresholds, @Nullable SmsBalanceFailure failure) {
}

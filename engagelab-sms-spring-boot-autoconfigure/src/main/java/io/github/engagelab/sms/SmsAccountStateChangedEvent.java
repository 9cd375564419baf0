package io.github.engagelab.sms;

import org.jspecify.annotations.Nullable;

/**
 * Published to the application context once for every change of an account's state. The
 * events arrive in order, on a thread of their own: a listener may take its time.
 *
 * @param account the name of the account
 * @param previous the state before
 * @param current the state now
 * @param snapshot the newest balance read, or {@code null} if none was read yet
 * @param failure why the last read failed, or {@code null} if it succeeded
 */
public record SmsAccountStateChangedEvent(String account, SmsAccountState previous, SmsAccountState current,
		@Nullable SmsBalanceSnapshot snapshot, @Nullable SmsBalanceFailure failure) {
}

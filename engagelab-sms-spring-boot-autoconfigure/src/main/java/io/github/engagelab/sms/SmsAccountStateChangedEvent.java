package io.github.engagelab.sms;

import org.jspecify.annotations.Nullable;

/**
 * Event published once for every change of an account's state, in order and outside of
 * any transaction: listen with {@code @EventListener}, or with
 * {@code @TransactionalEventListener(fallbackExecution = true)}, which is not called
 * otherwise. If replicas share polls, one of them publishes it, at most once for all. A
 * listener runs on a thread of this library and may block; meanwhile, only further events
 * wait.
 *
 * @param account the name of the account
 * @param previous the state before
 * @param current the state now
 * @param snapshot the newest balance, or {@code null} if none has been read
 * @param failure why the last refresh failed, or {@code null} if it succeeded
 * @since 0.1.0
 */
public record SmsAccountStateChangedEvent(String account, SmsAccountState previous, SmsAccountState current,
		@Nullable SmsBalanceSnapshot snapshot, @Nullable SmsBalanceFailure failure) {
}

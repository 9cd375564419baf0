package io.github.engagelab.sms.client;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import reactor.core.publisher.Mono;

/**
 * Reads the balance of an account from the provider. An application's own bean of this
 * type replaces the HTTP client. It is subscribed to on a thread that may block, never
 * twice at once for one account, and cancelled after
 * {@code engagelab.sms.http.request-timeout}.
 *
 * @since 0.1.0
 */
public interface SmsBalanceClient {

	/**
	 * Ask the provider for the balance of an account, at every subscription.
	 * @param account the name of the account
	 * @return the balance, or an {@link SmsBalanceException} if it cannot be read; never
	 * empty
	 */
	Mono<SmsBalance> getBalance(String account);

}

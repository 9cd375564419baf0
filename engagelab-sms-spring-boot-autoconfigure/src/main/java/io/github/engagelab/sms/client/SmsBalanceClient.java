package io.github.engagelab.sms.client;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import reactor.core.publisher.Mono;

/**
 * The seam to the network: asks the provider for the balance of an account. An
 * application's own bean of this type replaces the one that calls EngageLab.
 */
public interface SmsBalanceClient {

	/**
	 * Ask for the balance of an account, at every subscription.
	 * @param account the name of the account
	 * @return the balance, or an {@link SmsBalanceException} if it cannot be had; never
	 * empty
	 */
	Mono<SmsBalance> getBalance(String account);

}

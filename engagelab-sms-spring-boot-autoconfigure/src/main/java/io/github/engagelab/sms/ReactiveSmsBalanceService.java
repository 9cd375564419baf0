package io.github.engagelab.sms;

import java.time.Duration;

import reactor.core.publisher.Mono;

/**
 * Reads the balance without blocking. Subscribers to the same account at the same time
 * share one request; when one of them cancels, the others still get their answer.
 */
public interface ReactiveSmsBalanceService {

	/**
	 * Ask the provider for the balance, at every subscription.
	 * @return the balance, or an {@link SmsBalanceException} if it could not be read;
	 * never empty
	 */
	Mono<SmsBalance> getBalance();

	/**
	 * Return the newest known balance if it is young enough at subscription, otherwise
	 * ask the provider.
	 * @param maxAge how old the balance may be; zero always asks
	 * @return the balance, or an {@link SmsBalanceException} if it had to be read and
	 * could not be; never empty
	 */
	Mono<SmsBalance> getBalance(Duration maxAge);

}

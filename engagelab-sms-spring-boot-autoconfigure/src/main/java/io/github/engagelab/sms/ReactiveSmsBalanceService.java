package io.github.engagelab.sms;

import java.time.Duration;
import java.util.Set;

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

	/**
	 * Return this service for an account, where without it the primary one is meant.
	 * @param account the name of the account
	 * @return a view of the same account settings, snapshots and requests
	 * @throws IllegalArgumentException if there is no account of that name; the message
	 * lists those there are
	 */
	ReactiveSmsBalanceService forAccount(String account);

	/**
	 * Return the names of the accounts.
	 * @return the names, which never change
	 */
	Set<String> getAccounts();

}

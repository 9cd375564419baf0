package io.github.engagelab.sms;

import java.time.Duration;
import java.util.Set;

import reactor.core.publisher.Mono;

/**
 * Non-blocking access to the balance. Subscribers to one account at the same time share
 * one request; when one of them cancels, the others still get their answer. An answer
 * that had to be waited for is signalled on a thread of this library that may block.
 *
 * @since 0.1.0
 */
public interface ReactiveSmsBalanceService {

	/**
	 * Ask the provider for the balance, at every subscription.
	 * @return the balance, or an {@link SmsBalanceException} if it cannot be read; never
	 * empty
	 */
	Mono<SmsBalance> getBalance();

	/**
	 * Return the newest known balance if it is young enough at subscription, otherwise
	 * ask the provider.
	 * @param maxAge how old the balance may be; zero always asks
	 * @return the balance, or an {@link SmsBalanceException} if it has to be read and
	 * cannot be; never empty
	 */
	Mono<SmsBalance> getBalance(Duration maxAge);

	/**
	 * Return what is known of the account. Never asks the provider and never blocks.
	 * @return the status
	 */
	SmsAccountStatus getStatus();

	/**
	 * Return a view of this service for the given account.
	 * @param account the name of the account
	 * @return a view of the same settings, snapshots and requests
	 * @throws UnknownSmsAccountException if there is no account of that name
	 */
	ReactiveSmsBalanceService forAccount(String account);

	/**
	 * Return the names of the accounts.
	 * @return the names, which never change
	 */
	Set<String> getAccounts();

}

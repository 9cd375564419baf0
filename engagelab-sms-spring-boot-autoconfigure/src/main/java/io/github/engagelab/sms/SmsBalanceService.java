package io.github.engagelab.sms;

import java.time.Duration;
import java.util.Set;

/**
 * Blocking access to the balance. Safe for use by many threads: callers of one account at
 * the same time share one request. Waiting is bounded by
 * {@code engagelab.sms.http.request-timeout}. On a thread that must not block, a call
 * that would have to wait fails with an {@link IllegalStateException}: use
 * {@link ReactiveSmsBalanceService} there.
 *
 * @since 0.1.0
 */
public interface SmsBalanceService {

	/**
	 * Ask the provider for the balance, now.
	 * @return the balance
	 * @throws SmsBalanceException if it cannot be read; a stale or default balance is
	 * never returned
	 */
	SmsBalance getBalance();

	/**
	 * Return the newest known balance if it is young enough, otherwise ask the provider.
	 * @param maxAge how old the balance may be; zero always asks
	 * @return the balance
	 * @throws SmsBalanceException if it has to be read and cannot be
	 */
	SmsBalance getBalance(Duration maxAge);

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
	SmsBalanceService forAccount(String account);

	/**
	 * Return the names of the accounts.
	 * @return the names, which never change
	 */
	Set<String> getAccounts();

}

package io.github.engagelab.sms;

import java.time.Duration;
import java.util.Set;

/**
 * Reads the balance and waits for it. Safe for use by many threads: callers that ask for
 * the same account at the same time share one request. Not for threads that must not
 * block; those use {@link ReactiveSmsBalanceService}.
 */
public interface SmsBalanceService {

	/**
	 * Ask the provider for the balance, now.
	 * @return the balance
	 * @throws SmsBalanceException if it could not be read; there is never a made-up or an
	 * old amount instead
	 */
	SmsBalance getBalance();

	/**
	 * Return the newest known balance if it is young enough, otherwise ask the provider.
	 * @param maxAge how old the balance may be; zero always asks
	 * @return the balance
	 * @throws SmsBalanceException if it had to be read and could not be
	 */
	SmsBalance getBalance(Duration maxAge);

	/**
	 * Return this service for an account, where without it the primary one is meant.
	 * @param account the name of the account
	 * @return a view of the same account settings, snapshots and requests
	 * @throws IllegalArgumentException if there is no account of that name; the message
	 * lists those there are
	 */
	SmsBalanceService forAccount(String account);

	/**
	 * Return the names of the accounts.
	 * @return the names, which never change
	 */
	Set<String> getAccounts();

}

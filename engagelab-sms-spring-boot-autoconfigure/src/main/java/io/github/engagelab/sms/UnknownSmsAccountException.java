package io.github.engagelab.sms;

import java.util.Set;

/**
 * Exception thrown when there is no account of a given name. The message lists the
 * accounts there are.
 *
 * @since 0.1.0
 */
public class UnknownSmsAccountException extends IllegalArgumentException {

	private final String account;

	/**
	 * Create an exception.
	 * @param account the name that no account has
	 * @param accounts the names of the accounts there are
	 */
	public UnknownSmsAccountException(String account, Set<String> accounts) {
		super("There is no EngageLab SMS account '%s', only %s".formatted(account, accounts));
		this.account = account;
	}

	/**
	 * Return the name that no account has.
	 * @return the name
	 */
	public String getAccount() {
		return this.account;
	}

}

package io.github.engagelab.sms.cluster;

import org.jspecify.annotations.Nullable;

/**
 * Store shared by the replicas of an application. It holds one short text per account,
 * about 100 characters long, without credentials and without text of the provider.
 * Replicas replace it atomically.
 * <p>
 * Both methods may block and may throw any exception: if the store fails or does not
 * answer within 500 ms, a replica polls for itself until it answers again. They are
 * called by one thread at a time, never interrupted while the application runs, and never
 * by a health probe or a scrape.
 *
 * @since 0.1.0
 */
public interface SmsBalanceStore {

	/**
	 * Return the text of an account.
	 * @param account the name of the account
	 * @return the text, or {@code null} if there is none
	 */
	@Nullable String get(String account);

	/**
	 * Replace the text of an account if it is the expected one, atomically. A text may be
	 * removed a day after it was written.
	 * @param account the name of the account
	 * @param expected the expected text, or {@code null} if there must be none
	 * @param text the new text
	 * @return whether the text was replaced; of several replicas that expect the same
	 * text, exactly one replaces it
	 */
	boolean replace(String account, @Nullable String expected, String text);

}

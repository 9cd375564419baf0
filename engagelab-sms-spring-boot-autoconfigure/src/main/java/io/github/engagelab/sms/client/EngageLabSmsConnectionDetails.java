package io.github.engagelab.sms.client;

import java.net.URI;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.util.Assert;

/**
 * Details required to call the EngageLab SMS API: the accounts, their base URLs and their
 * credentials. By default these are the properties {@code engagelab.sms.*}; an
 * application that keeps credentials elsewhere, in a vault for example, declares a bean
 * of its own. If one of its methods throws, hangs or returns what cannot be used, the
 * refresh fails with {@code CREDENTIALS_UNAVAILABLE}; an
 * {@link io.github.engagelab.sms.SmsBalanceException} is passed on as it is.
 *
 * @since 0.1.0
 */
public interface EngageLabSmsConnectionDetails extends ConnectionDetails {

	/**
	 * The name of the account that is configured without a name.
	 */
	String DEFAULT_ACCOUNT = "default";

	/**
	 * The provider's documented base URL.
	 */
	URI DEFAULT_BASE_URL = URI.create("https://smsapi.engagelab.com");

	/**
	 * Return the names of the accounts. Called once, while the application starts.
	 * @return the names, made of letters, digits, {@code -}, {@code _} and {@code .}
	 */
	default Set<String> getAccounts() {
		return Set.of(DEFAULT_ACCOUNT);
	}

	/**
	 * Return the base URL of an account. Called after {@link #getCredentials}.
	 * @param account the name of the account
	 * @return the base URL, without {@code /v1/balance}; https, or http to this host, and
	 * without user info, query or fragment
	 */
	default URI getBaseUrl(String account) {
		return DEFAULT_BASE_URL;
	}

	/**
	 * Return the credentials of an account. Called before every attempt, on a thread that
	 * may block, so that rotated credentials take effect without a restart. The call is
	 * interrupted after {@code engagelab.sms.http.request-timeout}, and there is never a
	 * second one for the same account at the same time.
	 * @param account the name of the account
	 * @return the credentials, or {@code null} if there are none, in which case no
	 * request is sent
	 */
	@Nullable Credentials getCredentials(String account);

	/**
	 * Return whether a text can name an account: in a health component, a meter's tag and
	 * a property key alike.
	 * @param name the text
	 * @return whether it is made of letters, digits, {@code -}, {@code _} and {@code .},
	 * and is neither {@code .} nor {@code ..}
	 */
	static boolean isAccountName(String name) {
		return name.matches("(?!\\.{1,2}$)[A-Za-z0-9._-]+");
	}

	/**
	 * A key pair of the provider. White space around either is removed, such as the line
	 * break at the end of a mounted file.
	 *
	 * @param devKey the {@code dev_key}; it must not contain a colon
	 * @param devSecret the {@code dev_secret}
	 */
	record Credentials(String devKey, String devSecret) {

		/**
		 * Create a key pair.
		 * @param devKey the {@code dev_key}
		 * @param devSecret the {@code dev_secret}
		 * @throws IllegalArgumentException if either is empty or the key contains a colon
		 */
		public Credentials(String devKey, String devSecret) {
			Assert.hasText(devKey, "'devKey' must not be empty");
			Assert.hasText(devSecret, "'devSecret' must not be empty");
			Assert.isTrue(devKey.indexOf(':') < 0, "'devKey' must not contain a colon");
			this.devKey = devKey.strip();
			this.devSecret = devSecret.strip();
		}

		@Override
		public String toString() {
			return "Credentials[devKey=******, devSecret=******]";
		}

	}

}

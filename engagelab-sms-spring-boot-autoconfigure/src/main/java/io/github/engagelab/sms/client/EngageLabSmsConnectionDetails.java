package io.github.engagelab.sms.client;

import java.net.URI;
import java.util.Set;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.autoconfigure.service.connection.ConnectionDetails;
import org.springframework.util.Assert;

/**
 * Which accounts there are, where their provider is and which credentials it wants. By
 * default this comes from {@code engagelab.sms.*}; an application that keeps credentials
 * elsewhere, in a vault say, declares a bean of its own.
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
	 * Return the names of the accounts. Asked once, while the application starts.
	 * @return the names, made of letters, digits, {@code -}, {@code _} and {@code .}
	 */
	default Set<String> getAccounts() {
		return Set.of(DEFAULT_ACCOUNT);
	}

	/**
	 * Return where the provider answers for an account, without {@code /v1/balance}.
	 * @param account the name of the account
	 * @return the base URL
	 */
	default URI getBaseUrl(String account) {
		return DEFAULT_BASE_URL;
	}

	/**
	 * Return the credentials of an account. Asked before every exchange, on a thread that
	 * may block, so that rotated credentials take effect without a restart.
	 * @param account the name of the account
	 * @return the credentials, or {@code null} if there are none, in which case the
	 * provider is not asked
	 */
	@Nullable Credentials getCredentials(String account);

	/**
	 * Return whether a text can name an account: in a health component, a meter's tag and
	 * a property key alike.
	 * @param name the text
	 * @return whether it is made of letters, digits, {@code -}, {@code _} and {@code .}
	 */
	static boolean isAccountName(String name) {
		return name.matches("[A-Za-z0-9._-]+");
	}

	/**
	 * A key pair of the provider's.
	 *
	 * @param devKey the {@code dev_key}; a colon in it cannot be sent
	 * @param devSecret the {@code dev_secret}
	 */
	record Credentials(String devKey, String devSecret) {

		public Credentials {
			Assert.hasText(devKey, "'devKey' must not be empty");
			Assert.hasText(devSecret, "'devSecret' must not be empty");
			Assert.isTrue(devKey.indexOf(':') < 0, "'devKey' must not contain a colon");
		}

		@Override
		public String toString() {
			return "Credentials[devKey=******, devSecret=******]";
		}

	}

}

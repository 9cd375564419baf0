package io.github.engagelab.sms.client;

import java.net.URI;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Where an attempt for an account goes to.
 *
 * @param account the name of the account
 * @param baseUrl the base URL without a trailing slash
 * @param mask masks the credentials
 */
record EngageLabSmsTarget(String account, String baseUrl, SecretMask mask) {

	// Ask for credentials and base URL, which may block
	static EngageLabSmsTarget resolve(String account, EngageLabSmsConnectionDetails details, boolean allowPlaintext) {
		Credentials credentials;
		@Nullable URI baseUrl;
		try {
			credentials = details.getCredentials(account);
			baseUrl = details.getBaseUrl(account);
		}
		catch (SmsBalanceException ex) {
			throw ex;
		}
		catch (Throwable ex) {
			// Not its message, which may contain the credentials
			throw unavailable(account, ex.getClass().getName());
		}
		if (credentials == null) {
			throw new SmsBalanceException(account, SmsBalanceFailure.NOT_CONFIGURED, null);
		}
		InvalidBaseUrl invalid = InvalidBaseUrl.of(baseUrl, allowPlaintext);
		if (invalid != null) {
			throw unavailable(account, "base URL: " + invalid.getReason());
		}
		return new EngageLabSmsTarget(account, StringUtils.trimTrailingCharacter(String.valueOf(baseUrl), '/'),
				new SecretMask(credentials));
	}

	private static SmsBalanceException unavailable(String account, String reason) {
		return new SmsBalanceException(account, SmsBalanceFailure.CREDENTIALS_UNAVAILABLE, reason, null);
	}

}

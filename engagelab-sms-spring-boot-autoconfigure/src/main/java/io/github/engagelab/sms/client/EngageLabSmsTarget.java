package io.github.engagelab.sms.client;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

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

	// Too short to find a key by trying
	private static final int IDENTITY_LENGTH = 4;

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
		String error = BaseUrl.findError(baseUrl, allowPlaintext);
		if (error != null) {
			throw unavailable(account, "base URL: " + error);
		}
		return new EngageLabSmsTarget(account, StringUtils.trimTrailingCharacter(String.valueOf(baseUrl), '/'),
				new SecretMask(credentials));
	}

	// Return a short hash of what tells accounts of the provider apart
	String identity() {
		try {
			Credentials credentials = this.mask.credentials();
			byte[] hash = MessageDigest.getInstance("SHA-256")
				.digest(String.join("\n", this.baseUrl, credentials.devKey(), credentials.devSecret())
					.getBytes(StandardCharsets.UTF_8));
			return HexFormat.of().formatHex(hash, 0, IDENTITY_LENGTH);
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private static SmsBalanceException unavailable(String account, String reason) {
		return new SmsBalanceException(account, SmsBalanceFailure.CREDENTIALS_UNAVAILABLE, reason, null);
	}

}

package io.github.engagelab.sms.client;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;

/**
 * Makes a text of the provider's fit for log lines and health pages, even if the provider
 * repeats the credentials it was sent.
 *
 * @param credentials the credentials that were sent
 */
record SecretMask(Credentials credentials) {

	private static final int MAX_LENGTH = 200;

	private static final String MASK = "******";

	String apply(String text) {
		String masked = text.replace(authorization(), MASK)
			.replace(this.credentials.devSecret(), MASK)
			.replace(this.credentials.devKey(), MASK)
			.replaceAll("\\p{Cntrl}", " ");
		return (masked.length() > MAX_LENGTH) ? masked.substring(0, MAX_LENGTH) + "..." : masked;
	}

	/**
	 * Return what the {@code Authorization} header says after {@code Basic}.
	 * @return the credentials in Base64
	 */
	String authorization() {
		return Base64.getEncoder()
			.encodeToString(
					(this.credentials.devKey() + ":" + this.credentials.devSecret()).getBytes(StandardCharsets.UTF_8));
	}

}

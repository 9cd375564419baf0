package io.github.engagelab.sms.client;

import java.time.Instant;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;

/**
 * Opens the way from the bytes of an answer to a balance for the benchmarks.
 */
public final class Decoding {

	private static final SecretMask MASK = new SecretMask(new Credentials("jiguangdev", "dev_secret"));

	private Decoding() {
	}

	public static SmsBalance decode(byte[] body) {
		return new EngageLabSmsAnswer(200, null, body)
			.read((json) -> new SmsBalance(EngageLabSmsAnswer.integer(json, "balance10000"),
					EngageLabSmsAnswer.integer(json, "gift_balance10000"),
					EngageLabSmsAnswer.integer(json, "total_balance10000")), "default", MASK, Instant.EPOCH);
	}

}

package io.github.engagelab.sms.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import io.github.engagelab.sms.testsupport.RawServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link SmsBalanceAnswer}.
 */
class SmsBalanceAnswerTests {

	private static final SecretMask SECRETS = new SecretMask(new Credentials("jiguangdev", "dev_secret"));

	private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-01T00:00:00Z"), ZoneOffset.UTC);

	@Test
	void readReadsTheDocumentedExample() {
		assertThat(read(200, RawServer.EXAMPLE, null)).isEqualTo(new SmsBalance(123456, 20000, 143456));
	}

	@ParameterizedTest
	@ValueSource(
			strings = { "", "null", "[]", "{}", "<html/>", "{\"code\":5001}", "{\"code\":5001,\"message\":\"no\"}" })
	void readWhenNoBalanceFails(String body) {
		assertThat(fail(200, body, null).getFailure()).isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE);
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "\"143456\"", "143456.5", "143456.0", "1e5", "true", "9223372036854775808", "" })
	void readWhenFieldIsNoIntegerFails(String value) {
		for (String amount : new String[] { "123456", "20000", "143456" }) {
			String body = RawServer.EXAMPLE.replace(":" + amount + ",", ":" + value + ",");
			assertThat(body).isNotEqualTo(RawServer.EXAMPLE);
			assertThat(fail(200, body, null).getFailure()).isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE);
		}
	}

	@Test
	void readWhenDocumentIsAmbiguousFails() {
		assertThat(fail(200, RawServer.EXAMPLE.replace("{", "{\"balance10000\":1,"), null)).isNotNull();
		assertThat(fail(200, RawServer.EXAMPLE + "{}", null)).isNotNull();
		assertThat(fail(200, RawServer.EXAMPLE.substring(0, 60), null)).isNotNull();
	}

	@ParameterizedTest
	@CsvSource({ "200, 3004, RATE_LIMITED", "200, 1000, SERVER_ERROR", "201, 0, MALFORMED_RESPONSE",
			"302, 0, MALFORMED_RESPONSE", "399, 0, MALFORMED_RESPONSE", "400, 0, CLIENT_ERROR",
			"400, 3004, RATE_LIMITED", "400, 1000, SERVER_ERROR", "401, 2001, INVALID_CREDENTIALS",
			"401, 2002, CREDENTIALS_DISABLED", "401, 2003, ACCESS_DENIED", "403, 2001, ACCESS_DENIED",
			"403, 2002, MERCHANT_DELETED", "403, 0, ACCESS_DENIED", "404, 2001, CLIENT_ERROR",
			"404, 2002, CLIENT_ERROR", "429, 0, RATE_LIMITED", "499, 0, CLIENT_ERROR", "500, 0, SERVER_ERROR",
			"503, 3004, RATE_LIMITED" })
	void readWhenErrorTellsWhich(int status, int code, SmsBalanceFailure expected) {
		SmsBalanceException failure = fail(status, "{\"code\":%d,\"message\":\"no\"}".formatted(code), null);
		assertThat(failure.getFailure()).isEqualTo(expected);
		assertThat(failure.getAccount()).isEqualTo("otp");
		assertThat(failure.getStatus()).isEqualTo(status);
		assertThat(failure.getCode()).isEqualTo(code);
		assertThat(failure.getProviderMessage()).isEqualTo("no");
	}

	@Test
	void readWhenStatusIsNotOkFailsWhateverTheBody() {
		assertThat(fail(201, RawServer.EXAMPLE, null).getFailure()).isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-",
			value = { "-|-", "soon|-", "-5|-", "1234567890|-", "0|PT0S", "7|PT7S", "999999999|PT277777H46M39S",
					"Sun, 01 Nov 2026 00:01:30 GMT|PT1M30S", "Sat, 31 Oct 2026 23:00:00 GMT|PT0S" })
	void readWhenRetryAfterIsGivenTellsHowLong(@Nullable String header, @Nullable Duration expected) {
		assertThat(fail(429, "", header).getRetryAfter()).isEqualTo(expected);
	}

	private static SmsBalance read(int status, String body, @Nullable String retryAfter) {
		return new SmsBalanceAnswer(status, retryAfter, ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)))
			.read("otp", SmsBalanceAnswer.strictMapper(), SECRETS, CLOCK);
	}

	private static SmsBalanceException fail(int status, String body, @Nullable String retryAfter) {
		return catchThrowableOfType(SmsBalanceException.class, () -> read(status, body, retryAfter));
	}

}

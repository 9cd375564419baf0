package io.github.engagelab.sms.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import io.github.engagelab.sms.testsupport.RawServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link EngageLabSmsAnswer}.
 */
class EngageLabSmsAnswerTests {

	private static final SecretMask SECRETS = new SecretMask(new Credentials("jiguangdev", "dev_secret"));

	private static final Instant NOW = Instant.parse("2026-11-01T00:00:00Z");

	private static final String EXAMPLE = RawServer.EXAMPLE;

	private static final String HTML = "<html><body>Bad Gateway</body></html>";

	@Test
	void readReadsTheDocumentedExample() {
		assertThat(read(200, EXAMPLE, null)).isEqualTo(143456);
	}

	@ParameterizedTest
	@MethodSource("bodiesThatAreNoBalance")
	void readWhenNoBalanceFails(byte[] body) {
		SmsBalanceException failure = fail(new EngageLabSmsAnswer(200, null, body));
		assertThat(failure.getFailure()).isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE);
		assertThat(failure.getStatus()).isEqualTo(200);
		assertThat(failure.getCause()).isNull();
	}

	static Stream<byte[]> bodiesThatAreNoBalance() {
		Stream<String> texts = Stream.of("", " ", "null", "[]", "{}", "5", "\"text\"", "<html/>", HTML,
				"{\"code\":5001}", "{\"code\":5001,\"message\":\"no\"}", EXAMPLE.substring(0, 60), EXAMPLE + "}",
				EXAMPLE + EXAMPLE, EXAMPLE + "{}", "[" + EXAMPLE + "]",
				EXAMPLE.replace("\"total_balance10000\"", "\"total\""),
				EXAMPLE.replace("{", "{\"total_balance10000\":1,"), "[".repeat(5000), "{\"a\":".repeat(5000),
				"\u0000" + EXAMPLE);
		return Stream.concat(texts.map((text) -> text.getBytes(StandardCharsets.UTF_8)),
				Stream.of(EXAMPLE.getBytes(StandardCharsets.UTF_16LE), EXAMPLE.getBytes(StandardCharsets.UTF_16BE),
						EXAMPLE.replace("{", "{\"name\":\"\u00e9\",").getBytes(StandardCharsets.ISO_8859_1)));
	}

	@ParameterizedTest
	@ValueSource(strings = { "null", "\"143456\"", "143456.5", "143456.0", "1e5", "true", "9223372036854775808", "",
			"-", "NaN", "0x10", "+1" })
	void readWhenFieldIsNoIntegerFails(String value) {
		String body = EXAMPLE.replace(":143456,", ":" + value + ",");
		assertThat(body).isNotEqualTo(EXAMPLE);
		assertThat(fail(200, body, null).getFailure()).isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE);
	}

	@ParameterizedTest
	@CsvSource({ "-50, -50", "0, 0", "9007199254740993, 9007199254740993", "9223372036854775807, 9223372036854775807",
			"-9223372036854775808, -9223372036854775808" })
	void readWhenFieldIsAnIntegerReadsIt(String value, long expected) {
		assertThat(read(200, EXAMPLE.replace(":143456,", ":" + value + ","), null)).isEqualTo(expected);
	}

	@ParameterizedTest
	@ValueSource(strings = { "0", "null" })
	void readWhenCodeIsThatOfSuccessReadsIt(String code) {
		assertThat(read(200, EXAMPLE.replace("{", "{\"code\":%s,".formatted(code)), null)).isEqualTo(143456);
	}

	@ParameterizedTest
	@CsvSource({ "5001, MALFORMED_RESPONSE", "2001, MALFORMED_RESPONSE", "3004, RATE_LIMITED", "1000, SERVER_ERROR",
			"-1, MALFORMED_RESPONSE", "4294967296, MALFORMED_RESPONSE", "18446744073709551616, MALFORMED_RESPONSE",
			"0.0, MALFORMED_RESPONSE", "\"0\", MALFORMED_RESPONSE", "false, MALFORMED_RESPONSE",
			"[], MALFORMED_RESPONSE", "{}, MALFORMED_RESPONSE" })
	void readWhenCodeIsAnotherFailsWhateverTheAmounts(String code, SmsBalanceFailure expected) {
		assertThat(fail(200, EXAMPLE.replaceFirst("\\{", "{\"code\":%s,".formatted(code)), null).getFailure())
			.isEqualTo(expected);
	}

	@ParameterizedTest
	@CsvSource({ "200, 3004, RATE_LIMITED", "200, 1000, SERVER_ERROR", "201, 0, MALFORMED_RESPONSE",
			"302, 0, MALFORMED_RESPONSE", "399, 0, MALFORMED_RESPONSE", "400, 0, CLIENT_ERROR",
			"400, 3004, RATE_LIMITED", "400, 1000, SERVER_ERROR", "401, 2001, INVALID_CREDENTIALS",
			"401, 2002, CREDENTIALS_DISABLED", "401, 2003, ACCESS_DENIED", "403, 2001, ACCESS_DENIED",
			"403, 2002, MERCHANT_DELETED", "403, 0, ACCESS_DENIED", "403, 9999, ACCESS_DENIED",
			"404, 2001, CLIENT_ERROR", "404, 2002, CLIENT_ERROR", "429, 0, RATE_LIMITED", "499, 0, CLIENT_ERROR",
			"500, 0, SERVER_ERROR", "500, 1000, SERVER_ERROR", "503, 3004, RATE_LIMITED" })
	void readWhenErrorTellsWhich(int status, int code, SmsBalanceFailure expected) {
		SmsBalanceException failure = fail(status, "{\"code\":%d,\"message\":\"no\"}".formatted(code), null);
		assertThat(failure.getFailure()).isEqualTo(expected);
		assertThat(failure.getAccount()).isEqualTo("otp");
		assertThat(failure.getStatus()).isEqualTo(status);
		assertThat(failure.getCode()).isEqualTo(code);
		assertThat(failure.getProviderMessage()).isEqualTo("no");
		assertThat(failure.getCause()).isNull();
	}

	@ParameterizedTest
	@CsvSource({ "204, MALFORMED_RESPONSE", "206, MALFORMED_RESPONSE", "301, MALFORMED_RESPONSE",
			"302, MALFORMED_RESPONSE", "303, MALFORMED_RESPONSE", "307, MALFORMED_RESPONSE", "308, MALFORMED_RESPONSE",
			"400, CLIENT_ERROR", "401, ACCESS_DENIED", "403, ACCESS_DENIED", "404, CLIENT_ERROR", "407, CLIENT_ERROR",
			"408, CLIENT_ERROR", "429, RATE_LIMITED", "500, SERVER_ERROR", "502, SERVER_ERROR", "503, SERVER_ERROR",
			"504, SERVER_ERROR", "599, SERVER_ERROR" })
	void readWhenStatusIsNotOkFailsWhateverTheBody(int status, SmsBalanceFailure expected) {
		for (String body : new String[] { "", HTML, "[]", EXAMPLE }) {
			SmsBalanceException failure = fail(status, body, null);
			assertThat(failure.getFailure()).isEqualTo(expected);
			assertThat(failure.getCode()).isNull();
			assertThat(failure.getProviderMessage()).isNull();
		}
	}

	@Test
	void readWhenStatusIsCreatedFailsWhateverTheBody() {
		assertThat(fail(201, EXAMPLE, null).getFailure()).isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE);
	}

	@Test
	void readWhenMessageRepeatsCredentialsMasksThem() {
		assertThat(fail(401, "{\"code\":2001,\"message\":\"jiguangdev\\ndev_secret\"}", null).getProviderMessage())
			.isEqualTo("****** ******");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "-",
			value = { "-|-", "soon|-", "-5|-", "1234567890|-", "0|PT0S", "7|PT7S", "999999999|PT277777H46M39S",
					"Sun, 01 Nov 2026 00:01:30 GMT|PT1M30S", "Sat, 31 Oct 2026 23:00:00 GMT|PT0S" })
	void readWhenRetryAfterIsGivenTellsHowLong(@Nullable String header, @Nullable Duration expected) {
		assertThat(fail(429, "", header).getRetryAfter()).isEqualTo(expected);
	}

	private static Long read(int status, String body, @Nullable String retryAfter) {
		return read(new EngageLabSmsAnswer(status, retryAfter, body.getBytes(StandardCharsets.UTF_8)));
	}

	private static Long read(EngageLabSmsAnswer answer) {
		return answer.read((json) -> EngageLabSmsAnswer.integer(json, "total_balance10000"), "otp", SECRETS, NOW);
	}

	private static SmsBalanceException fail(int status, String body, @Nullable String retryAfter) {
		return fail(new EngageLabSmsAnswer(status, retryAfter, body.getBytes(StandardCharsets.UTF_8)));
	}

	private static SmsBalanceException fail(EngageLabSmsAnswer answer) {
		return catchThrowableOfType(SmsBalanceException.class, () -> read(answer));
	}

}

package io.github.engagelab.sms.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An answer of the provider: the only place that knows what the contract says about
 * status and body.
 *
 * @param status the HTTP status
 * @param retryAfter the {@code Retry-After} header or {@code null}
 * @param body the body, empty if there is none
 */
record SmsBalanceAnswer(int status, @Nullable String retryAfter, ByteBuffer body) {

	private static final int CODE_INTERNAL_ERROR = 1000;

	private static final int CODE_AUTHENTICATION_FAILED = 2001;

	private static final int CODE_DISABLED_OR_DELETED = 2002;

	private static final int CODE_RATE_LIMITED = 3004;

	/**
	 * Create the mapper that reads answers. Not the application's: its settings would let
	 * a broken answer pass for an amount.
	 * @return a strict mapper
	 */
	static JsonMapper strictMapper() {
		return JsonMapper.builder()
			.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
			.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
			.build();
	}

	/**
	 * Read the balance.
	 * @param account the account asked for
	 * @param mapper a {@link #strictMapper() strict} mapper
	 * @param secrets what must not be repeated from the answer
	 * @param clock tells when now is, for a {@code Retry-After} date
	 * @return the balance
	 * @throws SmsBalanceException if the answer is not a balance
	 */
	SmsBalance read(String account, JsonMapper mapper, SecretMask secrets, Clock clock) {
		JsonNode json = parse(mapper);
		if (this.status == 200) {
			Long balance = integer(json, "balance10000");
			Long giftBalance = integer(json, "gift_balance10000");
			Long totalBalance = integer(json, "total_balance10000");
			if (balance != null && giftBalance != null && totalBalance != null) {
				return new SmsBalance(balance, giftBalance, totalBalance);
			}
		}
		Long number = integer(json, "code");
		Integer code = (number != null && number == number.intValue()) ? number.intValue() : null;
		JsonNode message = (json != null) ? json.get("message") : null;
		throw new SmsBalanceException(account, failure(code), this.status, code,
				(message != null && message.isString()) ? secrets.apply(message.stringValue()) : null,
				parseRetryAfter(clock));
	}

	/**
	 * Parse the body as strict JSON in UTF-8.
	 * @param mapper the mapper
	 * @return the document, or {@code null} if it is none: what was wrong with it is not
	 * told, as the parser's words may repeat what the answer contains
	 */
	private @Nullable JsonNode parse(JsonMapper mapper) {
		try {
			return mapper.readTree(StandardCharsets.UTF_8.newDecoder().decode(this.body.duplicate()).toString());
		}
		catch (CharacterCodingException | JacksonException ex) {
			return null;
		}
	}

	private @Nullable Long integer(@Nullable JsonNode json, String field) {
		JsonNode value = (json != null) ? json.get(field) : null;
		return (value != null && value.isIntegralNumber() && value.canConvertToLong()) ? value.longValue() : null;
	}

	private SmsBalanceFailure failure(@Nullable Integer code) {
		if (this.status == 429 || is(code, CODE_RATE_LIMITED)) {
			return SmsBalanceFailure.RATE_LIMITED;
		}
		if (this.status == 401 && is(code, CODE_AUTHENTICATION_FAILED)) {
			return SmsBalanceFailure.INVALID_CREDENTIALS;
		}
		if (this.status == 401 && is(code, CODE_DISABLED_OR_DELETED)) {
			return SmsBalanceFailure.CREDENTIALS_DISABLED;
		}
		if (this.status == 403 && is(code, CODE_DISABLED_OR_DELETED)) {
			return SmsBalanceFailure.MERCHANT_DELETED;
		}
		if (this.status == 401 || this.status == 403) {
			return SmsBalanceFailure.ACCESS_DENIED;
		}
		if (this.status >= 500 || is(code, CODE_INTERNAL_ERROR)) {
			return SmsBalanceFailure.SERVER_ERROR;
		}
		return (this.status >= 400) ? SmsBalanceFailure.CLIENT_ERROR : SmsBalanceFailure.MALFORMED_RESPONSE;
	}

	private boolean is(@Nullable Integer code, int expected) {
		return code != null && code == expected;
	}

	private @Nullable Duration parseRetryAfter(Clock clock) {
		if (this.retryAfter == null) {
			return null;
		}
		try {
			Duration wait = this.retryAfter.matches("\\d{1,9}") ? Duration.ofSeconds(Long.parseLong(this.retryAfter))
					: Duration.between(Instant.now(clock),
							ZonedDateTime.parse(this.retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME));
			return wait.isNegative() ? Duration.ZERO : wait;
		}
		catch (DateTimeException ex) {
			return null;
		}
	}

}

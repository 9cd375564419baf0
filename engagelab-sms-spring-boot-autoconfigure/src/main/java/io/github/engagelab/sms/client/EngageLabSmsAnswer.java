package io.github.engagelab.sms.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.function.Function;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An answer of the provider, and what the contract says about its status and code.
 *
 * @param status the HTTP status
 * @param retryAfter the {@code Retry-After} header or {@code null}
 * @param body the body, empty if there is none
 */
@SuppressWarnings("ArrayRecordComponent")
record EngageLabSmsAnswer(int status, @Nullable String retryAfter, byte[] body) {

	private static final int CODE_INTERNAL_ERROR = 1000;

	private static final int CODE_AUTHENTICATION_FAILED = 2001;

	private static final int CODE_DISABLED_OR_DELETED = 2002;

	private static final int CODE_RATE_LIMITED = 3004;

	// Create the mapper that reads answers. It is not the application's, whose settings
	// could turn a broken answer into an amount
	static JsonMapper strictMapper() {
		return JsonMapper.builder()
			.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
			.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
			.build();
	}

	// Read the answer
	<T> T read(Function<JsonNode, @Nullable T> reader, String account, JsonMapper mapper, SecretMask mask,
			Instant now) {
		JsonNode json = parse(mapper);
		if (this.status == 200 && json != null && isSuccess(json.path("code"))) {
			T result = reader.apply(json);
			if (result != null) {
				return result;
			}
		}
		Long number = integer(json, "code");
		Integer code = (number != null && number == number.intValue()) ? number.intValue() : null;
		JsonNode message = (json != null) ? json.get("message") : null;
		throw new SmsBalanceException(account, failure(code), this.status, code,
				(message != null && message.isString()) ? mask.apply(message.stringValue()) : null,
				parseRetryAfter(now));
	}

	static @Nullable Long integer(@Nullable JsonNode json, String field) {
		JsonNode value = (json != null) ? json.get(field) : null;
		return (value != null && value.isIntegralNumber() && value.canConvertToLong()) ? value.longValue() : null;
	}

	private static boolean isSuccess(JsonNode code) {
		return code.isMissingNode() || code.isNull()
				|| (code.isIntegralNumber() && code.canConvertToLong() && code.longValue() == 0);
	}

	// Why a body is no JSON stays unsaid: the parser's message may repeat it
	private @Nullable JsonNode parse(JsonMapper mapper) {
		try {
			return mapper.readTree(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(this.body)).toString());
		}
		catch (CharacterCodingException | JacksonException ex) {
			return null;
		}
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

	private static boolean is(@Nullable Integer code, int expected) {
		return code != null && code == expected;
	}

	private @Nullable Duration parseRetryAfter(Instant now) {
		if (this.retryAfter == null) {
			return null;
		}
		try {
			Duration wait = this.retryAfter.matches("\\d{1,9}") ? Duration.ofSeconds(Long.parseLong(this.retryAfter))
					: Duration.between(now, ZonedDateTime.parse(this.retryAfter, DateTimeFormatter.RFC_1123_DATE_TIME));
			return wait.isNegative() ? Duration.ZERO : wait;
		}
		catch (DateTimeException ex) {
			return null;
		}
	}

}

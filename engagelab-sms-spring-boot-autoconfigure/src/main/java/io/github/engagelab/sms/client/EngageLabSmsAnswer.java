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
 * An answer of the provider, and what the contract says about its status and code.
 *
 * @param status the HTTP status
 * @param retryAfter the {@code Retry-After} header or {@code null}
 * @param body the body, empty if there is none
 */
@SuppressWarnings("ArrayRecordComponent")
record EngageLabSmsAnswer(int status, @Nullable String retryAfter, byte[] body) {

	// Not the application's, whose settings could turn a broken answer into an amount
	private static final JsonMapper MAPPER = JsonMapper.builder()
		.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
		.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
		.build();

	<T> T read(Function<JsonNode, @Nullable T> reader, String account, SecretMask mask, Instant now) {
		JsonNode json = parse();
		Long code = integer(json, "code");
		boolean withoutCode = json != null && (!json.has("code") || json.get("code").isNull());
		if (this.status == 200 && (withoutCode || (code != null && code == 0))) {
			T result = reader.apply(json);
			if (result != null) {
				return result;
			}
		}
		Integer known = (code != null && code == code.intValue()) ? code.intValue() : null;
		JsonNode text = (json != null) ? json.get("message") : null;
		String message = (text != null && text.isString()) ? mask.apply(text.stringValue()) : null;
		SmsBalanceFailure failure = failure((known != null) ? known : 0);
		// Without a message it is a gateway's page, and has no code of the provider's
		boolean ofProvider = failure != SmsBalanceFailure.ACCESS_DENIED || message != null;
		throw new SmsBalanceException(account, failure, this.status, ofProvider ? known : null, message,
				parseRetryAfter(now));
	}

	static @Nullable SmsBalance toBalance(JsonNode json) {
		Long balance = integer(json, "balance10000");
		Long giftBalance = integer(json, "gift_balance10000");
		Long totalBalance = integer(json, "total_balance10000");
		return (balance != null && giftBalance != null && totalBalance != null)
				? new SmsBalance(balance, giftBalance, totalBalance) : null;
	}

	static @Nullable Long integer(@Nullable JsonNode json, String field) {
		JsonNode value = (json != null) ? json.get(field) : null;
		return (value != null && value.isIntegralNumber() && value.canConvertToLong()) ? value.longValue() : null;
	}

	// Why a body is no JSON stays unsaid: the parser's message may repeat it
	private @Nullable JsonNode parse() {
		try {
			return MAPPER.readTree(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(this.body)).toString());
		}
		catch (CharacterCodingException | JacksonException ex) {
			return null;
		}
	}

	// SmsBalanceFailure says what the codes mean
	private SmsBalanceFailure failure(int code) {
		if (this.status == 429 || code == 3004) {
			return SmsBalanceFailure.RATE_LIMITED;
		}
		return switch (this.status) {
			case 401 -> switch (code) {
				case 2001 -> SmsBalanceFailure.INVALID_CREDENTIALS;
				case 2002 -> SmsBalanceFailure.CREDENTIALS_DISABLED;
				default -> SmsBalanceFailure.ACCESS_DENIED;
			};
			case 403 -> (code == 2002) ? SmsBalanceFailure.MERCHANT_DELETED : SmsBalanceFailure.ACCESS_DENIED;
			default -> (this.status >= 500 || code == 1000) ? SmsBalanceFailure.SERVER_ERROR
					: (this.status >= 400) ? SmsBalanceFailure.CLIENT_ERROR : SmsBalanceFailure.MALFORMED_RESPONSE;
		};
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

package io.github.engagelab.sms;

import java.time.Duration;
import java.util.StringJoiner;

import org.jspecify.annotations.Nullable;

/**
 * Exception thrown when a balance cannot be read. The message names the account, the
 * failure, what the provider said and what can be done. Neither the message nor the cause
 * contains credentials.
 *
 * @since 0.1.0
 */
public class SmsBalanceException extends RuntimeException {

	private final String account;

	private final SmsBalanceFailure failure;

	private final @Nullable Integer status;

	private final @Nullable Integer code;

	private final @Nullable String reason;

	private final @Nullable Duration retryAfter;

	/**
	 * Create an exception for a failure without an answer from the provider.
	 * @param account the name of the account
	 * @param failure the failure
	 * @param cause the cause or {@code null}; it must not contain credentials
	 */
	public SmsBalanceException(String account, SmsBalanceFailure failure, @Nullable Throwable cause) {
		this(account, failure, null, null, null, null, cause);
	}

	/**
	 * Create an exception for a failure without an answer from the provider.
	 * @param account the name of the account
	 * @param failure the failure
	 * @param reason what exactly failed; it must not contain credentials
	 * @param cause the cause or {@code null}; it must not contain credentials
	 */
	public SmsBalanceException(String account, SmsBalanceFailure failure, String reason, @Nullable Throwable cause) {
		this(account, failure, null, null, reason, null, cause);
	}

	/**
	 * Create an exception for an answer of the provider.
	 * @param account the name of the account
	 * @param failure the failure
	 * @param status the HTTP status
	 * @param code the provider's error code or {@code null}
	 * @param providerMessage the provider's error message or {@code null}; it must not
	 * contain credentials
	 * @param retryAfter how long the provider asked to wait or {@code null}
	 */
	public SmsBalanceException(String account, SmsBalanceFailure failure, int status, @Nullable Integer code,
			@Nullable String providerMessage, @Nullable Duration retryAfter) {
		this(account, failure, status, code, providerMessage, retryAfter, null);
	}

	/**
	 * Create an exception with the stack trace of a caller who waited for a refresh that
	 * failed.
	 * @param shared the exception all callers of that refresh share
	 */
	public SmsBalanceException(SmsBalanceException shared) {
		this(shared.account, shared.failure, shared.status, shared.code, shared.reason, shared.retryAfter,
				shared.getCause());
	}

	private SmsBalanceException(String account, SmsBalanceFailure failure, @Nullable Integer status,
			@Nullable Integer code, @Nullable String reason, @Nullable Duration retryAfter, @Nullable Throwable cause) {
		// Subscribers that share a refresh share its exception: with suppression enabled,
		// each of them could add to it
		super(describe(account, failure, status, code, reason), cause, false, true);
		this.account = account;
		this.failure = failure;
		this.status = status;
		this.code = code;
		this.reason = reason;
		this.retryAfter = retryAfter;
	}

	private static String describe(String account, SmsBalanceFailure failure, @Nullable Integer status,
			@Nullable Integer code, @Nullable String reason) {
		StringJoiner details = new StringJoiner(", ", " (", ")").setEmptyValue("");
		if (status != null) {
			details.add("HTTP " + status);
		}
		if (code != null) {
			details.add("code " + code);
		}
		if (reason != null) {
			details.add((status != null) ? '"' + reason + '"' : reason);
		}
		return "EngageLab SMS account '%s': %s%s. %s".formatted(account, failure.name(), details, failure.getHint());
	}

	/**
	 * Return the name of the account.
	 * @return the name of the account
	 */
	public String getAccount() {
		return this.account;
	}

	/**
	 * Return why the balance cannot be read.
	 * @return the failure
	 */
	public SmsBalanceFailure getFailure() {
		return this.failure;
	}

	/**
	 * Return the HTTP status of the provider's answer.
	 * @return the status or {@code null} if there was no answer
	 */
	public @Nullable Integer getStatus() {
		return this.status;
	}

	/**
	 * Return the {@code code} of the provider's error body.
	 * @return the code or {@code null} if there was none
	 */
	public @Nullable Integer getCode() {
		return this.code;
	}

	/**
	 * Return the {@code message} of the provider's error body, shortened and without
	 * credentials.
	 * @return the message or {@code null} if there was none
	 */
	public @Nullable String getProviderMessage() {
		return (this.status != null) ? this.reason : null;
	}

	/**
	 * Return what exactly failed: the {@code message} of the provider's error body or,
	 * without an answer, for example the type and message of a network error. Shortened
	 * and without credentials.
	 * @return the reason or {@code null} if the failure says it all
	 */
	public @Nullable String getReason() {
		return this.reason;
	}

	/**
	 * Return how long the provider asked to wait ({@code Retry-After}).
	 * @return the time to wait or {@code null} if the provider did not ask to
	 */
	public @Nullable Duration getRetryAfter() {
		return this.retryAfter;
	}

}

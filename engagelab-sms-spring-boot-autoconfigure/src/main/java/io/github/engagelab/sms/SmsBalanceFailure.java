package io.github.engagelab.sms;

/**
 * Why a balance cannot be read. The exception, the {@code outcome} tag of the meters, the
 * health details, the endpoint and the log lines share these names.
 *
 * @since 0.1.0
 */
public enum SmsBalanceFailure {

	/**
	 * Code 2001 with HTTP 401: wrong credentials, or their merchant does not exist.
	 */
	INVALID_CREDENTIALS(false,
			"Check dev-key and dev-secret: the provider does not know this pair. "
					+ "The key may also have expired, or lack this host on its IP allow-list."),

	/**
	 * Code 2002 with HTTP 401: the credentials are expired or disabled.
	 */
	CREDENTIALS_DISABLED(false,
			"The credentials are expired or disabled: enable them in the EngageLab console, "
					+ "or set those of a new key."),

	/**
	 * Code 2002 with HTTP 403: the merchant has been deleted.
	 */
	MERCHANT_DELETED(false,
			"The provider has deleted the merchant of these credentials: "
					+ "contact EngageLab, or set the credentials of another account."),

	/**
	 * Any other HTTP 401 or 403: of the provider if it has the provider's error body,
	 * else of a gateway.
	 */
	ACCESS_DENIED(false,
			"The provider or a gateway in front of it refused access: check the key's IP allow-list "
					+ "and expiry date, and that base-url is the provider's."),

	/**
	 * HTTP 429, or code 3004.
	 */
	RATE_LIMITED(true,
			"The provider asks to slow down: raise engagelab.sms.refresh.interval, "
					+ "or have fewer instances read this account."),

	/**
	 * HTTP 5xx, or code 1000 with another status than 401 or 403.
	 */
	SERVER_ERROR(true,
			"The provider has an internal problem. The balance is read again at the next poll; "
					+ "if the problem persists, contact EngageLab."),

	/**
	 * Any other HTTP 4xx, except 407.
	 */
	CLIENT_ERROR(false,
			"The request was refused before it was understood: check base-url "
					+ "and the proxies and gateways in between."),

	/**
	 * An answer that is not what the provider documents: HTTP 2xx or 3xx without the
	 * three integers, with another code than 0, or of more than 64 KiB.
	 */
	MALFORMED_RESPONSE(false,
			"The answer is not the documented one: check that base-url is the provider's "
					+ "and that no gateway answers in its place."),

	/**
	 * No complete answer in time.
	 */
	TIMEOUT(true,
			"The provider did not answer in time. If this persists, check the network, "
					+ "or raise engagelab.sms.http.read-timeout and engagelab.sms.http.request-timeout."),

	/**
	 * No connection, or one that broke.
	 */
	UNREACHABLE(true, "No connection to the provider: check base-url, DNS, firewall, proxy and trusted certificates."),

	/**
	 * The application's {@code EngageLabSmsConnectionDetails} failed, did not answer in
	 * time or returned what cannot be used.
	 */
	CREDENTIALS_UNAVAILABLE(true,
			"The application's source of credentials and base URLs failed or did not answer: "
					+ "check its EngageLabSmsConnectionDetails bean and what that depends on."),

	/**
	 * No credentials are set for the account.
	 */
	NOT_CONFIGURED(false,
			"Set engagelab.sms.dev-key and engagelab.sms.dev-secret, or for a named account "
					+ "engagelab.sms.accounts.<name>.dev-key and engagelab.sms.accounts.<name>.dev-secret."),

	/**
	 * Balance monitoring is disabled.
	 */
	DISABLED(false, "Balance monitoring is disabled: set engagelab.sms.enabled to true, or remove it.");

	private final boolean retryable;

	private final String hint;

	SmsBalanceFailure(boolean retryable, String hint) {
		this.retryable = retryable;
		this.hint = hint;
	}

	/**
	 * Return whether another attempt can succeed.
	 * @return whether another attempt can succeed
	 */
	public boolean isRetryable() {
		return this.retryable;
	}

	/**
	 * Return whether the credentials were refused. {@link #ACCESS_DENIED} puts the
	 * account into {@link SmsAccountState#REJECTED} at once if the answer has the
	 * provider's error body. Without it, a gateway may have refused access: then only if
	 * the balance expires, and that is still the answer.
	 * @return whether this failure puts the account into {@link SmsAccountState#REJECTED}
	 */
	public boolean isRejection() {
		return switch (this) {
			case INVALID_CREDENTIALS, CREDENTIALS_DISABLED, MERCHANT_DELETED, ACCESS_DENIED -> true;
			default -> false;
		};
	}

	/**
	 * Return what an operator can do about it.
	 * @return a sentence for an operator
	 */
	public String getHint() {
		return this.hint;
	}

}

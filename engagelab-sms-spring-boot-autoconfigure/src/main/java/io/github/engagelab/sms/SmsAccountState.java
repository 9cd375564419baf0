package io.github.engagelab.sms;

/**
 * The state of an account. It drives health, events, log lines, meters and alert rules.
 *
 * @since 0.1.0
 */
public enum SmsAccountState {

	/**
	 * The total balance is at or above the warning threshold, or at or above the low one
	 * if there is no warning threshold.
	 */
	OK,

	/**
	 * The total balance is below the warning threshold, but not below the low one.
	 */
	WARNING,

	/**
	 * The total balance is below the low threshold.
	 */
	LOW,

	/**
	 * The provider refused the credentials (HTTP 401 or 403 with its error body) and has
	 * not accepted any since then, or something in between has refused access for longer
	 * than {@code refresh.max-age}.
	 */
	REJECTED,

	/**
	 * No refresh has succeeded for longer than {@code refresh.max-age}.
	 */
	UNAVAILABLE,

	/**
	 * No credentials are set, monitoring is disabled, or nothing has been read yet.
	 */
	UNKNOWN

}

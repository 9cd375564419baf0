package io.github.engagelab.sms;

/**
 * The state of an account. It is worked out in one place and drives health, events, log
 * lines and meters alike.
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
	 * The provider refused the credentials (HTTP 401 or 403) and has not accepted any
	 * since.
	 */
	REJECTED,

	/**
	 * There was no successful answer for longer than {@code refresh.max-age}.
	 */
	UNAVAILABLE,

	/**
	 * No credentials are set, or nothing has been read yet.
	 */
	UNKNOWN

}

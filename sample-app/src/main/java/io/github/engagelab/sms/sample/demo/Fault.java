package io.github.engagelab.sms.sample.demo;

/**
 * What can be made to go wrong with the simulated provider.
 */
enum Fault {

	/**
	 * It answers HTTP 500 with code 1000.
	 */
	SERVER_ERROR,

	/**
	 * It answers HTTP 401 with code 2001.
	 */
	INVALID_CREDENTIALS,

	/**
	 * It does not answer for a minute.
	 */
	HANG

}

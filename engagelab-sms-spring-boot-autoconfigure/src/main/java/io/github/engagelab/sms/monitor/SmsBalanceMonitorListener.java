package io.github.engagelab.sms.monitor;

/**
 * Told by a {@link SmsBalanceMonitor} what happens to its account. Called on the thread
 * it happened on, outside any lock; must neither block nor throw.
 */
public interface SmsBalanceMonitorListener {

	/**
	 * A read has ended, well or badly.
	 * @param previous the status before
	 * @param current the status now
	 */
	void refreshed(SmsAccountStatus previous, SmsAccountStatus current);

	/**
	 * There was no successful read for {@code refresh.max-age}.
	 * @param previous the status before
	 * @param current the status now
	 */
	void expired(SmsAccountStatus previous, SmsAccountStatus current);

}

package io.github.engagelab.sms.monitor;

/**
 * The turns of this replica in polling accounts that several replicas share. Public for
 * technical reasons only.
 */
public interface SmsBalanceTurns {

	SmsBalanceTurn join(SmsBalanceMonitor monitor);

	// Run a task after what is being shared has raised its events, for a bounded time
	void afterCalls(Runnable task);

}

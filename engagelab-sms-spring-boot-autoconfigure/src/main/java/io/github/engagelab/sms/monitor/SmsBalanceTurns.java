package io.github.engagelab.sms.monitor;

/**
 * Whose turn it is to poll an account, where several replicas of an application share
 * polls. Public for technical reasons only.
 */
public interface SmsBalanceTurns {

	SmsBalanceTurn join(SmsBalanceMonitor monitor);

	// Run a task once what is being shared has brought its events, unless that hangs
	void afterCalls(Runnable task);

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import reactor.core.publisher.Mono;

/**
 * {@link ReactiveSmsBalanceService} that asks an account's monitor.
 */
public final class DefaultReactiveSmsBalanceService implements ReactiveSmsBalanceService {

	private final SmsBalanceMonitor monitor;

	/**
	 * Create a service for an account.
	 * @param monitor the monitor of the account
	 */
	public DefaultReactiveSmsBalanceService(SmsBalanceMonitor monitor) {
		this.monitor = monitor;
	}

	@Override
	public Mono<SmsBalance> getBalance() {
		return this.monitor.refresh().map(SmsBalanceSnapshot::balance);
	}

	@Override
	public Mono<SmsBalance> getBalance(Duration maxAge) {
		return this.monitor.getSnapshot(maxAge).map(SmsBalanceSnapshot::balance);
	}

}

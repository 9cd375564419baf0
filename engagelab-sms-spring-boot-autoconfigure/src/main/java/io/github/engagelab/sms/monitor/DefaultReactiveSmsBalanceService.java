package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Set;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import reactor.core.publisher.Mono;

/**
 * {@link ReactiveSmsBalanceService} that asks an account's monitor.
 */
public final class DefaultReactiveSmsBalanceService implements ReactiveSmsBalanceService {

	private final SmsBalanceMonitors monitors;

	private final SmsBalanceMonitor monitor;

	/**
	 * Create a service for an account.
	 * @param monitors the monitors of all accounts
	 * @param account the account that {@code getBalance()} means
	 * @throws IllegalArgumentException if there is no account of that name
	 */
	public DefaultReactiveSmsBalanceService(SmsBalanceMonitors monitors, String account) {
		this.monitors = monitors;
		this.monitor = monitors.get(account);
	}

	@Override
	public Mono<SmsBalance> getBalance() {
		return this.monitor.refresh().map(SmsBalanceSnapshot::balance);
	}

	@Override
	public Mono<SmsBalance> getBalance(Duration maxAge) {
		return this.monitor.getSnapshot(maxAge).map(SmsBalanceSnapshot::balance);
	}

	@Override
	public ReactiveSmsBalanceService forAccount(String account) {
		return new DefaultReactiveSmsBalanceService(this.monitors, account);
	}

	@Override
	public Set<String> getAccounts() {
		return this.monitors.asMap().keySet();
	}

}

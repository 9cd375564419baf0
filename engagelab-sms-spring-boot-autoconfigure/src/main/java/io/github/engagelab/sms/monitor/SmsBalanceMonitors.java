package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.SmsBalanceClient;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.util.Assert;

/**
 * The monitors of all accounts, one each.
 */
public final class SmsBalanceMonitors implements AutoCloseable {

	private static final int MAX_PENDING_EVENTS = 10_000;

	private static final int IDLE_SECONDS = 60;

	private final Scheduler events = Schedulers.newBoundedElastic(1, MAX_PENDING_EVENTS, "engagelab-sms-events",
			IDLE_SECONDS, true);

	private final Map<String, SmsBalanceMonitor> monitors = new LinkedHashMap<>();

	/**
	 * Create the monitors.
	 * @param accounts the names of the accounts
	 * @param client asked for their balances
	 * @param thresholds tells the thresholds of an account
	 * @param maxAge the age from which on a snapshot counts no more
	 * @param publisher where events about changes of state go
	 */
	public SmsBalanceMonitors(Set<String> accounts, SmsBalanceClient client,
			Function<String, SmsBalanceThresholds> thresholds, Duration maxAge, ApplicationEventPublisher publisher) {
		Assert.notEmpty(accounts, "There must be an account");
		for (String account : accounts) {
			Assert.isTrue(EngageLabSmsConnectionDetails.isAccountName(account),
					() -> "'" + account + "' cannot name an account");
			SmsBalanceMonitor monitor = new SmsBalanceMonitor(account, client, thresholds.apply(account), maxAge);
			monitor.addListener(new SmsAccountStateAnnouncer(publisher, this.events));
			this.monitors.put(account, monitor);
		}
	}

	/**
	 * Return the monitors by the names of their accounts.
	 * @return the monitors
	 */
	public Map<String, SmsBalanceMonitor> asMap() {
		return Collections.unmodifiableMap(this.monitors);
	}

	/**
	 * Return the monitor of an account.
	 * @param account the name of the account
	 * @return the monitor
	 * @throws IllegalArgumentException if there is no account of that name; the message
	 * lists those there are
	 */
	public SmsBalanceMonitor get(String account) {
		SmsBalanceMonitor monitor = this.monitors.get(account);
		Assert.notNull(monitor,
				() -> "There is no EngageLab SMS account '%s', only %s".formatted(account, this.monitors.keySet()));
		return monitor;
	}

	/**
	 * Return the monitors.
	 * @return the monitors
	 */
	public Collection<SmsBalanceMonitor> all() {
		return asMap().values();
	}

	@Override
	public void close() {
		this.monitors.values().forEach(SmsBalanceMonitor::close);
		this.events.dispose();
	}

}

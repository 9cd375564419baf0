package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Set;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.util.Assert;

/**
 * {@link ReactiveSmsBalanceService} that asks an account's monitor. Public for technical
 * reasons only.
 */
public class DefaultReactiveSmsBalanceService implements ReactiveSmsBalanceService {

	private final SmsBalanceMonitors monitors;

	// The account, or null for the one used when none is specified
	private final @Nullable String account;

	public DefaultReactiveSmsBalanceService(SmsBalanceMonitors monitors) {
		this(monitors, null);
	}

	private DefaultReactiveSmsBalanceService(SmsBalanceMonitors monitors, @Nullable String account) {
		this.monitors = monitors;
		this.account = account;
	}

	@Override
	public Mono<SmsBalance> getBalance() {
		return read(monitor());
	}

	@Override
	public Mono<SmsBalance> getBalance(Duration maxAge) {
		Assert.isTrue(!maxAge.isNegative(), "'maxAge' must not be negative");
		SmsBalanceMonitor monitor = monitor();
		return Mono.fromSupplier(() -> monitor.getSnapshot(maxAge))
			.map(SmsBalanceSnapshot::balance)
			.switchIfEmpty(read(monitor));
	}

	@Override
	public SmsAccountStatus getStatus() {
		return monitor().getStatus();
	}

	@Override
	public ReactiveSmsBalanceService forAccount(String account) {
		return new DefaultReactiveSmsBalanceService(this.monitors, this.monitors.get(account).getAccount());
	}

	@Override
	public Set<String> getAccounts() {
		return this.monitors.asMap().keySet();
	}

	private SmsBalanceMonitor monitor() {
		return this.monitors.get(this.account);
	}

	// Cancelling the subscription does not cancel the refresh, which others may wait for
	private static Mono<SmsBalance> read(SmsBalanceMonitor monitor) {
		return Mono
			.deferContextual((context) -> Mono.fromFuture(() -> monitor
				.refresh(context.getOrDefault(ObservationThreadLocalAccessor.KEY, monitor.getCurrentObservation()))))
			.map(SmsBalanceSnapshot::balance);
	}

}

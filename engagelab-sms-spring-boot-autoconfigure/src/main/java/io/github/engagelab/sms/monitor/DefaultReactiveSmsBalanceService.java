package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.util.Assert;

/**
 * {@link ReactiveSmsBalanceService} that asks an account's monitor. Public for technical
 * reasons only.
 */
public final class DefaultReactiveSmsBalanceService implements ReactiveSmsBalanceService {

	private final SmsBalanceMonitors monitors;

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
		return Mono.create((sink) -> {
			CompletableFuture<Void> signal = monitor.refresh().handle((snapshot, failure) -> {
				if (failure != null) {
					sink.error((failure instanceof CompletionException && failure.getCause() != null)
							? failure.getCause() : failure);
				}
				else {
					sink.success(snapshot.balance());
				}
				return null;
			});
			sink.onCancel(() -> signal.cancel(false));
		});
	}

}

package io.github.engagelab.sms.metrics;

import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToDoubleFunction;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.monitor.SmsAccountStatus;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitorListener;
import io.github.engagelab.sms.monitor.SmsBalanceThresholds;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one account in one registry. A scrape reads what the monitor knows and
 * never waits for the provider.
 */
final class SmsAccountMeters implements SmsBalanceMonitorListener {

	private final MeterRegistry registry;

	private final SmsBalanceMonitor monitor;

	private final Tags tags;

	private final MultiGauge totalBalance;

	private final MultiGauge balance;

	private final AtomicLong spent10000 = new AtomicLong();

	private boolean registered;

	private boolean shown;

	SmsAccountMeters(MeterRegistry registry, SmsBalanceMonitor monitor) {
		this.registry = registry;
		this.monitor = monitor;
		this.tags = Tags.of("account", monitor.getAccount());
		this.totalBalance = MultiGauge.builder("engagelab.sms.total.balance10000")
			.description("Total balance x 10000 as the provider gives it; polled, so as old as the last success")
			.tags(this.tags)
			.register(registry);
		this.balance = MultiGauge.builder("engagelab.sms.balance")
			.description("Balance in account currency by type, which add up to the total; polled, "
					+ "so as old as the last success")
			.tags(this.tags)
			.register(registry);
	}

	@Override
	public void refreshed(SmsAccountStatus previous, SmsAccountStatus current) {
		SmsBalanceFailure failure = current.failure();
		if (!this.registered) {
			if (failure == SmsBalanceFailure.NOT_CONFIGURED) {
				return;
			}
			this.registered = true;
			register(current.thresholds());
		}
		if (previous.snapshot() != null && current.snapshot() != null) {
			spend(previous.snapshot().balance(), current.snapshot().balance());
		}
		refreshes((failure != null) ? failure.name().toLowerCase(Locale.ROOT) : "success").increment();
		show(current.fresh());
	}

	@Override
	public void expired(SmsAccountStatus previous, SmsAccountStatus current) {
		show(current.fresh());
	}

	private void register(SmsBalanceThresholds thresholds) {
		Gauge.builder("engagelab.sms.up", this.monitor, (monitor) -> (monitor.getStatus().failure() == null) ? 1 : 0)
			.description("Whether the last refresh succeeded (1) or failed (0)")
			.tags(this.tags)
			.register(this.registry);
		Gauge.builder("engagelab.sms.last.success.timestamp", this.monitor, SmsAccountMeters::lastSuccess)
			.description("Unix time of the last refresh that succeeded, 0 if there was none")
			.baseUnit("seconds")
			.tags(this.tags)
			.register(this.registry);
		FunctionCounter
			.builder("engagelab.sms.spent", this,
					(meters) -> BigDecimal.valueOf(meters.spent10000.get(), SmsBalance.SCALE).doubleValue())
			.description("Spent so far in account currency: the sum of all decreases of the total balance")
			.tags(this.tags)
			.register(this.registry);
		registerThreshold("low", thresholds.low());
		registerThreshold("warning", thresholds.warning());
		refreshes("success");
	}

	private void registerThreshold(String level, @Nullable BigDecimal threshold) {
		if (threshold != null) {
			Gauge.builder("engagelab.sms.balance.threshold", threshold::doubleValue)
				.description("Total balance in account currency below which the account is low, or in warning")
				.tags(this.tags.and("level", level))
				.register(this.registry);
		}
	}

	/**
	 * Count what was spent between two reads. A top-up counts nothing, so that it does
	 * not bend a burn rate.
	 * @param before the balance before
	 * @param now the balance now
	 */
	private void spend(SmsBalance before, SmsBalance now) {
		this.spent10000.addAndGet(Math.max(0, before.totalBalance10000() - now.totalBalance10000()));
	}

	private Counter refreshes(String outcome) {
		return Counter.builder("engagelab.sms.refreshes")
			.description("Refreshes by outcome: success, or the failure")
			.tags(this.tags.and("outcome", outcome))
			.register(this.registry);
	}

	/**
	 * Show the balance, or withdraw it: an old amount must not pass for the current one.
	 * @param fresh whether the newest snapshot is young enough to be shown
	 */
	private void show(boolean fresh) {
		if (fresh == this.shown) {
			return;
		}
		this.shown = fresh;
		this.totalBalance.register(
				fresh ? List.of(Row.of(Tags.empty(), this.monitor, amount((balance) -> balance.totalBalance10000())))
						: List.of());
		this.balance.register(fresh ? List.of(
				Row.of(Tags.of("type", "general"), this.monitor, amount((balance) -> balance.balance().doubleValue())),
				Row.of(Tags.of("type", "gift"), this.monitor, amount((balance) -> balance.giftBalance().doubleValue())))
				: List.of());
	}

	private static ToDoubleFunction<SmsBalanceMonitor> amount(ToDoubleFunction<SmsBalance> amount) {
		return (monitor) -> {
			var snapshot = monitor.getStatus().snapshot();
			return (snapshot != null) ? amount.applyAsDouble(snapshot.balance()) : Double.NaN;
		};
	}

	private static long lastSuccess(SmsBalanceMonitor monitor) {
		var snapshot = monitor.getStatus().snapshot();
		return (snapshot != null) ? snapshot.readAt().getEpochSecond() : 0;
	}

}

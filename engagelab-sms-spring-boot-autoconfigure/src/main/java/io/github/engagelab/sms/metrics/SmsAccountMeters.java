package io.github.engagelab.sms.metrics;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.ToDoubleFunction;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsRefreshStatistics;
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
final class SmsAccountMeters {

	private final MeterRegistry registry;

	private final SmsBalanceMonitor monitor;

	private final Tags tags;

	private final MultiGauge totalBalance;

	private final MultiGauge balance;

	private final Set<String> outcomes = new HashSet<>();

	private boolean shown;

	SmsAccountMeters(MeterRegistry registry, SmsBalanceMonitor monitor) {
		this.registry = registry;
		this.monitor = monitor;
		this.tags = Tags.of("account", monitor.getAccount());
		this.totalBalance = MultiGauge.builder("engagelab.sms.total.balance10000")
			.description("Total balance x 10000 as the provider reports it, as of the last successful refresh")
			.tags(this.tags)
			.register(registry);
		this.balance = MultiGauge.builder("engagelab.sms.balance")
			.description("Balance in account currency by type, as of the last successful refresh; the types add "
					+ "up to the total")
			.tags(this.tags)
			.register(registry);
	}

	void bind() {
		Gauge.builder("engagelab.sms.up", this.monitor, SmsAccountMeters::up)
			.description("Whether the last refresh succeeded (1) or not (0)")
			.tags(this.tags)
			.register(this.registry);
		Gauge.builder("engagelab.sms.last.success.timestamp", this.monitor, SmsAccountMeters::lastSuccess)
			.description("Unix time of the last successful refresh, 0 if there was none")
			.baseUnit("seconds")
			.tags(this.tags)
			.register(this.registry);
		FunctionCounter
			.builder("engagelab.sms.spent", this.monitor.getStatistics(),
					(statistics) -> BigDecimal.valueOf(statistics.getSpent10000(), SmsBalance.SCALE).doubleValue())
			.description("Sum of all decreases of the total balance in account currency; a balance that goes up "
					+ "and down without being spent counts too")
			.tags(this.tags)
			.register(this.registry);
		for (SmsAccountState state : SmsAccountState.values()) {
			Gauge
				.builder("engagelab.sms.state", this.monitor,
						(monitor) -> (monitor.getStatus().state() == state) ? 1 : 0)
				.description("Whether the account is in the state (1) or not (0)")
				.tags(this.tags.and("state", state.name().toLowerCase(Locale.ROOT)))
				.register(this.registry);
		}
		if (this.monitor.getPolledBy() != null) {
			Gauge
				.builder("engagelab.sms.cluster.alone", this.monitor,
						(monitor) -> "alone".equals(monitor.getPolledBy()) ? 1 : 0)
				.description("Whether this instance polls alone (1) or shares polls with others (0)")
				.tags(this.tags)
				.register(this.registry);
		}
		SmsBalanceThresholds thresholds = this.monitor.getStatus().thresholds();
		bindThreshold("low", thresholds.low());
		bindThreshold("warning", thresholds.warning());
		this.monitor.addListener(this::update);
		update();
	}

	private void bindThreshold(String level, @Nullable BigDecimal threshold) {
		if (threshold != null) {
			Gauge.builder("engagelab.sms.balance.threshold", threshold::doubleValue)
				.description("Total balance in account currency below which the account is low, or in warning")
				.tags(this.tags.and("level", level))
				.register(this.registry);
		}
	}

	// Add what has not occurred before, and show the balance or withdraw it: a stale
	// amount must not pass for the current one
	private synchronized void update() {
		SmsRefreshStatistics statistics = this.monitor.getStatistics();
		statistics.getOutcomes()
			.stream()
			.filter((outcome) -> !this.outcomes.contains(outcome))
			.forEach((outcome) -> bind(outcome, statistics));
		boolean fresh = this.monitor.isFresh();
		if (fresh != this.shown) {
			show(fresh);
			this.shown = fresh;
		}
	}

	private void bind(String outcome, SmsRefreshStatistics statistics) {
		FunctionCounter.builder("engagelab.sms.refreshes", statistics, (source) -> source.getRefreshes(outcome))
			.description("Refreshes by outcome: success, or the failure")
			.tags(this.tags.and("outcome", outcome))
			.register(this.registry);
		this.outcomes.add(outcome);
	}

	private void show(boolean fresh) {
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

	private static int up(SmsBalanceMonitor monitor) {
		var status = monitor.getStatus();
		return (status.snapshot() != null && status.failure() == null) ? 1 : 0;
	}

	private static long lastSuccess(SmsBalanceMonitor monitor) {
		var snapshot = monitor.getStatus().snapshot();
		return (snapshot != null) ? snapshot.readAt().getEpochSecond() : 0;
	}

}

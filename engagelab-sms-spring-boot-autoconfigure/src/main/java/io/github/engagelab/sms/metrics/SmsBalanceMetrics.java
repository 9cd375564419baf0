package io.github.engagelab.sms.metrics;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import org.jspecify.annotations.Nullable;

/**
 * {@link MeterBinder} for the meters of all accounts. A scrape reads what the monitors
 * know and never waits for the provider. There are no meters while monitoring is
 * disabled. Public for technical reasons only.
 */
public class SmsBalanceMetrics implements MeterBinder {

	private final SmsBalanceMonitors monitors;

	public SmsBalanceMetrics(SmsBalanceMonitors monitors) {
		this.monitors = monitors;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		if (this.monitors.isEnabled()) {
			this.monitors.all().forEach((monitor) -> new AccountMeters(registry, monitor).bind());
		}
	}

	/**
	 * The meters of one account in one registry.
	 */
	private static final class AccountMeters {

		private final MeterRegistry registry;

		private final SmsBalanceMonitor monitor;

		private final Tags tags;

		private final MultiGauge totalBalance;

		private final MultiGauge balance;

		private final Set<String> outcomes = new HashSet<>();

		private boolean shown;

		AccountMeters(MeterRegistry registry, SmsBalanceMonitor monitor) {
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
			gauge("engagelab.sms.up", Tags.empty(), "Whether the last refresh succeeded (1) or not (0)",
					(status) -> (status.snapshot() != null && status.failure() == null) ? 1 : 0)
				.register(this.registry);
			gauge("engagelab.sms.last.success.timestamp", Tags.empty(),
					"Unix time of the last successful refresh, 0 if there was none",
					(status) -> (status.snapshot() != null) ? status.snapshot().readAt().getEpochSecond() : 0)
				.baseUnit("seconds")
				.register(this.registry);
			for (SmsAccountState state : SmsAccountState.values()) {
				gauge("engagelab.sms.state", Tags.of("state", state.name().toLowerCase(Locale.ROOT)),
						"Whether the account is in the state (1) or not (0)",
						(status) -> (status.state() == state) ? 1 : 0)
					.register(this.registry);
			}
			if (this.monitor.getPolledBy() != null) {
				Gauge
					.builder("engagelab.sms.cluster.alone", this.monitor,
							(source) -> "alone".equals(source.getPolledBy()) ? 1 : 0)
					.description("Whether this instance polls alone (1) or shares polls with others (0)")
					.tags(this.tags)
					.register(this.registry);
			}
			SmsBalanceThresholds thresholds = this.monitor.getStatus().thresholds();
			bindThreshold("low", thresholds.low());
			bindThreshold("warning", thresholds.warning());
			counter("engagelab.sms.spent", Tags.empty(),
					"Sum of all decreases of the total balance in account currency; a balance that goes up and down "
							+ "without being spent counts too",
					(monitor) -> BigDecimal.valueOf(monitor.getSpent10000(), SmsBalance.SCALE).doubleValue());
			this.monitor.addListener(this::update);
			update();
		}

		private void bindThreshold(String level, @Nullable BigDecimal threshold) {
			if (threshold != null) {
				gauge("engagelab.sms.balance.threshold", Tags.of("level", level),
						"Total balance in account currency below which the account is low, or in warning",
						(status) -> threshold.doubleValue())
					.register(this.registry);
			}
		}

		// Add what has not occurred before, and show the balance or withdraw it: a stale
		// amount must not pass for the current one
		private synchronized void update() {
			this.monitor.getRefreshes()
				.keySet()
				.stream()
				.filter((key) -> !this.outcomes.contains(key))
				.forEach((key) -> {
					counter("engagelab.sms.refreshes", Tags.of("outcome", key),
							"Refreshes by outcome: success, or the failure",
							(monitor) -> monitor.getRefreshes().get(key));
					this.outcomes.add(key);
				});
			boolean fresh = this.monitor.isFresh();
			if (fresh != this.shown) {
				this.totalBalance
					.register(fresh ? List.of(row(Tags.empty(), SmsBalance::totalBalance10000)) : List.of());
				this.balance.register(fresh ? List.of(row(Tags.of("type", "general"), SmsBalance::balance),
						row(Tags.of("type", "gift"), SmsBalance::giftBalance)) : List.of());
				this.shown = fresh;
			}
		}

		private Row<SmsBalanceMonitor> row(Tags tags, Function<SmsBalance, Number> amount) {
			return Row.of(tags, this.monitor, (monitor) -> {
				var snapshot = monitor.getStatus().snapshot();
				return (snapshot != null) ? amount.apply(snapshot.balance()).doubleValue() : Double.NaN;
			});
		}

		private Gauge.Builder<SmsBalanceMonitor> gauge(String name, Tags tags, String description,
				ToDoubleFunction<SmsAccountStatus> value) {
			return Gauge.builder(name, this.monitor, (monitor) -> value.applyAsDouble(monitor.getStatus()))
				.description(description)
				.tags(this.tags.and(tags));
		}

		private void counter(String name, Tags tags, String description, ToDoubleFunction<SmsBalanceMonitor> value) {
			FunctionCounter.builder(name, this.monitor, value)
				.description(description)
				.tags(this.tags.and(tags))
				.register(this.registry);
		}

	}

}

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
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
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

		private final Set<String> outcomes = new HashSet<>();

		// Those that are there only while the balance is fresh
		private List<Gauge> balances = List.of();

		AccountMeters(MeterRegistry registry, SmsBalanceMonitor monitor) {
			this.registry = registry;
			this.monitor = monitor;
			this.tags = Tags.of("account", monitor.getAccount());
		}

		void bind() {
			gauge("engagelab.sms.up", null, "Whether the last refresh succeeded (1) or not (0)",
					(status) -> (status.snapshot() != null && status.failure() == null) ? 1 : 0);
			gauge("engagelab.sms.last.success.timestamp", "seconds",
					"Unix time of the last successful refresh, 0 if there was none",
					(status) -> (status.snapshot() != null) ? status.snapshot().readAt().getEpochSecond() : 0);
			for (SmsAccountState state : SmsAccountState.values()) {
				gauge("engagelab.sms.state", null, "Whether the account is in the state (1) or not (0)",
						(status) -> (status.state() == state) ? 1 : 0, "state", state.name().toLowerCase(Locale.ROOT));
			}
			if (this.monitor.getPolledBy() != null) {
				Gauge
					.builder("engagelab.sms.cluster.alone", this.monitor,
							(source) -> "alone".equals(source.getPolledBy()) ? 1 : 0)
					.description("Whether this instance polls alone (1) or shares polls with others (0)")
					.tags(this.tags)
					.register(this.registry);
			}
			bindThreshold("low", this.monitor.getStatus().thresholds().low());
			bindThreshold("warning", this.monitor.getStatus().thresholds().warning());
			counter("engagelab.sms.spent",
					"Sum of all decreases of the total balance in account currency; a balance that goes up and down "
							+ "without being spent counts too",
					(source) -> BigDecimal.valueOf(source.getSpent10000(), SmsBalance.SCALE).doubleValue());
			this.monitor.addListener(this::update);
			update();
		}

		private void bindThreshold(String level, @Nullable BigDecimal threshold) {
			if (threshold != null) {
				gauge("engagelab.sms.balance.threshold", null,
						"Total balance in account currency below which the account is low, or in warning",
						(status) -> threshold.doubleValue(), "level", level);
			}
		}

		// Add what has not occurred before, and show the balance or withdraw it: a stale
		// amount must not pass for the current one
		private synchronized void update() {
			for (String outcome : this.monitor.getRefreshes().keySet()) {
				if (!this.outcomes.contains(outcome)) {
					counter("engagelab.sms.refreshes", "Refreshes by outcome: success, or the failure",
							(source) -> source.getRefreshes().get(outcome), "outcome", outcome);
					this.outcomes.add(outcome);
				}
			}
			boolean fresh = this.monitor.isFresh();
			if (fresh == this.balances.isEmpty()) {
				this.balances.forEach(this.registry::remove);
				this.balances = fresh ? balances() : List.of();
			}
		}

		private List<Gauge> balances() {
			String description = "Balance in account currency by type, as of the last successful refresh; the types "
					+ "add up to the total";
			return List.of(
					balance("engagelab.sms.total.balance10000",
							"Total balance x 10000 as the provider reports it, as of the last successful refresh",
							SmsBalance::totalBalance10000),
					balance("engagelab.sms.balance", description, SmsBalance::balance, "type", "general"),
					balance("engagelab.sms.balance", description, SmsBalance::giftBalance, "type", "gift"));
		}

		private Gauge balance(String name, String description, Function<SmsBalance, Number> amount, String... tags) {
			return gauge(name, null, description, (status) -> (status.snapshot() != null)
					? amount.apply(status.snapshot().balance()).doubleValue() : Double.NaN, tags);
		}

		private Gauge gauge(String name, @Nullable String unit, String description,
				ToDoubleFunction<SmsAccountStatus> value, String... tags) {
			return Gauge.builder(name, this.monitor, (source) -> value.applyAsDouble(source.getStatus()))
				.baseUnit(unit)
				.description(description)
				.tags(this.tags.and(tags))
				.register(this.registry);
		}

		private void counter(String name, String description, ToDoubleFunction<SmsBalanceMonitor> value,
				String... tags) {
			FunctionCounter.builder(name, this.monitor, value)
				.description(description)
				.tags(this.tags.and(tags))
				.register(this.registry);
		}

	}

}

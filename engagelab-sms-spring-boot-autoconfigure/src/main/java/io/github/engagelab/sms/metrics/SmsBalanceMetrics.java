package io.github.engagelab.sms.metrics;

import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * Binds the meters of all accounts. An account's meters appear with the first try to read
 * it, so an account without credentials has none.
 */
public final class SmsBalanceMetrics implements MeterBinder {

	private final SmsBalanceMonitors monitors;

	/**
	 * Create the binder.
	 * @param monitors the monitors of the accounts
	 */
	public SmsBalanceMetrics(SmsBalanceMonitors monitors) {
		this.monitors = monitors;
	}

	@Override
	public void bindTo(MeterRegistry registry) {
		for (SmsBalanceMonitor monitor : this.monitors.all()) {
			monitor.addListener(new SmsAccountMeters(registry, monitor));
		}
	}

}

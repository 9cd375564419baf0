package io.github.engagelab.sms.metrics;

import java.util.HashSet;
import java.util.Set;

import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;

/**
 * {@link MeterBinder} for the meters of all accounts, once a registry. There are none
 * while monitoring is disabled. Public for technical reasons only.
 */
public final class SmsBalanceMetrics implements MeterBinder {

	private final SmsBalanceMonitors monitors;

	private final Set<MeterRegistry> registries = new HashSet<>();

	public SmsBalanceMetrics(SmsBalanceMonitors monitors) {
		this.monitors = monitors;
	}

	@Override
	public synchronized void bindTo(MeterRegistry registry) {
		if (this.monitors.isEnabled() && this.registries.add(registry)) {
			this.monitors.all().forEach((monitor) -> new SmsAccountMeters(registry, monitor).bind());
		}
	}

}

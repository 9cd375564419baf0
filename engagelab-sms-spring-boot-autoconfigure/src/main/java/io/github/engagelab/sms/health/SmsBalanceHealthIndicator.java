package io.github.engagelab.sms.health;

import java.util.Map;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

/**
 * {@link HealthIndicator} for one account that shows what its monitor knows: a probe
 * never waits for the provider. Public for technical reasons only.
 */
public class SmsBalanceHealthIndicator implements HealthIndicator {

	private final SmsBalanceMonitor monitor;

	private final Map<String, String> statuses;

	public SmsBalanceHealthIndicator(SmsBalanceMonitor monitor, Map<String, String> statuses) {
		this.monitor = monitor;
		this.statuses = statuses;
	}

	// Most probes see no details: for them, none are gathered
	@Override
	public Health health(boolean includeDetails) {
		return includeDetails ? health() : Health.status(status(this.monitor.getStatus().state().name())).build();
	}

	@Override
	public Health health() {
		Map<String, Object> details = this.monitor.getDetails();
		return Health.status(status(String.valueOf(details.get("state")))).withDetails(details).build();
	}

	private Status status(String state) {
		String status = this.statuses.get(state);
		return (status != null) ? new Status(status) : switch (SmsAccountState.valueOf(state)) {
			case OK, WARNING -> Status.UP;
			case LOW, REJECTED -> Status.DOWN;
			case UNAVAILABLE, UNKNOWN -> Status.UNKNOWN;
		};
	}

}

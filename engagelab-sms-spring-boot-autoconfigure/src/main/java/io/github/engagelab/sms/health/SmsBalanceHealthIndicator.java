package io.github.engagelab.sms.health;

import java.util.Map;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.monitor.SmsAccountStatus;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

/**
 * The health of one account, from what its monitor knows: a probe never waits for the
 * provider.
 */
public final class SmsBalanceHealthIndicator implements HealthIndicator {

	private final SmsBalanceMonitor monitor;

	private final Map<SmsAccountState, Status> statuses;

	/**
	 * Create an indicator for an account.
	 * @param monitor the monitor of the account
	 * @param statuses the health status of a state, where it is not the default one
	 */
	public SmsBalanceHealthIndicator(SmsBalanceMonitor monitor, Map<SmsAccountState, Status> statuses) {
		this.monitor = monitor;
		this.statuses = Map.copyOf(statuses);
	}

	@Override
	public Health health() {
		SmsAccountStatus status = this.monitor.getStatus();
		return Health.status(this.statuses.getOrDefault(status.state(), defaultStatus(status.state())))
			.withDetails(status.details())
			.build();
	}

	private static Status defaultStatus(SmsAccountState state) {
		return switch (state) {
			case OK, WARNING -> Status.UP;
			case LOW, REJECTED -> Status.DOWN;
			case UNAVAILABLE, UNKNOWN -> Status.UNKNOWN;
		};
	}

}

package io.github.engagelab.sms.health;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.monitor.SmsAccountStatus;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceThresholds;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;

/**
 * The health of one account, from what its monitor knows: a probe never waits for the
 * provider.
 */
public final class SmsBalanceHealthIndicator implements HealthIndicator {

	private static final String NOTHING_READ = "Nothing has been read yet: the first read is under way, "
			+ "or waits for a call of getBalance() as engagelab.sms.refresh.enabled is false.";

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
		Health.Builder health = Health.status(this.statuses.getOrDefault(status.state(), defaultStatus(status.state())))
			.withDetail("account", status.account())
			.withDetail("state", status.state().name());
		SmsBalanceSnapshot snapshot = status.snapshot();
		if (snapshot != null) {
			SmsBalance balance = snapshot.balance();
			health.withDetail("balance10000", balance.balance10000())
				.withDetail("giftBalance10000", balance.giftBalance10000())
				.withDetail("totalBalance10000", balance.totalBalance10000())
				.withDetail("totalBalance", balance.totalBalance().toPlainString());
		}
		health.withDetail("threshold", thresholds(status.thresholds()));
		if (snapshot != null) {
			health.withDetail("readAt", text(snapshot.readAt())).withDetail("age", String.valueOf(status.age()));
		}
		Map<String, Object> failure = failure(status);
		if (failure != null) {
			health.withDetail("failure", failure);
		}
		else if (snapshot == null) {
			health.withDetail("hint", NOTHING_READ);
		}
		return health.build();
	}

	private static Status defaultStatus(SmsAccountState state) {
		return switch (state) {
			case OK, WARNING -> Status.UP;
			case LOW, REJECTED -> Status.DOWN;
			case UNAVAILABLE, UNKNOWN -> Status.UNKNOWN;
		};
	}

	private static Map<String, String> thresholds(SmsBalanceThresholds thresholds) {
		Map<String, String> details = new LinkedHashMap<>();
		details.put("low", thresholds.low().toPlainString());
		if (thresholds.warning() != null) {
			details.put("warning", thresholds.warning().toPlainString());
		}
		return details;
	}

	private static @Nullable Map<String, Object> failure(SmsAccountStatus status) {
		SmsBalanceException failure = status.lastFailure();
		if (failure == null || status.lastFailureAt() == null) {
			return null;
		}
		Map<String, Object> details = new LinkedHashMap<>();
		details.put("name", failure.getFailure().name());
		details.put("hint", failure.getFailure().getHint());
		if (failure.getStatus() != null) {
			details.put("status", failure.getStatus());
		}
		if (failure.getCode() != null) {
			details.put("code", failure.getCode());
		}
		if (failure.getProviderMessage() != null) {
			details.put("message", failure.getProviderMessage());
		}
		details.put("at", text(status.lastFailureAt()));
		return details;
	}

	private static String text(Instant instant) {
		return instant.truncatedTo(ChronoUnit.MILLIS).toString();
	}

}

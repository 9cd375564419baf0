package io.github.engagelab.sms.monitor;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * An account as health and endpoint show it: what is known by name, in the order to show
 * it in. Amounts in account currency and times are text, exact and the same whatever the
 * application's JSON settings.
 */
final class SmsAccountDetails {

	private static final String NOTHING_READ = "Nothing has been read yet: the first refresh is in flight, "
			+ "or waits for a call of getBalance() as engagelab.sms.refresh.enabled is false.";

	private SmsAccountDetails() {
	}

	static Map<String, Object> of(SmsAccountStatus status, Reading reading, long nanoTime) {
		Map<String, Object> details = new LinkedHashMap<>();
		put(details, "account", status.account());
		put(details, "state", status.state().name());
		SmsBalanceSnapshot snapshot = status.snapshot();
		SmsBalanceException failure = reading.failure();
		if (snapshot != null) {
			SmsBalance balance = snapshot.balance();
			put(details, "balance10000", balance.balance10000());
			put(details, "giftBalance10000", balance.giftBalance10000());
			put(details, "totalBalance10000", balance.totalBalance10000());
			put(details, "totalBalance", balance.totalBalance());
		}
		Map<String, Object> threshold = new LinkedHashMap<>();
		put(threshold, "low", status.thresholds().low());
		put(threshold, "warning", status.thresholds().warning());
		put(details, "threshold", threshold);
		if (snapshot != null) {
			put(details, "readAt", snapshot.readAt());
			put(details, "age", reading.age(nanoTime));
		}
		if (failure != null) {
			Map<String, Object> reason = new LinkedHashMap<>();
			put(reason, "name", failure.getFailure().name());
			put(reason, "hint", failure.getFailure().getHint());
			put(reason, "status", failure.getStatus());
			put(reason, "code", failure.getCode());
			put(reason, "message", failure.getReason());
			put(reason, "at", reading.failedAt());
			put(details, "failure", reason);
		}
		if (snapshot == null && failure == null) {
			put(details, "hint", NOTHING_READ);
		}
		return details;
	}

	private static void put(Map<String, Object> map, String name, @Nullable Object value) {
		if (value instanceof BigDecimal amount) {
			map.put(name, amount.toPlainString());
		}
		else if (value instanceof Instant instant) {
			map.put(name, instant.truncatedTo(ChronoUnit.MILLIS).toString());
		}
		else if (value instanceof Duration duration) {
			map.put(name, duration.truncatedTo(ChronoUnit.MILLIS).toString());
		}
		else if (value != null) {
			map.put(name, value);
		}
	}

}

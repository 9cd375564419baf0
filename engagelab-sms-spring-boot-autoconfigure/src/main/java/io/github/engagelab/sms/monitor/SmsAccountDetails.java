package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import org.jspecify.annotations.Nullable;

/**
 * An account as health and endpoint show it: what is known by name, in the order to show
 * it in. Amounts in account currency and times are text, exact and the same whatever the
 * application's JSON settings.
 */
final class SmsAccountDetails {

	private static final String NOTHING_READ = "Nothing has been read yet: the first refresh is in flight, "
			+ "or waits for a call of getBalance() as engagelab.sms.refresh.enabled is false.";

	private final Map<String, Object> values = new LinkedHashMap<>();

	static Map<String, Object> of(SmsAccountStatus status, Reading reading, long nanoTime) {
		SmsAccountDetails details = new SmsAccountDetails().put("account", status.account())
			.put("state", status.state().name());
		SmsBalanceSnapshot snapshot = status.snapshot();
		if (snapshot != null) {
			SmsBalance balance = snapshot.balance();
			details.put("balance10000", balance.balance10000())
				.put("giftBalance10000", balance.giftBalance10000())
				.put("totalBalance10000", balance.totalBalance10000())
				.put("totalBalance", balance.totalBalance().toPlainString());
		}
		details.put("threshold", describe(status.thresholds()));
		Duration age = reading.age(nanoTime);
		if (snapshot != null && age != null) {
			details.put("readAt", text(snapshot.readAt())).put("age", age.truncatedTo(ChronoUnit.MILLIS).toString());
		}
		if (reading.failure() != null && reading.failedAt() != null) {
			details.put("failure", describe(reading.failure(), reading.failedAt()));
		}
		else if (snapshot == null) {
			details.put("hint", NOTHING_READ);
		}
		return details.values;
	}

	private static Map<String, Object> describe(SmsBalanceThresholds thresholds) {
		return new SmsAccountDetails().put("low", thresholds.low().toPlainString())
			.put("warning", (thresholds.warning() != null) ? thresholds.warning().toPlainString() : null).values;
	}

	private static Map<String, Object> describe(SmsBalanceException failure, Instant at) {
		return new SmsAccountDetails().put("name", failure.getFailure().name())
			.put("hint", failure.getFailure().getHint())
			.put("status", failure.getStatus())
			.put("code", failure.getCode())
			.put("message", failure.getReason())
			.put("at", text(at)).values;
	}

	private static String text(Instant instant) {
		return instant.truncatedTo(ChronoUnit.MILLIS).toString();
	}

	private SmsAccountDetails put(String name, @Nullable Object value) {
		if (value != null) {
			this.values.put(name, value);
		}
		return this;
	}

}

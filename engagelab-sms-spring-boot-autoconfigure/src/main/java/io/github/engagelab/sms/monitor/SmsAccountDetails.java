package io.github.engagelab.sms.monitor;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import org.jspecify.annotations.Nullable;

/**
 * An account as health and endpoint show it: amounts in account currency and times as
 * text, exact and the same whatever the application's JSON settings, and {@code null} for
 * what is not known. Public for technical reasons only.
 */
@JsonInclude(Include.NON_NULL)
public record SmsAccountDetails(String account, String state, @Nullable Long balance10000,
		@Nullable Long giftBalance10000, @Nullable Long totalBalance10000, @Nullable String totalBalance,
		Threshold threshold, @Nullable String readAt, @Nullable String age, @Nullable Failure failure,
		@Nullable String hint) {

	private static final String NOTHING_READ = "Nothing has been read yet: the first refresh is in flight, "
			+ "or waits for a call of getBalance() as engagelab.sms.refresh.enabled is false.";

	static SmsAccountDetails of(SmsAccountStatus status, Reading reading, long nanoTime) {
		Threshold threshold = Threshold.of(status.thresholds());
		Failure failure = Failure.of(reading.failure(), reading.failedAt());
		SmsBalanceSnapshot snapshot = status.snapshot();
		Duration age = reading.age(nanoTime);
		if (snapshot == null || age == null) {
			return new SmsAccountDetails(status.account(), status.state().name(), null, null, null, null, threshold,
					null, null, failure, (failure != null) ? null : NOTHING_READ);
		}
		SmsBalance balance = snapshot.balance();
		return new SmsAccountDetails(status.account(), status.state().name(), balance.balance10000(),
				balance.giftBalance10000(), balance.totalBalance10000(), balance.totalBalance().toPlainString(),
				threshold, text(snapshot.readAt()), age.truncatedTo(ChronoUnit.MILLIS).toString(), failure, null);
	}

	// Return what is known by name, in the order to show it in
	public Map<String, Object> asMap() {
		Map<String, Object> map = new LinkedHashMap<>();
		put(map, "account", this.account);
		put(map, "state", this.state);
		put(map, "balance10000", this.balance10000);
		put(map, "giftBalance10000", this.giftBalance10000);
		put(map, "totalBalance10000", this.totalBalance10000);
		put(map, "totalBalance", this.totalBalance);
		put(map, "threshold", this.threshold.asMap());
		put(map, "readAt", this.readAt);
		put(map, "age", this.age);
		put(map, "failure", (this.failure != null) ? this.failure.asMap() : null);
		put(map, "hint", this.hint);
		return map;
	}

	private static void put(Map<String, Object> map, String name, @Nullable Object value) {
		if (value != null) {
			map.put(name, value);
		}
	}

	private static String text(Instant instant) {
		return instant.truncatedTo(ChronoUnit.MILLIS).toString();
	}

	/**
	 * The thresholds.
	 */
	@JsonInclude(Include.NON_NULL)
	public record Threshold(String low, @Nullable String warning) {

		private static Threshold of(SmsBalanceThresholds thresholds) {
			BigDecimal warning = thresholds.warning();
			return new Threshold(thresholds.low().toPlainString(), (warning != null) ? warning.toPlainString() : null);
		}

		private Map<String, Object> asMap() {
			Map<String, Object> map = new LinkedHashMap<>();
			put(map, "low", this.low);
			put(map, "warning", this.warning);
			return map;
		}

	}

	/**
	 * Why the last refresh failed.
	 */
	@JsonInclude(Include.NON_NULL)
	public record Failure(String name, String hint, @Nullable Integer status, @Nullable Integer code,
			@Nullable String message, String at) {

		private static @Nullable Failure of(@Nullable SmsBalanceException failure, @Nullable Instant at) {
			return (failure == null || at == null) ? null
					: new Failure(failure.getFailure().name(), failure.getFailure().getHint(), failure.getStatus(),
							failure.getCode(), failure.getReason(), text(at));
		}

		private Map<String, Object> asMap() {
			Map<String, Object> map = new LinkedHashMap<>();
			put(map, "name", this.name);
			put(map, "hint", this.hint);
			put(map, "status", this.status);
			put(map, "code", this.code);
			put(map, "message", this.message);
			put(map, "at", this.at);
			return map;
		}

	}

}

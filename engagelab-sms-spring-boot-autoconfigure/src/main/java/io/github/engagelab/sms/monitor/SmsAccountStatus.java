package io.github.engagelab.sms.monitor;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of an account at a moment, worked out without any call.
 *
 * @param account the name of the account
 * @param state the state
 * @param thresholds the thresholds
 * @param snapshot the newest balance read, or {@code null} if none was read yet
 * @param fresh whether there is a snapshot and it is younger than {@code refresh.max-age}
 * @param lastFailure why the last read failed, or {@code null} if it succeeded or there
 * was none
 * @param lastFailureAt when the last read failed, or {@code null} if it succeeded or
 * there was none
 * @param at the moment
 */
public record SmsAccountStatus(String account, SmsAccountState state, SmsBalanceThresholds thresholds,
		@Nullable SmsBalanceSnapshot snapshot, boolean fresh, @Nullable SmsBalanceException lastFailure,
		@Nullable Instant lastFailureAt, Instant at) {

	private static final String NOTHING_READ = "Nothing has been read yet: the first read is under way, "
			+ "or waits for a call of getBalance() as engagelab.sms.refresh.enabled is false.";

	/**
	 * Return why the last read failed.
	 * @return the failure, or {@code null} if the last read succeeded or there was none
	 */
	public @Nullable SmsBalanceFailure failure() {
		return (this.lastFailure != null) ? this.lastFailure.getFailure() : null;
	}

	/**
	 * Return this status as a person or a page is shown it: amounts and times as text,
	 * exact and the same whatever the application's JSON settings, and without what is
	 * not known.
	 * @return the details by their names, in the order to show them in
	 */
	public Map<String, Object> details() {
		Map<String, Object> details = new LinkedHashMap<>();
		details.put("account", this.account);
		details.put("state", this.state.name());
		if (this.snapshot != null) {
			SmsBalance balance = this.snapshot.balance();
			details.put("balance10000", balance.balance10000());
			details.put("giftBalance10000", balance.giftBalance10000());
			details.put("totalBalance10000", balance.totalBalance10000());
			details.put("totalBalance", balance.totalBalance().toPlainString());
		}
		details.put("threshold", this.thresholds.details());
		if (this.snapshot != null) {
			details.put("readAt", text(this.snapshot.readAt()));
			details.put("age", this.snapshot.age(this.at).toString());
		}
		if (this.lastFailure != null && this.lastFailureAt != null) {
			details.put("failure", details(this.lastFailure, this.lastFailureAt));
		}
		else if (this.snapshot == null) {
			details.put("hint", NOTHING_READ);
		}
		return details;
	}

	private static Map<String, Object> details(SmsBalanceException failure, Instant at) {
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
		details.put("at", text(at));
		return details;
	}

	private static String text(Instant instant) {
		return instant.truncatedTo(ChronoUnit.MILLIS).toString();
	}

}

package io.github.engagelab.sms.monitor;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.monitor.SmsBalanceRead.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What an account's refreshes add up to since the application was started. Safe for use
 * by many threads. Public for technical reasons only.
 */
public final class SmsRefreshStatistics {

	private static final String SUCCESS = "success";

	// By outcome: success, or the failure in lower case
	private final Map<String, Long> refreshes = new TreeMap<>(Map.of(SUCCESS, 0L));

	private long spent10000;

	public synchronized Set<String> getOutcomes() {
		return Set.copyOf(this.refreshes.keySet());
	}

	public synchronized long getRefreshes(String outcome) {
		return this.refreshes.getOrDefault(outcome, 0L);
	}

	public synchronized long getSpent10000() {
		return this.spent10000;
	}

	synchronized void add(@Nullable SmsBalanceSnapshot before, Outcome outcome) {
		SmsBalanceFailure failure = (outcome.failure() != null) ? outcome.failure().getFailure() : null;
		this.refreshes.merge((failure != null) ? failure.name().toLowerCase(Locale.ROOT) : SUCCESS, 1L, Long::sum);
		if (before != null && outcome.balance() != null) {
			// A top-up counts nothing, so that it does not bend a burn rate
			this.spent10000 += Math.max(0,
					before.balance().totalBalance10000() - outcome.balance().totalBalance10000());
		}
	}

}

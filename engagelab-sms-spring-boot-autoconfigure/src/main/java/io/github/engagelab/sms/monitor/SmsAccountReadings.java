package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.function.Consumer;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors.Settings;
import io.github.engagelab.sms.monitor.SmsBalanceRead.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What is known of an account: the newest reading, the state that follows from it until
 * it expires, and what all readings add up to.
 */
final class SmsAccountReadings {

	private final String account;

	private final SmsBalanceThresholds thresholds;

	private final Settings settings;

	private final EngageLabSmsThreads threads;

	private final SmsAccountStateNotifier notifier;

	private final SmsRefreshStatistics statistics = new SmsRefreshStatistics();

	private volatile Reading newest;

	// What was read here, and is not shared
	private @Nullable SmsAccountStatus unshared;

	private @Nullable Future<?> expiry;

	private boolean closed;

	SmsAccountReadings(String account, SmsBalanceThresholds thresholds, Settings settings, EngageLabSmsThreads threads,
			SmsAccountStateNotifier notifier, Reading first) {
		this.account = account;
		this.thresholds = thresholds;
		this.settings = settings;
		this.threads = threads;
		this.notifier = notifier;
		this.newest = first;
	}

	String getAccount() {
		return this.account;
	}

	SmsAccountStatus getStatus() {
		return status(this.newest, this.threads.nanoTime());
	}

	SmsAccountDetails getDetails() {
		Reading reading = this.newest;
		long nanoTime = this.threads.nanoTime();
		return SmsAccountDetails.of(status(reading, nanoTime), reading, nanoTime);
	}

	SmsRefreshStatistics getStatistics() {
		return this.statistics;
	}

	SmsAccountStateNotifier getNotifier() {
		return this.notifier;
	}

	@Nullable SmsBalanceSnapshot getSnapshot(Duration maxAge) {
		Reading reading = this.newest;
		return reading.isFresh(maxAge, this.threads.nanoTime()) ? reading.snapshot() : null;
	}

	@Nullable Duration getTimeSinceRefresh() {
		Long endedAt = this.newest.endedAt();
		return (endedAt != null) ? Duration.ofNanos(this.threads.nanoTime() - endedAt) : null;
	}

	boolean isFresh() {
		return this.newest.isFresh(this.settings.maxAge(), this.threads.nanoTime());
	}

	Duration getRetryAfter() {
		return this.newest.retryAfter(this.settings.maxAge(), this.threads.nanoTime());
	}

	synchronized void attempted() {
		this.newest = this.newest.attempted(this.threads.nanoTime());
		expireInTime();
	}

	Reading ended(Outcome outcome) {
		return this.newest.ended(outcome, this.threads.now(), this.threads.nanoTime());
	}

	// Add what a refresh has brought, and return what there is to share
	synchronized SharedResult add(Outcome outcome, Reading ended, Duration took) {
		add(outcome, ended);
		this.unshared = getStatus();
		return new SharedResult(this.unshared, Objects.requireNonNullElse(this.newest.since(), this.threads.nanoTime()),
				outcome.failure(), took, getRetryAfter());
	}

	// Add what another replica has shared, unless it may be older than what was read here
	synchronized boolean adopt(@Nullable SmsBalance balance, long balanceAt, @Nullable SmsBalanceException failure,
			long askedAt) {
		Reading before = this.newest;
		if (this.closed || (this.unshared != null && before.endedAt() != null && askedAt <= before.endedAt())) {
			return false;
		}
		Outcome outcome = new Outcome((failure == null || before.snapshot() == null) ? balance : null, failure);
		long nanoTime = this.threads.nanoTime();
		add(outcome, before.adopted(outcome, Duration.ofNanos(nanoTime - balanceAt), this.threads.now(), nanoTime));
		this.unshared = null;
		this.notifier.add(this.newest, getStatus(), isFresh(), null, null);
		return true;
	}

	void shared(@Nullable SmsAccountState previous, SmsAccountStatus status) {
		synchronized (this) {
			this.unshared = status.equals(this.unshared) ? null : this.unshared;
		}
		if (previous != null) {
			this.notifier.publish(previous, status);
		}
	}

	// Notify of a refresh, and then share its result, if there is one. Those who wait get
	// its outcome even if it came too late to be added
	synchronized void notifyOf(Reading ended, @Nullable SmsBalanceRead read, @Nullable SharedResult result,
			@Nullable Consumer<SharedResult> share) {
		this.notifier.add(ended, getStatus(), isFresh(), read,
				(share != null && result != null) ? () -> share.accept(result) : null);
	}

	synchronized boolean isClosed() {
		return this.closed;
	}

	synchronized void close() {
		this.closed = true;
		if (this.expiry != null) {
			this.expiry.cancel(false);
		}
	}

	private void add(Outcome outcome, Reading reading) {
		this.statistics.add(this.newest.snapshot(), outcome);
		this.newest = reading;
		expireInTime();
	}

	private void expire() {
		synchronized (this) {
			if (isFresh()) {
				return;
			}
			this.notifier.add(this.newest, getStatus(), false, null, null);
		}
		this.notifier.notifyListeners();
	}

	private void expireInTime() {
		if (this.expiry != null) {
			this.expiry.cancel(false);
		}
		Duration age = this.newest.age(this.threads.nanoTime());
		if (!this.closed && age != null && age.compareTo(this.settings.maxAge()) < 0) {
			this.expiry = this.threads.trySchedule(this::expire, this.settings.maxAge().minus(age));
		}
	}

	private SmsAccountStatus status(Reading reading, long nanoTime) {
		return new SmsAccountStatus(this.account, reading.state(this.thresholds, this.settings.maxAge(), nanoTime),
				reading.snapshot(), this.thresholds, reading.kind());
	}

}

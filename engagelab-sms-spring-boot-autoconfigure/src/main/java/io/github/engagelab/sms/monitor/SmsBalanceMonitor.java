package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.BoundedExecutor;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors.Settings;
import io.github.engagelab.sms.monitor.SmsBalanceRead.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * Monitors one account: holds the newest snapshot, lets one refresh be in flight at a
 * time and works out the state. Safe for use by many threads; nothing here blocks. Public
 * for technical reasons only.
 */
public final class SmsBalanceMonitor {

	private final String account;

	private final SmsBalanceClient client;

	private final SmsBalanceThresholds thresholds;

	private final Settings settings;

	private final EngageLabSmsThreads threads;

	private final SmsAccountStateNotifier notifier;

	private final Executor signals;

	// One worker for the client: if it hangs, no second one does
	private final BoundedExecutor calls;

	private final SmsRefreshStatistics statistics = new SmsRefreshStatistics();

	private volatile Reading reading;

	private @Nullable SmsBalanceRead newest;

	private boolean inFlight;

	private long startedAt;

	private @Nullable Future<?> expiry;

	private boolean closed;

	SmsBalanceMonitor(String account, SmsBalanceClient client, SmsBalanceThresholds thresholds, Settings settings,
			EngageLabSmsThreads threads, SmsAccountStateNotifier notifier, Executor signals, Reading reading) {
		this.account = account;
		this.client = client;
		this.thresholds = thresholds;
		this.settings = settings;
		this.threads = threads;
		this.notifier = notifier;
		this.signals = signals;
		this.reading = reading;
		this.calls = new BoundedExecutor(threads, 1);
	}

	public String getAccount() {
		return this.account;
	}

	public SmsAccountStatus getStatus() {
		return status(this.reading, this.threads.nanoTime());
	}

	public SmsAccountDetails getDetails() {
		Reading current = this.reading;
		long nanoTime = this.threads.nanoTime();
		return SmsAccountDetails.of(status(current, nanoTime), current, nanoTime);
	}

	public SmsRefreshStatistics getStatistics() {
		return this.statistics;
	}

	public boolean isFresh() {
		return this.reading.isFresh(this.settings.maxAge(), this.threads.nanoTime());
	}

	public @Nullable Duration getTimeSinceRefresh() {
		Long endedAt = this.reading.endedAt();
		return (endedAt != null) ? Duration.ofNanos(this.threads.nanoTime() - endedAt) : null;
	}

	public void addListener(Runnable listener) {
		this.notifier.addListener(listener);
	}

	public CompletableFuture<SmsBalanceSnapshot> refresh() {
		CompletableFuture<SmsBalanceSnapshot> result = read().result();
		return result.isDone() ? result : result.whenCompleteAsync((snapshot, failure) -> {
		}, this.signals);
	}

	SmsBalanceRead read() {
		SmsBalanceRead read;
		synchronized (this) {
			long nanoTime = this.threads.nanoTime();
			if (this.newest != null && this.inFlight && nanoTime - this.startedAt < getPatience().toNanos()) {
				return this.newest;
			}
			read = new SmsBalanceRead(this.account, this.client, this.threads, this.calls, this::completed);
			if (this.closed) {
				return read.cancel();
			}
			this.reading = this.reading.attempted(nanoTime);
			expireInTime();
			this.newest = read;
			this.startedAt = nanoTime;
			this.inFlight = true;
		}
		read.start(this.settings.requestTimeout());
		return read;
	}

	@Nullable SmsBalanceSnapshot getSnapshot(Duration maxAge) {
		Reading current = this.reading;
		return current.isFresh(maxAge, this.threads.nanoTime()) ? current.snapshot() : null;
	}

	// How long the provider still asks to wait, within bounds; zero or negative if not
	Duration getRetryAfter() {
		return this.reading.retryAfter(this.settings.maxAge(), this.threads.nanoTime());
	}

	Duration getPatience() {
		return this.settings.requestTimeout().plusSeconds(2);
	}

	SmsAccountStateNotifier getNotifier() {
		return this.notifier;
	}

	void close() {
		SmsBalanceRead read;
		synchronized (this) {
			this.closed = true;
			if (this.expiry != null) {
				this.expiry.cancel(false);
			}
			read = this.newest;
		}
		if (read != null) {
			read.cancel();
		}
	}

	private void completed(Outcome outcome) {
		change(() -> {
			this.inFlight = false;
			this.statistics.add(this.reading.snapshot(), outcome);
			this.reading = this.reading.ended(outcome, this.threads.now(), this.threads.nanoTime());
			expireInTime();
			return this.notifier.add(this.reading, getStatus(), isFresh(), this.newest);
		});
	}

	private void expire() {
		change(() -> !isFresh() && this.notifier.add(this.reading, getStatus(), false, null));
	}

	// Under the lock, but for what follows from it
	private void change(BooleanSupplier change) {
		synchronized (this) {
			if (!change.getAsBoolean()) {
				return;
			}
		}
		this.notifier.notifyListeners();
	}

	private void expireInTime() {
		if (this.expiry != null) {
			this.expiry.cancel(false);
		}
		Duration age = this.reading.age(this.threads.nanoTime());
		if (age != null && age.compareTo(this.settings.maxAge()) < 0) {
			this.expiry = this.threads.trySchedule(this::expire, this.settings.maxAge().minus(age));
		}
	}

	private SmsAccountStatus status(Reading reading, long nanoTime) {
		return new SmsAccountStatus(this.account, reading.state(this.thresholds, this.settings.maxAge(), nanoTime),
				reading.snapshot(), this.thresholds, reading.kind());
	}

}

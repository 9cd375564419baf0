package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.client.BoundedExecutor;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceRead.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * Monitors one account: lets one refresh be in flight at a time, and takes in what it
 * brings or what another replica shares. Safe for use by many threads; nothing here
 * blocks. Public for technical reasons only.
 */
public final class SmsBalanceMonitor {

	private final SmsAccountReadings readings;

	private final SmsBalanceClient client;

	private final Duration requestTimeout;

	private final EngageLabSmsThreads threads;

	private final Executor signals;

	// One worker for the client: if it hangs, no second one does
	private final BoundedExecutor calls;

	private final @Nullable SmsBalanceTurn turn;

	private @Nullable SmsBalanceRead newest;

	private boolean inFlight;

	private long startedAt;

	private @Nullable Consumer<SharedResult> share;

	// Whether something newer was adopted while a refresh was in flight
	private boolean superseded;

	SmsBalanceMonitor(SmsAccountReadings readings, SmsBalanceClient client, Duration requestTimeout,
			EngageLabSmsThreads threads, Executor signals, @Nullable SmsBalanceTurns turns) {
		this.readings = readings;
		this.client = client;
		this.requestTimeout = requestTimeout;
		this.threads = threads;
		this.signals = signals;
		this.calls = new BoundedExecutor(threads, 1);
		this.turn = (turns != null) ? turns.join(this) : null;
	}

	public String getAccount() {
		return this.readings.getAccount();
	}

	public SmsAccountStatus getStatus() {
		return this.readings.getStatus();
	}

	public SmsAccountDetails getDetails() {
		return this.readings.getDetails();
	}

	public SmsRefreshStatistics getStatistics() {
		return this.readings.getStatistics();
	}

	public boolean isFresh() {
		return this.readings.isFresh();
	}

	public @Nullable Duration getTimeSinceRefresh() {
		return this.readings.getTimeSinceRefresh();
	}

	// Return who polls: self, other or alone, or null without a cluster
	public @Nullable String getPolledBy() {
		return (this.turn != null) ? this.turn.getPolledBy() : null;
	}

	public void addListener(Runnable listener) {
		this.readings.getNotifier().addListener(listener);
	}

	public CompletableFuture<SmsBalanceSnapshot> refresh() {
		CompletableFuture<SmsBalanceSnapshot> result = read().result();
		return result.isDone() ? result : result.whenCompleteAsync((snapshot, failure) -> {
		}, this.signals);
	}

	SmsBalanceRead read() {
		SmsBalanceRead overdue;
		SmsBalanceRead read;
		synchronized (this) {
			if (this.newest != null && isRefreshing()) {
				return this.newest;
			}
			overdue = this.inFlight ? this.newest : null;
			read = new SmsBalanceRead(getAccount(), this.client, this.threads, this.calls, this::completed);
			if (this.readings.isClosed()) {
				return read.cancel();
			}
			this.readings.attempted();
			this.newest = read;
			this.startedAt = this.threads.nanoTime();
			this.inFlight = true;
			this.superseded = false;
			this.share = (this.turn != null) ? this.turn.started() : null;
		}
		read.start(this.requestTimeout, overdue);
		return read;
	}

	@Nullable SmsBalanceSnapshot getSnapshot(Duration maxAge) {
		return this.readings.getSnapshot(maxAge);
	}

	// Return how long the provider still asks to wait; zero or negative if not
	public Duration getRetryAfter() {
		return this.readings.getRetryAfter();
	}

	Duration getPatience() {
		return this.requestTimeout.plusSeconds(2);
	}

	SmsAccountStateNotifier getNotifier() {
		return this.readings.getNotifier();
	}

	@Nullable SmsBalanceTurn getTurn() {
		return this.turn;
	}

	void close() {
		SmsBalanceRead read;
		synchronized (this) {
			this.readings.close();
			read = this.newest;
		}
		if (read != null) {
			read.cancel();
		}
	}

	public synchronized boolean isRefreshing() {
		return this.inFlight && this.threads.nanoTime() - this.startedAt < getPatience().toNanos();
	}

	// Refresh as it is this replica's turn
	public void poll() {
		read();
	}

	// Take in what another replica was answered. The times are monotonic lower bounds
	public void adopt(@Nullable SmsBalance balance, long balanceAt, @Nullable SmsBalanceException failure,
			long askedAt) {
		synchronized (this) {
			this.superseded = this.readings.adopt(balance, balanceAt, failure, askedAt) || this.superseded;
		}
		getNotifier().notifyListeners();
	}

	// A status of this replica is shared. The previous state is null unless it is known,
	// and another one
	public void shared(@Nullable SmsAccountState previous, SmsAccountStatus status) {
		this.readings.shared(previous, status);
	}

	private void completed(SmsBalanceRead read, Outcome outcome) {
		synchronized (this) {
			boolean current = read == this.newest;
			this.inFlight &= !current;
			Reading ended = this.readings.ended(outcome);
			SharedResult result = (current && !this.superseded)
					? this.readings.add(outcome, ended, Duration.ofNanos(this.threads.nanoTime() - this.startedAt))
					: null;
			this.readings.notifyOf(ended, read, result, this.share);
		}
		getNotifier().notifyListeners();
	}

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceReader;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors.Settings;
import org.jspecify.annotations.Nullable;

/**
 * Monitors one account: lets one refresh be in flight at a time, and keeps the reading
 * that it, or another replica, has brought. Safe for use by many threads; nothing here
 * blocks. Public for technical reasons only.
 */
public final class SmsBalanceMonitor {

	private final String account;

	private final SmsBalanceThresholds thresholds;

	private final SmsBalanceReader reader;

	private final Settings settings;

	private final EngageLabSmsThreads threads;

	private final SmsAccountStateNotifier notifier;

	// Whatever may block for the account runs here: if it hangs, nothing else does
	private final ExecutorService thread;

	private final AtomicReference<SmsBalanceFailure> pending = new AtomicReference<>(SmsBalanceFailure.TIMEOUT);

	private final @Nullable SmsBalanceTurn turn;

	// By outcome: success, or the failure in lower case
	private final Map<String, Long> refreshes = new ConcurrentHashMap<>(Map.of("success", 0L));

	private final AtomicLong spent10000 = new AtomicLong();

	private volatile Reading reading;

	private @Nullable SmsBalanceRefresh inFlight;

	// The monotonic time at which the refresh in flight was started
	private long startedAt;

	private @Nullable Future<?> expiry;

	private boolean closed;

	SmsBalanceMonitor(String account, SmsBalanceThresholds thresholds, SmsBalanceReader reader, Settings settings,
			EngageLabSmsThreads threads, SmsAccountStateNotifier notifier, @Nullable SmsBalanceTurns turns,
			Reading first) {
		this.account = account;
		this.thresholds = thresholds;
		this.reader = reader;
		this.settings = settings;
		this.threads = threads;
		this.notifier = notifier;
		this.reading = first;
		this.thread = threads.single("account-" + account);
		this.turn = (turns != null) ? turns.join(this) : null;
	}

	public String getAccount() {
		return this.account;
	}

	public SmsAccountStatus getStatus() {
		return this.reading.status(this.account, this.thresholds, this.settings.maxAge(), this.threads.nanoTime());
	}

	public Map<String, Object> getDetails() {
		Reading current = this.reading;
		long nanoTime = this.threads.nanoTime();
		return SmsAccountDetails.of(current.status(this.account, this.thresholds, this.settings.maxAge(), nanoTime),
				current, nanoTime);
	}

	public Map<String, Long> getRefreshes() {
		return this.refreshes;
	}

	// Return the sum of all decreases of the total balance x 10000
	public long getSpent10000() {
		return this.spent10000.get();
	}

	Reading getReading() {
		return this.reading;
	}

	public boolean isFresh() {
		return this.reading.isFresh(this.settings.maxAge(), this.threads.nanoTime());
	}

	public @Nullable Duration getTimeSinceRefresh() {
		Long endedAt = this.reading.endedAt();
		return (endedAt != null) ? Duration.ofNanos(this.threads.nanoTime() - endedAt) : null;
	}

	// Return how long the provider still wants no poll; zero or negative if it does not
	public Duration getPause() {
		Reading current = this.reading;
		Duration pause = current.pause(this.settings.interval(), this.settings.maxAge());
		return (current.endedAt() != null) ? pause.minusNanos(this.threads.nanoTime() - current.endedAt()) : pause;
	}

	// Return the time between two polls, which is shorter until the first success
	public Duration getPollInterval() {
		return this.reading.pollInterval(this.settings.interval(), this.settings.maxAge(), this.threads.nanoTime());
	}

	// Return who polls: self, other or alone, or null if polls are not shared
	public @Nullable String getPolledBy() {
		return (this.turn != null) ? this.turn.getPolledBy() : null;
	}

	// Add a listener that is notified of reads and expiry, on a worker
	public void addListener(Runnable listener) {
		this.notifier.addListener(listener);
	}

	// Start a refresh, or join the one in flight. The result is signalled on a worker
	public CompletableFuture<SmsBalanceSnapshot> refresh() {
		return refresh(getCurrentObservation());
	}

	CompletableFuture<SmsBalanceSnapshot> refresh(@Nullable Object observation) {
		CompletableFuture<SmsBalanceSnapshot> result = startOrJoin(observation);
		return result.isDone() ? result : result.whenCompleteAsync((snapshot, failure) -> {
		}, this.threads.workers());
	}

	// The result is signalled on the thread that ends it: nothing may depend on it
	public CompletableFuture<SmsBalanceSnapshot> startOrJoin(@Nullable Object observation) {
		SmsBalanceRefresh next = new SmsBalanceRefresh(this, this.account, this.reader, observation, this.pending,
				this.threads, (this.turn != null) ? this.turn.started() : null);
		SmsBalanceRefresh overdue;
		synchronized (this) {
			if (isRefreshing()) {
				return Objects.requireNonNull(this.inFlight);
			}
			if (this.closed) {
				next.close();
				return next;
			}
			overdue = this.inFlight;
			this.inFlight = next;
			this.startedAt = this.threads.nanoTime();
		}
		next.start(this.settings.requestTimeout(), this.thread);
		if (overdue != null) {
			overdue.expire();
		}
		return next;
	}

	// Return what traces the caller, and is the parent of what it asks for
	@Nullable Object getCurrentObservation() {
		return this.reader.getCurrentObservation();
	}

	@Nullable SmsBalanceSnapshot getSnapshot(Duration maxAge) {
		Reading current = this.reading;
		return current.isFresh(maxAge, this.threads.nanoTime()) ? current.snapshot() : null;
	}

	// Return how long a caller waits at most
	Duration getPatience() {
		return this.settings.requestTimeout().plusSeconds(2);
	}

	SmsAccountStateNotifier getNotifier() {
		return this.notifier;
	}

	@Nullable SmsBalanceTurn getTurn() {
		return this.turn;
	}

	public synchronized boolean isRefreshing() {
		return this.inFlight != null && this.threads.nanoTime() - this.startedAt < getPatience().toNanos();
	}

	// Ask, on the account's thread, what tells accounts of the provider apart
	public CompletableFuture<String> identify() {
		return CompletableFuture.supplyAsync(() -> this.reader.getIdentity(this.account, this.pending::set),
				this.thread);
	}

	// Take in a snapshot or a failure of a refresh, unless that has been replaced
	void refreshCompleted(SmsBalanceRefresh refresh, @Nullable SmsBalanceSnapshot snapshot,
			@Nullable SmsBalanceException failure) {
		SharedResult result;
		synchronized (this) {
			if (this.inFlight != refresh) {
				return;
			}
			this.inFlight = null;
			long nanoTime = this.threads.nanoTime();
			if (this.reading.endedAt() != null && this.reading.endedAt() > this.startedAt) {
				// Something newer was adopted: what is spent would be counted twice
				return;
			}
			add((snapshot != null) ? this.reading.succeeded(snapshot, nanoTime) : this.reading
				.failed(Objects.requireNonNull(failure), this.startedAt, this.threads.now(), nanoTime), true);
			result = new SharedResult(getStatus(), Objects.requireNonNullElse(this.reading.since(), nanoTime), failure,
					getPause());
		}
		if (refresh.share() != null) {
			refresh.share().accept(result);
		}
	}

	// Adopt what another replica published, unless it may be older. Times are monotonic
	public synchronized void adopt(@Nullable SmsBalance balance, long balanceAt, @Nullable SmsBalanceException failure,
			long askedAt, long publishedAt) {
		Reading next = this.reading;
		if (this.closed || (next.endedAt() != null && askedAt <= next.endedAt())) {
			return;
		}
		long nanoTime = this.threads.nanoTime();
		if (balance != null && (failure == null || next.snapshot() == null)) {
			next = next.succeeded(new SmsBalanceSnapshot(balance, this.threads.now().minusNanos(nanoTime - balanceAt)),
					balanceAt);
		}
		if (failure != null) {
			next = next.failed(failure, publishedAt, this.threads.now().minusNanos(nanoTime - publishedAt),
					publishedAt);
		}
		add(next, false);
	}

	// Publish a change of the state, which this replica has made for all
	public void publish(@Nullable SmsAccountState previous, SmsAccountStatus status) {
		if (previous != null) {
			this.notifier.publish(previous, status);
		}
	}

	void close() {
		SmsBalanceRefresh last;
		synchronized (this) {
			this.closed = true;
			last = this.inFlight;
			if (this.expiry != null) {
				this.expiry.cancel(false);
			}
		}
		if (last != null) {
			last.close();
		}
	}

	// Called under the lock, which keeps readings and what is notified of them in order
	private void add(Reading next, boolean refreshed) {
		SmsBalanceSnapshot before = this.reading.snapshot();
		this.reading = next;
		if (before != null && next.snapshot() != null) {
			// A top-up counts nothing, so that it does not bend a burn rate
			this.spent10000.addAndGet(
					Math.max(0, before.balance().totalBalance10000() - next.snapshot().balance().totalBalance10000()));
		}
		this.refreshes.merge((next.kind() != null) ? next.kind().name().toLowerCase(Locale.ROOT) : "success", 1L,
				Long::sum);
		this.notifier.add(getStatus(), next.failure(), isFresh(), refreshed);
		if (this.expiry != null) {
			this.expiry.cancel(false);
		}
		Duration age = next.age(this.threads.nanoTime());
		if (!this.closed && age != null && age.compareTo(this.settings.maxAge()) < 0) {
			this.expiry = this.threads.scheduleDeadline(this.settings.maxAge().minus(age), this::expire);
		}
	}

	private synchronized void expire() {
		if (!isFresh()) {
			this.notifier.add(getStatus(), this.reading.failure(), false, false);
		}
	}

}

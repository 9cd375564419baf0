package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.LongStream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.client.SecretMask;
import io.github.engagelab.sms.cluster.SharedHash.Claim;
import io.github.engagelab.sms.cluster.SharedHash.Published;
import io.github.engagelab.sms.monitor.SharedResult;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceTurn;
import org.jspecify.annotations.Nullable;

import org.springframework.core.NestedExceptionUtils;

/**
 * The part of this replica in polling an account: it claims the turn, adopts what is new,
 * polls when the turn is granted, or alone while Redis fails, and publishes the result.
 * The timer ticks, the thread for Redis does all else. Times are monotonic, in
 * nanoseconds.
 */
final class SmsBalanceReplica implements SmsBalanceTurn {

	// The driver may have to be loaded, and to connect, for the first call
	private static final Duration FIRST_TIMEOUT = Duration.ofSeconds(3);

	private static final Duration MAX_RETRY_DELAY = Duration.ofSeconds(10);

	private final String id = UUID.randomUUID().toString().substring(0, 8);

	private final SmsBalanceCluster cluster;

	private final SmsBalanceMonitor monitor;

	private final SharedHash hash;

	private final long interval;

	private volatile boolean running;

	// What is under way, and since when
	private volatile Step step = Step.NONE;

	private volatile long since;

	private long nextTick;

	private volatile boolean answered;

	private volatile @Nullable String key;

	private volatile boolean poller;

	private volatile long dueAt;

	// The newest result that was seen, also if Redis has lost it
	private volatile long version;

	private volatile SmsAccountState state = SmsAccountState.UNKNOWN;

	// What to add, at least, to a time of this replica for one of Redis
	private volatile long clockOffset;

	// A result that may have been published although no reply says so
	private volatile @Nullable Unconfirmed unconfirmed;

	// Why this replica polls alone: empty if a refresh fails for the same reason and logs
	// it
	private volatile @Nullable String alone;

	SmsBalanceReplica(SmsBalanceCluster cluster, SmsBalanceMonitor monitor) {
		this.cluster = cluster;
		this.monitor = monitor;
		this.hash = cluster.hash;
		this.interval = cluster.interval.toNanos();
		this.since = now();
		this.dueAt = this.since;
	}

	@Override
	public String getPolledBy() {
		return (this.alone != null) ? "alone" : this.poller ? "self" : "other";
	}

	@Override
	public Duration getDelay() {
		return Duration.ofNanos(Math.max(0, (this.alone != null) ? untilLate() : untilDue()));
	}

	@Override
	public Duration tick() {
		long now = now();
		if (this.running && now - this.nextTick >= SmsBalanceCluster.TIMEOUT.toNanos()) {
			// The process was stopped: the answer may be there already
			this.since = now;
		}
		if (this.alone == null && untilTimeout(now) <= 0) {
			this.alone = (this.step == Step.REDIS) ? "no answer within %d ms".formatted(timeout() / 1_000_000) : "";
		}
		if (this.step == Step.NONE && isTimeToClaim(now)) {
			this.running = true;
			begin(Step.REDIS);
			this.cluster.execute(this::claimTurn);
		}
		else if (untilLate() <= 0) {
			this.cluster.threads.workers().execute(this::pollLate);
		}
		long wait = LongStream.of(this.since + claimDelay() - now, untilTimeout(now), untilDue(), untilLate())
			.filter((nanos) -> nanos > 0)
			.reduce(claimDelay(), Math::min);
		this.nextTick = now + wait;
		return Duration.ofNanos(wait);
	}

	@Override
	public void stop() {
		this.running = false;
	}

	@Override
	public @Nullable Consumer<SharedResult> started() {
		String current = this.key;
		long seen = this.version;
		long startedAt = now();
		return (current == null || this.alone != null) ? null : (result) -> {
			if (this.alone == null && ResultText.concernsOthers(result)) {
				this.cluster.publishing(this.cluster.withKey(this.monitor,
						(identified) -> publish(current, identified, seen, startedAt, result)));
			}
		};
	}

	private void claimTurn() {
		String known = this.key;
		if (known != null) {
			claimTurn(known, false);
		}
		else {
			identify((identified) -> claimTurn(identified, true));
		}
	}

	// Ask for the credentials, which the application may change
	private void identify(Consumer<String> next) {
		begin(Step.CREDENTIALS);
		var unused = this.cluster.withKey(this.monitor, (identified) -> {
			begin(Step.REDIS);
			if (identified != null) {
				next.accept(identified);
			}
			else {
				this.key = null;
				this.alone = "";
				end();
			}
		});
	}

	private void claimTurn(String current, boolean identified) {
		try {
			if (!current.equals(this.key)) {
				// Not wanted at first: there may be something to adopt
				this.key = current;
				this.version = 0;
				this.dueAt = now() + this.interval;
			}
			boolean granted = claim(current) || (isDue() && claim(current));
			if (granted || (this.dueAt > now() && now() - this.since < timeout())) {
				this.alone = null;
				this.cluster.shared(this.monitor.getAccount());
			}
			if (granted && !identified) {
				identify((next) -> poll(current, next));
				return;
			}
			if (granted) {
				this.monitor.poll();
			}
		}
		catch (Throwable ex) {
			fail(ex);
		}
		end();
	}

	// A turn was granted: take it, unless the account is another one by now
	private void poll(String granted, String identified) {
		if (!identified.equals(granted)) {
			claimTurn(identified, true);
			return;
		}
		if (this.running) {
			this.monitor.poll();
		}
		end();
	}

	// Return whether it is this replica's turn to poll
	private boolean claim(String current) {
		long startedAt = now();
		Claim claim = this.hash.claim(current, this.id, isDue());
		this.answered = true;
		this.clockOffset = Duration.ofMillis(claim.now()).toNanos() - now();
		Unconfirmed own = this.unconfirmed;
		this.unconfirmed = null;
		if (claim.version() > this.version) {
			if (own != null && own.text().equals(claim.result())) {
				published(own.result(), claim.version(), this.state);
			}
			else if (claim.age() >= 0 && !claim.result().isEmpty()) {
				Duration age = Duration.ofMillis(claim.age());
				ResultText.adopt(claim.result(), age, startedAt - age.toNanos(), this.cluster.interval, this.monitor);
			}
			this.version = claim.version();
			this.state = (claim.state() != null) ? claim.state() : this.state;
		}
		this.poller = claim.poller();
		this.dueAt = now() + Duration.ofMillis(claim.untilTurn() + 1).toNanos();
		return claim.granted();
	}

	private void publish(String expected, @Nullable String identified, long seen, long startedAt, SharedResult result) {
		if (!expected.equals(identified)) {
			// It may be the result of another account
			this.key = null;
			return;
		}
		long now = now();
		// With what it has waited for this thread
		Duration took = Duration.ofNanos(now - startedAt);
		String text = ResultText.format(result, this.id, took, now);
		this.unconfirmed = new Unconfirmed(text, result);
		try {
			Published published = this.hash.publish(expected, (result.failure() != null) ? "" : this.id, took, seen,
					this.state, ResultText.state(result), text, Duration.ofNanos(now + this.clockOffset).toMillis());
			if (published == null) {
				claimTurn(expected, true);
				return;
			}
			this.unconfirmed = null;
			published(result, published.version(), published.before());
			this.poller = result.failure() == null;
			this.dueAt = startedAt + this.interval;
		}
		catch (Throwable ex) {
			fail(ex);
			// Only if Redis lets it claim again, it can be written
			this.dueAt = now;
		}
	}

	private void published(SharedResult result, long version, SmsAccountState before) {
		SmsAccountState next = ResultText.state(result);
		this.version = version;
		this.state = (next != null) ? next : before;
		this.monitor.publish((this.state != before) ? before : null, result.status());
	}

	private void pollLate() {
		String cause = this.alone;
		if (cause != null && !cause.isEmpty()) {
			// Only now: one call that fails does not matter
			this.cluster.warn(this.monitor.getAccount(), cause);
		}
		this.monitor.poll();
	}

	private void fail(Throwable ex) {
		Throwable root = NestedExceptionUtils.getMostSpecificCause(ex);
		this.alone = SecretMask.printable("%s: %s".formatted(root.getClass().getSimpleName(), root.getMessage()));
	}

	private void begin(Step next) {
		this.since = now();
		this.step = next;
	}

	private void end() {
		this.step = Step.NONE;
		if (this.alone != null && untilLate() <= 0) {
			pollLate();
		}
	}

	private boolean isTimeToClaim(long now) {
		return !this.running || now - this.since >= claimDelay() || (this.alone == null && untilDue() <= 0);
	}

	private boolean isDue() {
		return this.running && !this.monitor.isRefreshing() && untilDue() <= 0;
	}

	private long untilDue() {
		return Math.max(this.dueAt - now(), this.monitor.getRetryAfter().toNanos());
	}

	// Until this replica polls, whatever the others and Redis do
	private long untilLate() {
		Duration refreshed = this.monitor.getTimeSinceRefresh();
		long pause = this.monitor.getRetryAfter().toNanos();
		if (this.alone != null) {
			return Math.max(pause, (refreshed != null) ? this.interval / 8 * 7 - refreshed.toNanos() : 0);
		}
		// Where a pause ends, one replica polls for all
		return (refreshed != null)
				? Math.max(pause + this.interval / 4 * 3, this.interval / 4 * 7 - refreshed.toNanos()) : this.interval;
	}

	private long claimDelay() {
		return (this.alone != null) ? Math.min(this.interval / 4, MAX_RETRY_DELAY.toNanos()) : this.interval / 4;
	}

	// Credentials have a deadline of their own
	private long untilTimeout(long now) {
		boolean timed = this.step == Step.REDIS || (this.step == Step.CREDENTIALS && !this.answered);
		return timed ? this.since + timeout() - now : Long.MAX_VALUE;
	}

	private long timeout() {
		return (this.answered ? SmsBalanceCluster.TIMEOUT : FIRST_TIMEOUT).toNanos();
	}

	private long now() {
		return this.cluster.threads.nanoTime();
	}

	private enum Step {

		NONE, CREDENTIALS, REDIS

	}

	private record Unconfirmed(String text, SharedResult result) {
	}

}

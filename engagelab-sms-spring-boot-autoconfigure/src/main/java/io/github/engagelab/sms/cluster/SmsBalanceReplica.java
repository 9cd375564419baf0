package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.LongStream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.cluster.SharedHash.Claim;
import io.github.engagelab.sms.cluster.SharedHash.Published;
import io.github.engagelab.sms.monitor.SharedResult;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceTurn;
import org.jspecify.annotations.Nullable;

/**
 * The part of this replica in polling an account: it claims the turn, adopts what is new,
 * polls when the turn is granted, or alone while Redis fails, and publishes the result.
 * Only {@link #tick} runs on the timer. Times are monotonic, in nanoseconds.
 */
final class SmsBalanceReplica implements SmsBalanceTurn {

	private static final long RETRY_DELAY = Duration.ofSeconds(10).toNanos();

	private final String id = UUID.randomUUID().toString().substring(0, 8);

	private final SmsBalanceCluster cluster;

	private final SmsBalanceMonitor monitor;

	private final long interval;

	private volatile boolean running;

	// Whether a claim is under way, whether it waits for credentials, and since when
	private volatile boolean claiming;

	private volatile boolean identifying;

	private volatile long since;

	private long nextTick;

	private volatile long timeout = SmsBalanceCluster.FIRST_TIMEOUT.toNanos();

	private volatile @Nullable String key;

	private volatile boolean poller;

	private volatile long dueAt;

	// The newest result that was seen, also if Redis has lost it
	private volatile long version;

	private volatile SmsAccountState state = SmsAccountState.UNKNOWN;

	// What to add, at least, to a time of this replica for one of Redis
	private volatile long clockOffset;

	// A result that may have been published although no reply says so
	private volatile @Nullable SharedResult unconfirmed;

	private volatile String unconfirmedText = "";

	// Why this replica polls alone: empty if a refresh fails and logs the same reason
	private volatile @Nullable String alone;

	SmsBalanceReplica(SmsBalanceCluster cluster, SmsBalanceMonitor monitor) {
		this.cluster = cluster;
		this.monitor = monitor;
		this.interval = cluster.hash.interval.toNanos();
		this.dueAt = now();
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
			this.alone = this.identifying ? "" : "no answer within %d ms".formatted(this.timeout / 1_000_000);
		}
		long untilDue = (this.alone != null) ? Long.MAX_VALUE : untilDue();
		boolean time = untilDue <= 0
				|| (now - this.since >= claimDelay() && !(this.poller && untilDue < this.interval / 16));
		if (!this.claiming && (time || !this.running)) {
			this.running = true;
			begin(false);
			this.cluster.calls.execute(() -> claimTurn(null));
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
			if (this.alone == null && SharedHash.concernsOthers(result)) {
				this.cluster.publishing(this.cluster.withKey(this.monitor,
						(identified) -> publish(current, identified, seen, startedAt, result)));
			}
		};
	}

	// Claim the turn, but ask for the credentials first if it may be granted
	private void claimTurn(@Nullable String identified) {
		String current = (identified != null) ? identified : this.key;
		if (current == null || (identified == null && isDue())) {
			begin(true);
			var unused = this.cluster.withKey(this.monitor, this::identified);
			return;
		}
		try {
			boolean granted = claim(current);
			if (granted || (this.dueAt > now() && now() - this.since < this.timeout)) {
				this.alone = null;
				this.cluster.shared(this.monitor.getAccount());
			}
			if (granted) {
				var unused = this.monitor.startOrJoin(null);
			}
			else if (isDue()) {
				claimTurn(identified);
				return;
			}
		}
		catch (Throwable ex) {
			this.alone = SmsBalanceCluster.describe(ex);
		}
		end();
	}

	private void identified(@Nullable String current) {
		begin(false);
		if (current != null) {
			claimTurn(current);
			return;
		}
		this.key = null;
		this.alone = "";
		end();
	}

	// Return whether it is this replica's turn to poll
	private boolean claim(String current) {
		if (!current.equals(this.key)) {
			// There may be something to adopt before a turn is wanted
			this.key = current;
			this.version = 0;
			this.dueAt = now() + this.interval;
		}
		long startedAt = now();
		Claim claim = this.cluster.hash.claim(current, this.id, interval(), isDue());
		this.timeout = SmsBalanceCluster.TIMEOUT.toNanos();
		this.clockOffset = TimeUnit.MILLISECONDS.toNanos(claim.now()) - now();
		SharedResult own = this.unconfirmed;
		this.unconfirmed = null;
		if (claim.version() > this.version) {
			if (own != null && this.unconfirmedText.equals(claim.result())) {
				published(own, claim.version(), this.state);
			}
			else if (!claim.result().isEmpty()) {
				SharedHash.adopt(claim.result(), TimeUnit.MILLISECONDS.toNanos(claim.age()), startedAt, this.interval,
						this.monitor);
			}
			this.version = claim.version();
			this.state = (claim.state() != null) ? claim.state() : this.state;
		}
		this.poller = claim.poller();
		this.dueAt = now() + TimeUnit.MILLISECONDS.toNanos(claim.untilTurn() + 1);
		return claim.granted();
	}

	private void publish(String expected, @Nullable String identified, long seen, long startedAt, SharedResult result) {
		if (!expected.equals(identified)) {
			// It may be the result of another account
			this.key = null;
			return;
		}
		long now = now();
		// Including the wait for this thread
		Duration took = Duration.ofNanos(now - startedAt);
		this.unconfirmedText = SharedHash.format(result, this.id, took, now);
		this.unconfirmed = result;
		try {
			Published published = this.cluster.hash.publish(expected, (result.failure() != null) ? "" : this.id, took,
					seen, this.state, SharedHash.state(result), this.unconfirmedText,
					(now + this.clockOffset) / 1_000_000);
			if (published == null) {
				claimTurn(expected);
				return;
			}
			this.unconfirmed = null;
			published(result, published.version(), published.before());
			this.poller = result.failure() == null;
			this.dueAt = startedAt + interval();
		}
		catch (Throwable ex) {
			this.alone = SmsBalanceCluster.describe(ex);
			// Only another claim that is granted shows that Redis can be written to
			this.dueAt = now;
		}
	}

	private void published(SharedResult result, long version, SmsAccountState before) {
		SmsAccountState next = SharedHash.state(result);
		this.version = version;
		this.state = (next != null) ? next : before;
		this.monitor.publish((this.state != before) ? before : null, result.status());
	}

	private void pollLate() {
		// Not when a call fails: another one may succeed before a poll is missed
		this.cluster.warn(this.monitor.getAccount(), this.alone);
		var unused = this.monitor.startOrJoin(null);
	}

	private void begin(boolean identifying) {
		this.since = now();
		this.identifying = identifying;
		this.claiming = true;
	}

	private void end() {
		this.claiming = false;
		if (untilLate() <= 0) {
			pollLate();
		}
	}

	private boolean isDue() {
		return this.running && !this.monitor.isRefreshing() && untilDue() <= 0;
	}

	private long untilDue() {
		return Math.max(this.dueAt - now(), this.monitor.getPause().toNanos());
	}

	// Until this replica polls, whatever the others and Redis do
	private long untilLate() {
		boolean shared = this.alone == null;
		Duration refreshed = this.monitor.getTimeSinceRefresh();
		long age = (refreshed != null) ? refreshed.toNanos() : shared ? 0 : interval();
		long pause = this.monitor.getPause().toNanos();
		// Where a pause ends, one replica polls for all
		return shared ? Math.max(pause + this.interval / 4 * 3, this.interval / 4 * 7 - age)
				: Math.max(pause, interval() / 8 * 7 - age);
	}

	// Until the first success, what others have read must not be missed
	private long claimDelay() {
		long delay = Math.min(this.interval / 4, this.monitor.getPollInterval().toNanos());
		return (this.alone != null) ? Math.min(delay, RETRY_DELAY) : delay;
	}

	// Until the first success, shorter after each failure: one replica polls for all
	private long interval() {
		return (this.monitor.getStatus().failure() != null) ? this.monitor.getPollInterval().toNanos() : this.interval;
	}

	// Credentials have a deadline of their own
	private long untilTimeout(long now) {
		boolean timed = this.claiming
				&& (!this.identifying || this.timeout == SmsBalanceCluster.FIRST_TIMEOUT.toNanos());
		return timed ? this.since + this.timeout - now : Long.MAX_VALUE;
	}

	private long now() {
		return this.cluster.threads.nanoTime();
	}

}

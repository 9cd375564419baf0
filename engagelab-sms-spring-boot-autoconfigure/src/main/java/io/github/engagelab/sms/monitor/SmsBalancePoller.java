package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;

import io.github.engagelab.sms.client.EngageLabSmsThreads;
import org.jspecify.annotations.Nullable;

import org.springframework.context.SmartLifecycle;

/**
 * Refreshes every account right after start-up and then at an interval, however often it
 * fails. Public for technical reasons only.
 */
public class SmsBalancePoller implements SmartLifecycle {

	// The application finishes its start-up first, undisturbed
	private static final Duration INITIAL_DELAY = Duration.ofMillis(250);

	// The time between the first refreshes of two accounts
	private static final Duration STAGGER = Duration.ofMillis(50);

	private static final Duration FIRST_CHECK = Duration.ofSeconds(1);

	// How long a listener may take to end when the application context is stopped
	private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(5);

	private final SmsBalanceMonitors monitors;

	private final EngageLabSmsThreads threads;

	private final boolean enabled;

	private final Duration interval;

	private final Map<String, Schedule> schedules = new LinkedHashMap<>();

	private boolean running;

	public SmsBalancePoller(SmsBalanceMonitors monitors, EngageLabSmsThreads threads, boolean enabled,
			Duration interval) {
		this.monitors = monitors;
		this.threads = threads;
		this.enabled = enabled;
		this.interval = interval;
	}

	@Override
	public synchronized void start() {
		if (this.running) {
			return;
		}
		this.running = true;
		this.monitors.notifyOf(this.monitors.isEnabled(), this.enabled);
		if (this.enabled) {
			Duration share = this.interval.dividedBy(this.monitors.all().size());
			Duration stagger = (share.compareTo(STAGGER) < 0) ? share : STAGGER;
			int position = 0;
			for (SmsBalanceMonitor monitor : this.monitors.all()) {
				// All are read at once, and then take up their places in the interval,
				// but not right after the first read. The sum is less than any max-age
				Duration first = stagger.multipliedBy(position);
				Duration second = share.multipliedBy(++position).minus(first);
				boolean soon = second.compareTo(this.interval.dividedBy(4)) < 0;
				this.schedules.put(monitor.getAccount(),
						new Schedule(monitor, INITIAL_DELAY.plus(first), soon ? second.plus(this.interval) : second));
			}
		}
	}

	@Override
	public void stop() {
		synchronized (this) {
			if (!this.running) {
				return;
			}
			this.running = false;
			this.schedules.values().forEach(Schedule::cancel);
			this.schedules.clear();
		}
		this.monitors.deliverEvents(DELIVERY_TIMEOUT);
		this.monitors.notifyOf(false, false);
	}

	@Override
	public synchronized boolean isRunning() {
		return this.running;
	}

	// Return when the next poll of an account is due
	public synchronized @Nullable Instant getNextRefresh(String account) {
		Schedule schedule = this.schedules.get(account);
		return (schedule != null) ? this.threads.now().plus(schedule.getDelay()) : null;
	}

	/**
	 * The polls of one account.
	 */
	private final class Schedule implements Runnable {

		private final EngageLabSmsThreads threads = SmsBalancePoller.this.threads;

		private final SmsBalanceMonitor monitor;

		private final @Nullable SmsBalanceTurn turn;

		// Between the next two polls, until the account has its place in the interval
		private Duration period;

		private volatile long due;

		private @Nullable Future<?> next;

		private boolean cancelled;

		Schedule(SmsBalanceMonitor monitor, Duration first, Duration period) {
			this.monitor = monitor;
			this.turn = monitor.getTurn();
			this.period = period;
			this.due = this.threads.nanoTime() + first.toNanos();
			arm(first);
		}

		// Poll if it is time. Whatever comes of that, there is a next time
		@Override
		public void run() {
			Duration delay = SmsBalancePoller.this.interval;
			try {
				delay = (this.turn != null) ? this.turn.tick() : tick();
			}
			finally {
				arm(delay);
			}
		}

		private Duration tick() {
			if (untilPoll() <= 0) {
				// Spreads the instances of an application that were started together
				long jitter = ThreadLocalRandom.current().nextLong(900, 1101);
				this.due = this.threads.nanoTime() + this.period.multipliedBy(jitter).dividedBy(1000).toNanos();
				this.period = SmsBalancePoller.this.interval;
				var unused = this.monitor.startOrJoin(null);
			}
			// Until the first success, it must be seen in time whether a poll has failed
			long wait = untilPoll();
			boolean read = this.monitor.getReading().snapshot() != null;
			return Duration.ofNanos(read ? wait : Math.min(wait, FIRST_CHECK.toNanos()));
		}

		Duration getDelay() {
			return (this.turn != null) ? this.turn.getDelay() : Duration.ofNanos(untilPoll());
		}

		// Return how long it takes until the next poll may come, which comes sooner until
		// the first success
		private long untilPoll() {
			long nanoTime = this.threads.nanoTime();
			Reading current = this.monitor.getReading();
			if (current.failure() == null || current.endedAt() == null) {
				return this.due - nanoTime;
			}
			Duration first = this.monitor.getPollInterval();
			boolean sooner = first.compareTo(SmsBalancePoller.this.interval) < 0 && !this.monitor.isRefreshing();
			long next = sooner ? Math.min(this.due, current.endedAt() + first.toNanos()) : this.due;
			return Math.max(next - nanoTime, this.monitor.getPause().toNanos());
		}

		private synchronized void arm(Duration delay) {
			if (!this.cancelled) {
				this.next = this.threads.schedule(delay, this);
			}
		}

		synchronized void cancel() {
			this.cancelled = true;
			if (this.turn != null) {
				this.turn.stop();
			}
			if (this.next != null) {
				this.next.cancel(false);
			}
		}

	}

}

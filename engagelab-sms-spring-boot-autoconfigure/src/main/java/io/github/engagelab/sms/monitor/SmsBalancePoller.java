package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;

import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.monitor.SmsAccountStateNotifier.Mode;
import org.jspecify.annotations.Nullable;

import org.springframework.context.SmartLifecycle;

/**
 * Refreshes every account right after start-up and then at an interval, however often it
 * fails. Public for technical reasons only.
 */
public final class SmsBalancePoller implements SmartLifecycle {

	// The application finishes its start-up first, undisturbed
	private static final Duration INITIAL_DELAY = Duration.ofMillis(250);

	// The time between the first refreshes of two accounts
	private static final Duration STAGGER = Duration.ofMillis(50);

	// How long a listener may take to end when the application context is stopped
	private static final Duration DELIVERY_TIMEOUT = Duration.ofSeconds(5);

	private static final Duration SHORTAGE_DELAY = Duration.ofMillis(100);

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
		this.monitors.setMode(this.enabled ? Mode.POLLED : this.monitors.isEnabled() ? Mode.ON_DEMAND : Mode.PAUSED);
		if (this.enabled) {
			Duration share = this.interval.dividedBy(this.monitors.all().size());
			Duration stagger = (share.compareTo(STAGGER) < 0) ? share : STAGGER;
			int position = 0;
			for (SmsBalanceMonitor monitor : this.monitors.all()) {
				// All are read at once, and then take up their places in the interval
				Duration first = stagger.multipliedBy(position);
				Schedule schedule = new Schedule(monitor, share.multipliedBy(++position).minus(first));
				this.schedules.put(monitor.getAccount(), schedule);
				schedule.arm(INITIAL_DELAY.plus(first));
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
		this.monitors.setMode(Mode.PAUSED);
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
	private final class Schedule {

		private final EngageLabSmsThreads threads = SmsBalancePoller.this.threads;

		// Until the next poll, if even finding out when that is fails for want of memory
		private final Duration fallback = SmsBalancePoller.this.interval.dividedBy(4);

		private final SmsBalanceMonitor monitor;

		private Duration period;

		private long due;

		private @Nullable Future<?> next;

		private boolean cancelled;

		Schedule(SmsBalanceMonitor monitor, Duration period) {
			this.monitor = monitor;
			this.period = period;
		}

		synchronized void arm(Duration delay) {
			if (!this.cancelled) {
				this.due = this.threads.nanoTime() + delay.toNanos();
				this.next = this.threads.schedule(this::poll, delay);
			}
		}

		synchronized void cancel() {
			this.cancelled = true;
			SmsBalanceTurn turn = this.monitor.getTurn();
			if (turn != null) {
				turn.stop();
			}
			if (this.next != null) {
				this.next.cancel(false);
			}
		}

		synchronized Duration getDelay() {
			SmsBalanceTurn turn = this.monitor.getTurn();
			if (turn != null) {
				return turn.getDelay();
			}
			Duration delay = Duration.ofNanos(this.due - this.threads.nanoTime());
			Duration retryAfter = this.monitor.getRetryAfter();
			return (delay.compareTo(retryAfter) > 0) ? delay : retryAfter;
		}

		private void poll() {
			SmsBalanceTurn turn = this.monitor.getTurn();
			Duration next = this.fallback;
			boolean due = false;
			try {
				if (turn != null) {
					next = turn.tick();
				}
				else {
					Duration retryAfter = this.monitor.getRetryAfter();
					due = retryAfter.isZero() || retryAfter.isNegative();
					next = due ? jitter() : retryAfter;
				}
			}
			finally {
				rearm(next);
			}
			if (due) {
				this.period = SmsBalancePoller.this.interval;
				this.monitor.read();
			}
		}

		// Whatever happens, there is a next poll
		private void rearm(Duration delay) {
			for (boolean armed = false; !armed;) {
				try {
					arm(delay);
					armed = true;
				}
				catch (OutOfMemoryError ex) {
					LockSupport.parkNanos(SHORTAGE_DELAY.toNanos());
				}
			}
		}

		// Spreads the instances of an application that were started together
		private Duration jitter() {
			return Duration.ofMillis((this.period.toMillis() * ThreadLocalRandom.current().nextLong(900, 1101)) / 1000);
		}

	}

}

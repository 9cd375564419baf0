package io.github.engagelab.sms.testsupport;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.Callable;
import java.util.concurrent.Delayed;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.RunnableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;

import io.github.engagelab.sms.client.EngageLabSmsThreads;

/**
 * Time that passes when a test says so: the timer's tasks run while time advances, and a
 * worker's at once on the thread that hands them over. An account has a thread of its
 * own, and whoever hands a task over to it goes on when that has ended, or waits.
 */
public final class VirtualTime {

	private final PriorityQueue<Task<?>> tasks = new PriorityQueue<>(
			Comparator.<Task<?>>comparingLong((task) -> task.due).thenComparingLong((task) -> task.number));

	private long nanos;

	private long wallOffset;

	private long scheduled;

	private Error failure;

	/**
	 * Return threads on this time.
	 * @return the threads
	 */
	public EngageLabSmsThreads threads() {
		return new EngageLabSmsThreads(timer(() -> 0), new DirectExecutor(), VirtualTime::single, this::nanoTime,
				new WallClock());
	}

	/**
	 * Return threads on this time of a process that can be paused. One of them runs at a
	 * time: a task that is handed over comes when the one who does so is done, or waits.
	 * @param pause by how many nanoseconds what is due has to wait, or -1 for ever
	 * @return the threads
	 */
	public EngageLabSmsThreads threads(LongSupplier pause) {
		ScheduledExecutorService timer = timer(pause);
		return new EngageLabSmsThreads(timer, new DirectExecutor() {

			@Override
			public void execute(Runnable task) {
				timer.schedule(task, 0, TimeUnit.NANOSECONDS);
			}

		}, (name) -> new SingleThread(pause), this::nanoTime, new WallClock());
	}

	/**
	 * Wait on a single thread of a process that can be paused, while time passes and
	 * other threads go on.
	 * @param duration for how long
	 * @throws InterruptedException if the thread is interrupted
	 */
	public void sleep(Duration duration) throws InterruptedException {
		((SingleThread.Sleeper) Thread.currentThread()).sleep(duration);
	}

	public ScheduledExecutorService timer(LongSupplier pause) {
		return new Timer(pause);
	}

	public long nanoTime() {
		Error next = this.failure;
		this.failure = null;
		if (next != null) {
			throw next;
		}
		return this.nanos;
	}

	/**
	 * Let the next reading of the monotonic clock fail, once.
	 * @param next what it throws
	 */
	public void failNext(Error next) {
		this.failure = next;
	}

	/**
	 * Let time pass while the process is stopped: what is due is late.
	 * @param duration for how long
	 */
	public void stopProcessFor(Duration duration) {
		this.nanos += duration.toNanos();
	}

	public Duration elapsed() {
		return Duration.ofNanos(this.nanos);
	}

	public void advanceTimeBy(Duration duration) {
		advanceTimeTo(this.nanos + duration.toNanos());
	}

	public void advanceTimeTo(Instant instant) {
		advanceTimeTo(Duration.between(Instant.EPOCH, instant).toNanos());
	}

	/**
	 * Set the host's wall clock, which does not change how much time passes.
	 * @param duration by how much
	 */
	public void setClockBackBy(Duration duration) {
		this.wallOffset -= duration.toNanos();
	}

	private static ExecutorService single(String name) {
		return name.startsWith("account-") ? new AccountThread(name) : new DirectExecutor();
	}

	private void advanceTimeTo(long target) {
		for (Task<?> next = this.tasks.peek(); next != null && next.due <= target; next = this.tasks.peek()) {
			this.tasks.remove();
			this.nanos = Math.max(this.nanos, next.due);
			long pause = next.pause.getAsLong();
			if (pause == 0) {
				next.run();
			}
			else if (pause > 0) {
				next.due = this.nanos + pause;
				this.tasks.add(next);
			}
		}
		// A task may have let time pass, too
		this.nanos = Math.max(this.nanos, target);
	}

	private final class WallClock extends Clock {

		@Override
		public ZoneId getZone() {
			return ZoneOffset.UTC;
		}

		@Override
		public Clock withZone(ZoneId zone) {
			throw new UnsupportedOperationException();
		}

		@Override
		public Instant instant() {
			return Instant.EPOCH.plusNanos(VirtualTime.this.nanos + VirtualTime.this.wallOffset);
		}

	}

	private final class Task<V> extends FutureTask<V> implements ScheduledFuture<V> {

		private long due;

		private final LongSupplier pause;

		private final long number = ++VirtualTime.this.scheduled;

		private Task(Callable<V> callable, long delay, LongSupplier pause) {
			super(callable);
			this.pause = pause;
			this.due = VirtualTime.this.nanos + Math.max(0, delay);
			VirtualTime.this.tasks.add(this);
		}

		@Override
		public boolean cancel(boolean mayInterruptIfRunning) {
			VirtualTime.this.tasks.remove(this);
			return super.cancel(mayInterruptIfRunning);
		}

		@Override
		public long getDelay(TimeUnit unit) {
			return unit.convert(this.due - VirtualTime.this.nanos, TimeUnit.NANOSECONDS);
		}

		@Override
		public int compareTo(Delayed other) {
			return Long.compare(getDelay(TimeUnit.NANOSECONDS), other.getDelay(TimeUnit.NANOSECONDS));
		}

	}

	/**
	 * The thread of an account, which may block.
	 */
	private static final class AccountThread extends ThreadPoolExecutor {

		private static final Duration PATIENCE = Duration.ofSeconds(10);

		private final AtomicInteger pending = new AtomicInteger();

		private volatile Thread running;

		AccountThread(String name) {
			super(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), (task) -> {
				Thread thread = new Thread(task, name);
				thread.setDaemon(true);
				return thread;
			});
			allowCoreThreadTimeOut(true);
		}

		@Override
		public void execute(Runnable task) {
			this.pending.incrementAndGet();
			try {
				super.execute(task);
			}
			catch (RejectedExecutionException ex) {
				this.pending.decrementAndGet();
				throw ex;
			}
			settle(PATIENCE, () -> this.pending.get() == 0 || isWaiting());
		}

		@Override
		protected void beforeExecute(Thread thread, Runnable task) {
			this.running = thread;
		}

		@Override
		protected void afterExecute(Runnable task, Throwable ex) {
			this.running = null;
			this.pending.decrementAndGet();
		}

		@Override
		protected <T> RunnableFuture<T> newTaskFor(Runnable runnable, T value) {
			return new FutureTask<>(runnable, value) {

				private volatile Thread runner;

				@Override
				public void run() {
					this.runner = Thread.currentThread();
					super.run();
					this.runner = null;
				}

				// An interrupt takes a moment, and may be ignored
				@Override
				public boolean cancel(boolean mayInterruptIfRunning) {
					boolean cancelled = super.cancel(mayInterruptIfRunning);
					settle(Duration.ofMillis(500), () -> this.runner == null);
					return cancelled;
				}

			};
		}

		private boolean isWaiting() {
			Thread thread = this.running;
			return thread != null
					&& (thread.getState() == Thread.State.WAITING || thread.getState() == Thread.State.TIMED_WAITING);
		}

		private static void settle(Duration patience, BooleanSupplier condition) {
			long start = System.nanoTime();
			while (!condition.getAsBoolean() && System.nanoTime() - start < patience.toNanos()) {
				Thread.onSpinWait();
			}
		}

	}

	/**
	 * Runs tasks in order on a thread that may sleep. It and the thread that lets time
	 * pass take turns: while one of them runs, the other one waits.
	 */
	private final class SingleThread extends DirectExecutor {

		private final Queue<Runnable> queue = new ArrayDeque<>();

		private final Semaphore begin = new Semaphore(0);

		private final Semaphore end = new Semaphore(0);

		private final LongSupplier pause;

		private Sleeper thread;

		// Null while it runs, or has nothing to do
		private Task<?> wakeUp;

		SingleThread(LongSupplier pause) {
			this.pause = pause;
		}

		@Override
		public void execute(Runnable task) {
			checkOpen();
			// Keeps what is thrown
			this.queue.add(new FutureTask<>(task, null));
			if (this.wakeUp == null && Thread.currentThread() != this.thread) {
				wakeUpAfter(0);
			}
		}

		@Override
		public List<Runnable> shutdownNow() {
			this.queue.clear();
			super.shutdownNow();
			if (this.thread != null) {
				takeTurn();
			}
			return List.of();
		}

		private void wakeUpAfter(long nanos) {
			this.wakeUp = new Task<>(Executors.callable(this::takeTurn), nanos, this.pause);
		}

		private void takeTurn() {
			this.wakeUp = null;
			if (this.thread == null) {
				this.thread = new Sleeper();
				this.thread.start();
			}
			this.begin.release();
			this.end.acquireUninterruptibly();
		}

		private final class Sleeper extends Thread {

			private Sleeper() {
				setDaemon(true);
			}

			@Override
			public void run() {
				for (boolean ended = false; !ended; SingleThread.this.end.release()) {
					SingleThread.this.begin.acquireUninterruptibly();
					for (Runnable task; (task = SingleThread.this.queue.poll()) != null;) {
						task.run();
					}
					ended = isShutdown();
				}
			}

			void sleep(Duration duration) throws InterruptedException {
				if (!isShutdown()) {
					wakeUpAfter(duration.toNanos());
					SingleThread.this.end.release();
					SingleThread.this.begin.acquireUninterruptibly();
				}
				if (interrupted() || isShutdown()) {
					throw new InterruptedException();
				}
			}

			// Wake it up at once, if the process is not paused
			@Override
			public void interrupt() {
				super.interrupt();
				if (SingleThread.this.wakeUp != null) {
					SingleThread.this.wakeUp.cancel(false);
					wakeUpAfter(0);
				}
			}

		}

	}

	private static class DirectExecutor extends AbstractExecutorService implements ExecutorService {

		private boolean shutdown;

		@Override
		public void execute(Runnable task) {
			checkOpen();
			task.run();
		}

		final void checkOpen() {
			if (this.shutdown) {
				throw new RejectedExecutionException("Closed");
			}
		}

		@Override
		public void shutdown() {
			this.shutdown = true;
		}

		@Override
		public List<Runnable> shutdownNow() {
			this.shutdown = true;
			return List.of();
		}

		@Override
		public boolean isShutdown() {
			return this.shutdown;
		}

		@Override
		public boolean isTerminated() {
			return this.shutdown;
		}

		@Override
		public boolean awaitTermination(long timeout, TimeUnit unit) {
			return true;
		}

	}

	private final class Timer extends DirectExecutor implements ScheduledExecutorService {

		private final LongSupplier pause;

		Timer(LongSupplier pause) {
			this.pause = pause;
		}

		@Override
		public List<Runnable> shutdownNow() {
			VirtualTime.this.tasks.clear();
			return super.shutdownNow();
		}

		@Override
		public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
			return schedule(Executors.callable(command), delay, unit);
		}

		@Override
		public <V> ScheduledFuture<V> schedule(Callable<V> callable, long delay, TimeUnit unit) {
			checkOpen();
			return new Task<>(callable, unit.toNanos(delay), this.pause);
		}

		@Override
		public ScheduledFuture<?> scheduleAtFixedRate(Runnable command, long initialDelay, long period, TimeUnit unit) {
			throw new UnsupportedOperationException();
		}

		@Override
		public ScheduledFuture<?> scheduleWithFixedDelay(Runnable command, long initialDelay, long delay,
				TimeUnit unit) {
			throw new UnsupportedOperationException();
		}

	}

}

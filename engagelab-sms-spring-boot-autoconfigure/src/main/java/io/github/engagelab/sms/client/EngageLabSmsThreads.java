package io.github.engagelab.sms.client;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * The threads and clocks of one application context: a timer, which runs nothing that can
 * block, workers, and threads for what runs one after the other. All are daemons that are
 * started when first needed; all but the timer end when idle. Public for technical
 * reasons only.
 */
public class EngageLabSmsThreads implements AutoCloseable {

	private final ScheduledExecutorService timer;

	private final ExecutorService workers;

	private final Function<String, ExecutorService> singles;

	private final List<ExecutorService> closeables = new CopyOnWriteArrayList<>();

	// One for all accounts, as many deadlines may come at once
	private final ExecutorService deadlines;

	private final LongSupplier ticker;

	private final Clock clock;

	public EngageLabSmsThreads(@Nullable ClassLoader contextClassLoader) {
		this(single("timer-1", contextClassLoader), new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS,
				new SynchronousQueue<>(), workerFactory(contextClassLoader), (task, closed) -> task.run()), (name) -> {
					ScheduledThreadPoolExecutor single = single(name, contextClassLoader);
					single.setKeepAliveTime(250, TimeUnit.MILLISECONDS);
					single.allowCoreThreadTimeOut(true);
					return single;
				}, System::nanoTime, Clock.systemUTC());
	}

	// For tests, which have a time of their own
	public EngageLabSmsThreads(ScheduledExecutorService timer, ExecutorService workers,
			Function<String, ExecutorService> singles, LongSupplier ticker, Clock clock) {
		this.timer = timer;
		this.workers = workers;
		this.singles = singles;
		this.ticker = ticker;
		this.clock = clock;
		this.closeables.addAll(List.of(timer, workers));
		this.deadlines = single("deadlines");
	}

	// Return the monotonic time, in nanoseconds
	public long nanoTime() {
		return this.ticker.getAsLong();
	}

	public Instant now() {
		return this.clock.instant();
	}

	// Run a task on the timer, which it must leave at once
	public Future<?> schedule(Duration delay, Runnable task) {
		return this.timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	// Run a task that does not block, but is too much for the timer, after a delay
	public Future<?> scheduleDeadline(Duration delay, Runnable task) {
		return this.timer.schedule(() -> this.deadlines.execute(task), delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	public Executor workers() {
		return this.workers;
	}

	// Return a thread of its own for tasks that may block, and run in order
	public ExecutorService single(String name) {
		ExecutorService single = this.singles.apply(name);
		this.closeables.add(single);
		return single;
	}

	@Override
	public void close() {
		this.closeables.forEach(ExecutorService::shutdownNow);
	}

	private static ThreadFactory workerFactory(@Nullable ClassLoader contextClassLoader) {
		AtomicInteger number = new AtomicInteger();
		return (task) -> thread(task, "worker-" + number.incrementAndGet(), contextClassLoader);
	}

	// Of the JDK's executors, this one's queue keeps nothing that has been cancelled
	private static ScheduledThreadPoolExecutor single(String name, @Nullable ClassLoader contextClassLoader) {
		ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1,
				(task) -> thread(task, name, contextClassLoader));
		executor.setRemoveOnCancelPolicy(true);
		return executor;
	}

	// Without the inheritable thread locals of a caller, which would outlive its request
	private static Thread thread(Runnable task, String name, @Nullable ClassLoader contextClassLoader) {
		Thread thread = new Thread(null, task, "engagelab-sms-" + name, 0, false);
		thread.setDaemon(true);
		thread.setContextClassLoader(contextClassLoader);
		return thread;
	}

}

package io.github.engagelab.sms.client;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

import org.jspecify.annotations.Nullable;

/**
 * The timer, the workers and the clocks of one application context. The timer is one
 * thread and runs nothing that can block; workers come and go with the work. All are
 * daemons, started when first needed and gone after {@link #close()}. Public for
 * technical reasons only.
 */
public final class EngageLabSmsThreads implements AutoCloseable {

	// Long enough to serve the attempts of one refresh, short enough that none is left
	// between two polls of the default interval
	private static final Duration KEEP_ALIVE = Duration.ofSeconds(5);

	// A TLS handshake runs there, which an application's trust manager may delay
	private static final int HTTP_THREADS = 3;

	private static final Duration SHORTAGE_DELAY = Duration.ofMillis(100);

	private final ScheduledExecutorService timer;

	private final ExecutorService workers;

	private final ExecutorService http;

	private final LongSupplier nanoTime;

	private final Clock clock;

	private final ThreadLocal<Boolean> spare = new ThreadLocal<>();

	public EngageLabSmsThreads(@Nullable ClassLoader contextClassLoader) {
		this(timer(factory("engagelab-sms-timer", contextClassLoader)),
				pool(0, Integer.MAX_VALUE, new SynchronousQueue<>(),
						factory("engagelab-sms-worker", contextClassLoader)),
				// Few: what the JDK's client does here is short
				pool(HTTP_THREADS, HTTP_THREADS, new LinkedBlockingQueue<>(),
						factory("engagelab-sms-http", contextClassLoader)),
				System::nanoTime, Clock.systemUTC());
	}

	// Create threads with a time of their own, for tests
	public EngageLabSmsThreads(ScheduledExecutorService timer, ExecutorService workers, ExecutorService http,
			LongSupplier nanoTime, Clock clock) {
		this.timer = timer;
		this.workers = workers;
		this.http = http;
		this.nanoTime = nanoTime;
		this.clock = clock;
	}

	public long nanoTime() {
		return this.nanoTime.getAsLong();
	}

	public Instant now() {
		return this.clock.instant();
	}

	public Future<?> schedule(Runnable task, Duration delay) {
		return this.timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
	}

	// Schedules nothing if that is impossible: closed, or short of threads
	public @Nullable Future<?> trySchedule(Runnable task, Duration delay) {
		try {
			return schedule(task, delay);
		}
		catch (RejectedExecutionException | OutOfMemoryError ex) {
			return null;
		}
	}

	// Run a task on a worker. If the process cannot start another thread, the task waits
	// until it can; after #close() it is dropped
	public void execute(Runnable task) {
		if (this.spare.get() == null) {
			execute(task, this.workers);
			return;
		}
		this.spare.remove();
		task.run();
	}

	// Run a task at the end of what a worker does: the first one that it hands over runs
	// there, too, rather than on a worker of its own
	void relay(Runnable task) {
		this.spare.set(true);
		try {
			task.run();
		}
		finally {
			this.spare.remove();
		}
	}

	// Run a task of the HTTP client. An exception here would be the end of that client
	void executeHttp(Runnable task) {
		execute(task, this.http);
	}

	ScheduledExecutorService timer() {
		return this.timer;
	}

	private void execute(Runnable task, ExecutorService executor) {
		try {
			executor.execute(task);
		}
		catch (RejectedExecutionException ex) {
			// Closed: nobody waits for it any more
		}
		catch (Error ex) {
			// If the timer cannot be started either, it keeps the task until it can
			var unused = trySchedule(() -> execute(task, executor), SHORTAGE_DELAY);
		}
	}

	@Override
	public void close() {
		this.timer.shutdownNow();
		this.workers.shutdownNow();
		this.http.shutdownNow();
	}

	private static ScheduledExecutorService timer(ThreadFactory factory) {
		ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, factory);
		timer.setRemoveOnCancelPolicy(true);
		return timer;
	}

	private static ExecutorService pool(int size, int maxSize, BlockingQueue<Runnable> queue, ThreadFactory factory) {
		ThreadPoolExecutor pool = new ThreadPoolExecutor(size, maxSize, KEEP_ALIVE.toNanos(), TimeUnit.NANOSECONDS,
				queue, factory);
		pool.allowCoreThreadTimeOut(true);
		return pool;
	}

	private static ThreadFactory factory(String name, @Nullable ClassLoader contextClassLoader) {
		AtomicInteger number = new AtomicInteger();
		return (task) -> {
			// Without the inheritable thread locals of a caller, which would outlive its
			// request
			Thread thread = new Thread(null, task, name + "-" + number.incrementAndGet(), 0, false);
			thread.setDaemon(true);
			thread.setContextClassLoader(contextClassLoader);
			return thread;
		};
	}

}

package io.github.engagelab.sms.client;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;

import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Runs a bounded number of tasks at once on workers, first come first served. A task that
 * waits occupies no thread. Public for technical reasons only.
 */
public final class BoundedExecutor implements Executor {

	private static final Log logger = LogFactory.getLog(BoundedExecutor.class);

	// After so many nanoseconds, what was handed over is lost for want of memory. If it
	// comes after all, it does no harm
	private static final long LOST_AFTER = TimeUnit.MINUTES.toNanos(1);

	private final EngageLabSmsThreads threads;

	private final int limit;

	private final Queue<Runnable> waiting = new ArrayDeque<>();

	private final Runnable drain = this::drain;

	// Handed over to workers that have not begun
	private int coming;

	private long handedOverAt;

	private int running;

	public BoundedExecutor(EngageLabSmsThreads threads, int limit) {
		this.threads = threads;
		this.limit = limit;
	}

	@Override
	public void execute(Runnable task) {
		add(task);
		start();
	}

	// Add a task without starting it, for example under a lock that it must not run under
	public synchronized void add(Runnable task) {
		this.waiting.add(task);
	}

	public void start() {
		synchronized (this) {
			long nanoTime = this.threads.nanoTime();
			if (nanoTime - this.handedOverAt > LOST_AFTER) {
				this.coming = 0;
			}
			if (this.waiting.isEmpty() || this.coming + this.running >= this.limit) {
				return;
			}
			this.coming++;
			this.handedOverAt = nanoTime;
		}
		this.threads.execute(this.drain);
	}

	// Call a task when the result is subscribed to. Cancelling the subscription removes
	// a task that waits and interrupts one that runs
	public <T> Mono<T> call(Callable<T> task) {
		return Mono.create((sink) -> {
			Call<T> call = new Call<>(task, sink);
			sink.onDispose(() -> cancel(call));
			execute(call);
		});
	}

	// Return whether the task waited, and has not even begun
	public boolean cancel(FutureTask<?> task) {
		boolean waited;
		synchronized (this) {
			waited = this.waiting.remove(task);
		}
		task.cancel(true);
		return waited;
	}

	public synchronized int size() {
		return this.waiting.size();
	}

	private void drain() {
		if (!begin()) {
			return;
		}
		for (Runnable task = next(); task != null; task = next()) {
			// A cancellation that came too late for the task before
			Thread.interrupted();
			run(task);
			if (task instanceof Call<?> call) {
				// What follows from a result does not count: others need not wait for it
				release();
				start();
				this.threads.relay(call::signal);
				return;
			}
		}
	}

	private static void run(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			try {
				logger.warn("A task of the EngageLab SMS balance failed", ex);
			}
			catch (Throwable unlogged) {
				// The next task is due all the same
			}
		}
	}

	private synchronized boolean begin() {
		this.coming = Math.max(0, this.coming - 1);
		boolean free = this.running < this.limit;
		this.running += free ? 1 : 0;
		return free;
	}

	private synchronized @Nullable Runnable next() {
		Runnable task = this.waiting.poll();
		if (task == null) {
			release();
		}
		return task;
	}

	private synchronized void release() {
		this.running--;
	}

	private static final class Call<T> extends FutureTask<T> {

		private final MonoSink<T> sink;

		private Call(Callable<T> task, MonoSink<T> sink) {
			super(task);
			this.sink = sink;
		}

		private void signal() {
			try {
				this.sink.success(get());
			}
			catch (ExecutionException ex) {
				this.sink.error((ex.getCause() != null) ? ex.getCause() : ex);
			}
			catch (InterruptedException | CancellationException ex) {
				// Nobody waits for it any more
			}
		}

	}

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceReader;
import org.jspecify.annotations.Nullable;

/**
 * One refresh of an account: a task on the account's thread, and the future of those who
 * wait for it. Its task, its deadline or the end of the application context, whichever is
 * first, ends it; what comes later is dropped.
 */
final class SmsBalanceRefresh extends CompletableFuture<SmsBalanceSnapshot> implements Runnable {

	private final SmsBalanceMonitor monitor;

	private final String account;

	private final SmsBalanceReader reader;

	// What traces the caller
	private final @Nullable Object observation;

	// What fails if the account's thread gets no further. It belongs to the account: a
	// refresh may wait behind another one that hangs
	private final AtomicReference<SmsBalanceFailure> pending;

	private final EngageLabSmsThreads threads;

	// Shares with other replicas what this brings
	private final @Nullable Consumer<SharedResult> share;

	private final AtomicBoolean ended = new AtomicBoolean();

	private volatile @Nullable Future<?> deadline;

	private volatile @Nullable Future<?> task;

	SmsBalanceRefresh(SmsBalanceMonitor monitor, String account, SmsBalanceReader reader, @Nullable Object observation,
			AtomicReference<SmsBalanceFailure> pending, EngageLabSmsThreads threads,
			@Nullable Consumer<SharedResult> share) {
		this.monitor = monitor;
		this.account = account;
		this.reader = reader;
		this.observation = observation;
		this.pending = pending;
		this.threads = threads;
		this.share = share;
	}

	@Nullable Consumer<SharedResult> share() {
		return this.share;
	}

	void start(Duration timeout, ExecutorService thread) {
		try {
			this.deadline = this.threads.scheduleDeadline(timeout, this::expire);
			this.task = thread.submit(this);
		}
		catch (Throwable ex) {
			end(null, ex);
		}
	}

	@Override
	public void run() {
		try {
			end(this.reader.read(this.account, this.observation, this::setPending), null);
		}
		catch (Throwable ex) {
			end(null, ex);
		}
	}

	// End it as what is pending fails. Nothing happens if it has ended
	void expire() {
		SmsBalanceException failure = new SmsBalanceException(this.account, Objects.requireNonNull(this.pending.get()),
				null);
		try {
			end(null, failure);
		}
		finally {
			interrupt();
			// If an error has kept it from its end
			completeExceptionally(failure);
		}
	}

	void close() {
		this.ended.set(true);
		interrupt();
		completeExceptionally(new CancellationException("The application context is closed"));
	}

	// What has ended takes no further step, even if the interrupt was swallowed
	private void setPending(SmsBalanceFailure failure) {
		if (this.ended.get()) {
			throw new CancellationException("The refresh has ended");
		}
		this.pending.set(failure);
	}

	private void end(@Nullable SmsBalance balance, @Nullable Throwable ex) {
		if (!this.ended.compareAndSet(false, true)) {
			return;
		}
		SmsBalanceSnapshot snapshot = (balance != null) ? new SmsBalanceSnapshot(balance, this.threads.now()) : null;
		SmsBalanceException failure = (balance != null) ? null : SmsBalanceReader.toFailure(this.account, ex);
		try {
			this.monitor.refreshCompleted(this, snapshot, failure);
		}
		finally {
			if (failure != null) {
				completeExceptionally(failure);
			}
			else {
				complete(snapshot);
			}
		}
		// Last: it is what ends the wait if anything here fails
		if (this.deadline != null) {
			this.deadline.cancel(false);
		}
	}

	private void interrupt() {
		if (this.task != null) {
			this.task.cancel(true);
		}
	}

}

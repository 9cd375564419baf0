package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.client.BoundedExecutor;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

/**
 * One refresh of an account, from the moment it is asked for to its end, which comes once
 * and at the deadline at the latest.
 */
final class SmsBalanceRead {

	private static final Log logger = LogFactory.getLog(SmsBalanceRead.class);

	// Reactor's key for what an onErrorDropped hook would do for everybody. A request
	// that was abandoned still ends, and Reactor logs that as an error
	private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

	private final CompletableFuture<SmsBalanceSnapshot> result = new CompletableFuture<>();

	private final String account;

	private final SmsBalanceClient client;

	private final EngageLabSmsThreads threads;

	private final BoundedExecutor calls;

	private final BiConsumer<SmsBalanceRead, Outcome> completed;

	private final FutureTask<@Nullable Void> call = new FutureTask<>(Executors.callable(this::subscribe, null));

	private final Disposable.Swap subscription = Disposables.swap();

	private final AtomicReference<SmsBalanceFailure> pending = new AtomicReference<>(SmsBalanceFailure.TIMEOUT);

	private final AtomicBoolean ended = new AtomicBoolean();

	private volatile @Nullable Future<?> deadline;

	SmsBalanceRead(String account, SmsBalanceClient client, EngageLabSmsThreads threads, BoundedExecutor calls,
			BiConsumer<SmsBalanceRead, Outcome> completed) {
		this.account = account;
		this.client = client;
		this.threads = threads;
		this.calls = calls;
		this.completed = completed;
	}

	// Start, and end one whose deadline has passed unnoticed
	void start(Duration timeout, @Nullable SmsBalanceRead overdue) {
		try {
			this.deadline = this.threads.schedule(this::expire, timeout);
			if (this.client instanceof WebClientSmsBalanceClient) {
				// Ours does not hang: all of it runs on one worker, off the lane
				subscribe(this.calls.call(() -> true).flatMap((ready) -> getBalance()));
			}
			else {
				this.calls.execute(this.call);
			}
		}
		catch (Throwable ex) {
			fail(ex);
		}
		if (overdue != null) {
			overdue.expire();
		}
	}

	// For those who wait: without dependents, which would delay them
	CompletableFuture<SmsBalanceSnapshot> result() {
		return this.result;
	}

	void complete(Reading reading) {
		if (reading.failure() != null) {
			this.result.completeExceptionally(reading.failure());
		}
		else {
			this.result.complete(reading.snapshot());
		}
	}

	SmsBalanceRead cancel() {
		if (this.ended.compareAndSet(false, true)) {
			abandon();
		}
		// Also if it has ended, as its outcome may not be handed over any more
		this.result.completeExceptionally(new CancellationException("The application context is closed"));
		return this;
	}

	private void subscribe() {
		try {
			subscribe(getBalance());
		}
		catch (Throwable ex) {
			fail(ex);
		}
	}

	private Mono<SmsBalance> getBalance() {
		// It may have waited for a worker for longer than anybody waits for it
		return this.ended.get() ? Mono.empty() : this.client.getBalance(this.account);
	}

	private void subscribe(Mono<SmsBalance> balance) {
		// Sooner than subscribe returns, which takes as long as what runs in it
		balance.doOnSubscribe((subscription) -> this.subscription.update(subscription::cancel))
			// What has ended need not keep the credentials
			.doOnTerminate(() -> this.subscription.replace(Disposables.disposed()))
			.subscribe((result) -> end(new Outcome(result, null)), this::fail, this::failIfEmpty,
					Context.of(WebClientSmsBalanceClient.PENDING_FAILURE, this.pending, ON_ERROR_DROPPED,
							(Consumer<Throwable>) (ex) -> logger.debug("An abandoned refresh has ended", ex)));
	}

	private void expire() {
		if (end(new Outcome(null,
				new SmsBalanceException(this.account, Objects.requireNonNull(this.pending.get()), null)))) {
			abandon();
		}
	}

	private void abandon() {
		if (!this.calls.cancel(this.call)) {
			// What it cancels may be the application's, and hang like the call itself
			this.calls.execute(this.subscription::dispose);
		}
	}

	private void fail(@Nullable Throwable ex) {
		end(new Outcome(null, (ex instanceof SmsBalanceException failed) ? failed
				: new SmsBalanceException(this.account, SmsBalanceFailure.MALFORMED_RESPONSE, (ex != null)
						? "SmsBalanceClient failed: " + ex.getClass().getName() : "SmsBalanceClient returned nothing",
						ex)));
	}

	private void failIfEmpty() {
		if (!this.ended.get()) {
			fail(null);
		}
	}

	private boolean end(Outcome outcome) {
		boolean first = this.ended.compareAndSet(false, true);
		if (first) {
			if (this.deadline != null) {
				this.deadline.cancel(false);
			}
			try {
				this.completed.accept(this, outcome);
			}
			catch (Throwable ex) {
				this.result.completeExceptionally(ex);
			}
		}
		return first;
	}

	/**
	 * What a read has brought: one of the two.
	 */
	record Outcome(@Nullable SmsBalance balance, @Nullable SmsBalanceException failure) {
	}

}

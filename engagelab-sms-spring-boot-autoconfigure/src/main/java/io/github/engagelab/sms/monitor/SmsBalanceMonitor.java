package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.client.SmsBalanceClient;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.util.Assert;

/**
 * Watches one account: holds the newest snapshot, lets one request be in flight at a time
 * and works out the account's state. Safe for use by many threads; nothing here blocks.
 */
public final class SmsBalanceMonitor {

	private static final Log logger = LogFactory.getLog(SmsBalanceMonitor.class);

	private final String account;

	private final SmsBalanceClient client;

	private final SmsBalanceThresholds thresholds;

	private final Duration maxAge;

	private final Scheduler clock = Schedulers.parallel();

	private final List<SmsBalanceMonitorListener> listeners = new CopyOnWriteArrayList<>();

	private final AtomicReference<@Nullable Mono<SmsBalanceSnapshot>> inFlight = new AtomicReference<>();

	private final Disposable.Swap expiry = Disposables.swap();

	private final Sinks.Empty<Void> closed = Sinks.empty();

	private volatile Reading reading = Reading.NONE;

	/**
	 * What the listeners were told last.
	 */
	private SmsAccountStatus told;

	SmsBalanceMonitor(String account, SmsBalanceClient client, SmsBalanceThresholds thresholds, Duration maxAge) {
		this.account = account;
		this.client = client;
		this.thresholds = thresholds;
		this.maxAge = maxAge;
		this.told = getStatus();
	}

	/**
	 * Return the name of the account.
	 * @return the name of the account
	 */
	public String getAccount() {
		return this.account;
	}

	/**
	 * Return what is known of the account now. Never calls the provider.
	 * @return the status
	 */
	public SmsAccountStatus getStatus() {
		return this.reading.status(this.account, this.thresholds, this.maxAge, now());
	}

	/**
	 * Add a listener.
	 * @param listener the listener to add
	 */
	public void addListener(SmsBalanceMonitorListener listener) {
		this.listeners.add(listener);
	}

	/**
	 * Ask the provider, or share the answer to the request that is in flight. To cancel
	 * the subscription does not cancel the request, which others may wait for.
	 * @return the new snapshot, or an {@link SmsBalanceException} if the balance could
	 * not be read, or a {@link CancellationException} if the application ends meanwhile
	 */
	public Mono<SmsBalanceSnapshot> refresh() {
		return Mono.defer(() -> {
			Mono<SmsBalanceSnapshot> request = request();
			Mono<SmsBalanceSnapshot> running = this.inFlight.compareAndExchange(null, request);
			return (running != null) ? running : request;
		});
	}

	/**
	 * Return the newest snapshot if it is young enough, otherwise {@link #refresh()}.
	 * @param maxAge how old the snapshot may be; zero always asks
	 * @return the snapshot, or an error as of {@link #refresh()}
	 */
	Mono<SmsBalanceSnapshot> getSnapshot(Duration maxAge) {
		Assert.isTrue(!maxAge.isNegative(), "'maxAge' must not be negative");
		return Mono.defer(() -> {
			SmsBalanceSnapshot snapshot = this.reading.snapshot();
			boolean youngEnough = snapshot != null && snapshot.age(now()).compareTo(maxAge) < 0;
			return youngEnough ? Mono.justOrEmpty(snapshot) : refresh();
		});
	}

	/**
	 * Cancel what is in flight, and tell nobody anything any more.
	 */
	void close() {
		this.listeners.clear();
		this.closed.tryEmitEmpty();
		this.expiry.dispose();
	}

	private Mono<SmsBalanceSnapshot> request() {
		return Mono.defer(this::ask)
			// The client may be slow to begin with, at its first call above all
			.subscribeOn(Schedulers.boundedElastic())
			// What follows an answer, like logging it, is not for the client's threads
			.publishOn(Schedulers.boundedElastic())
			.switchIfEmpty(
					Mono.error(() -> new SmsBalanceException(this.account, SmsBalanceFailure.MALFORMED_RESPONSE, null)))
			.onErrorMap((ex) -> !(ex instanceof SmsBalanceException),
					(ex) -> new SmsBalanceException(this.account, SmsBalanceFailure.UNREACHABLE, ex))
			.map((balance) -> new SmsBalanceSnapshot(balance, now()))
			.doOnNext((snapshot) -> refreshed((reading) -> reading.succeeded(snapshot)))
			.doOnError(SmsBalanceException.class, (ex) -> refreshed((reading) -> reading.failed(ex, now())))
			.takeUntilOther(this.closed.asMono())
			.switchIfEmpty(Mono.error(() -> new CancellationException("The application is ending")))
			// Before the answer is passed on: who asks because of it gets a new one
			.doOnTerminate(() -> this.inFlight.set(null))
			.cache();
	}

	private Mono<SmsBalance> ask() {
		asked();
		return this.client.getBalance(this.account);
	}

	private synchronized void asked() {
		this.reading = this.reading.asked(now());
		expireInTime();
	}

	/**
	 * Take in what a read has brought. Listeners are told under the lock: that keeps what
	 * they are told in order, and none of them runs an application's code.
	 * @param outcome what it has brought
	 */
	private synchronized void refreshed(UnaryOperator<Reading> outcome) {
		SmsAccountStatus previous = this.told;
		this.reading = outcome.apply(this.reading);
		this.told = getStatus();
		expireInTime();
		tell((listener) -> listener.refreshed(previous, this.told));
	}

	private synchronized void expired() {
		SmsAccountStatus previous = this.told;
		this.told = getStatus();
		// The host's clock may have been set back meanwhile
		if (!expireInTime()) {
			tell((listener) -> listener.expired(previous, this.told));
		}
	}

	private boolean expireInTime() {
		Duration left = this.reading.untilExpired(now(), this.maxAge);
		if (left == null || left.isNegative() || left.isZero()) {
			return false;
		}
		this.expiry.update(Mono.delay(left).publishOn(Schedulers.boundedElastic()).subscribe((tick) -> expired()));
		return true;
	}

	private void tell(Consumer<SmsBalanceMonitorListener> news) {
		for (SmsBalanceMonitorListener listener : this.listeners) {
			try {
				news.accept(listener);
			}
			catch (RuntimeException ex) {
				logger.warn("Watching EngageLab SMS account '" + this.account + "' goes on after an error", ex);
			}
		}
	}

	private Instant now() {
		return Instant.ofEpochMilli(this.clock.now(TimeUnit.MILLISECONDS));
	}

}

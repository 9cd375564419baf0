package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.Sinks.EmitFailureHandler;
import reactor.core.scheduler.Schedulers;

import org.springframework.context.SmartLifecycle;

/**
 * Refreshes every account right after start-up and then at an interval, however often it
 * fails. Works on Reactor's shared daemon threads and has none of its own.
 */
public final class SmsBalancePoller implements SmartLifecycle {

	/**
	 * Between the first reads of two accounts.
	 */
	private static final Duration STAGGER = Duration.ofMillis(50);

	private static final int MOST_AT_ONCE = 16;

	/**
	 * How long a read that takes its time keeps others waiting.
	 */
	private static final Duration PATIENCE = Duration.ofSeconds(1);

	private final SmsBalanceMonitors monitors;

	private final boolean enabled;

	private final Duration interval;

	private final Duration maxAge;

	private final Map<String, Instant> nextRefreshes = new ConcurrentHashMap<>();

	private Disposable.@Nullable Composite polls;

	/**
	 * Create a poller.
	 * @param monitors the accounts to refresh
	 * @param enabled whether to start with the application context
	 * @param interval the time from one refresh to the next, give or take 10 %
	 * @param maxAge how long a {@code Retry-After} of the provider is obeyed at most
	 */
	public SmsBalancePoller(SmsBalanceMonitors monitors, boolean enabled, Duration interval, Duration maxAge) {
		this.monitors = monitors;
		this.enabled = enabled;
		this.interval = interval;
		this.maxAge = maxAge;
	}

	@Override
	public boolean isAutoStartup() {
		return this.enabled;
	}

	@Override
	public synchronized void start() {
		if (this.polls != null) {
			return;
		}
		Sinks.Many<Mono<Void>> turns = Sinks.many().unicast().onBackpressureBuffer();
		this.polls = Disposables.composite(turns.asFlux().flatMap(Function.identity(), MOST_AT_ONCE).subscribe());
		int position = 0;
		Duration share = this.interval.dividedBy(this.monitors.all().size());
		Duration stagger = (share.compareTo(STAGGER) < 0) ? share : STAGGER;
		for (SmsBalanceMonitor monitor : this.monitors.all()) {
			// All are read at once, and then take up their places in the interval
			Duration first = stagger.multipliedBy(position);
			Duration second = share.multipliedBy(++position).minus(first);
			this.polls.add(Mono.delay(first)
				.then(refresh(monitor, second, turns))
				.thenMany(refresh(monitor, this.interval, turns).repeat())
				.subscribe());
		}
	}

	@Override
	public synchronized void stop() {
		if (this.polls != null) {
			this.polls.dispose();
			this.polls = null;
			this.nextRefreshes.clear();
		}
	}

	@Override
	public synchronized boolean isRunning() {
		return this.polls != null;
	}

	/**
	 * Return when the next refresh of an account is due.
	 * @param account the name of the account
	 * @return the moment, past while a refresh is under way, or {@code null} if none was
	 * planned yet
	 */
	public @Nullable Instant getNextRefresh(String account) {
		return this.nextRefreshes.get(account);
	}

	/**
	 * Refresh, then wait until the next refresh is due.
	 * @param monitor the account to refresh
	 * @param period the time from now to the next refresh
	 * @param turns where to queue for it
	 * @return completes when the next refresh is due; never fails
	 */
	private Mono<Long> refresh(SmsBalanceMonitor monitor, Duration period, Sinks.Many<Mono<Void>> turns) {
		return Mono.defer(() -> {
			long begin = now();
			return inTurn(monitor.refresh(), turns).thenReturn(Duration.ZERO)
				.onErrorResume((ex) -> Mono.just(retryAfter(ex)))
				.map((wait) -> longer(jitter(period).minusMillis(now() - begin), wait))
				.doOnNext(
						(wait) -> this.nextRefreshes.put(monitor.getAccount(), Instant.ofEpochMilli(now()).plus(wait)))
				.flatMap(Mono::delay);
		});
	}

	/**
	 * Read when there are few enough other reads, so that accounts that are due together
	 * share connections instead of opening one each.
	 * @param read the read
	 * @param turns where to queue for it
	 * @return what the read brings
	 */
	private static Mono<SmsBalanceSnapshot> inTurn(Mono<SmsBalanceSnapshot> read, Sinks.Many<Mono<Void>> turns) {
		return Mono.create((sink) -> turns.emitNext(Mono.defer(() -> {
			Mono<SmsBalanceSnapshot> begun = read.cache();
			sink.onDispose(begun.subscribe(sink::success, sink::error));
			return begun.then().onErrorComplete().timeout(PATIENCE, Mono.empty());
		}), EmitFailureHandler.busyLooping(PATIENCE)));
	}

	private Duration retryAfter(Throwable ex) {
		Duration wait = (ex instanceof SmsBalanceException failed) ? failed.getRetryAfter() : null;
		if (wait == null) {
			return Duration.ZERO;
		}
		return (wait.compareTo(this.maxAge) < 0) ? wait : this.maxAge;
	}

	private static Duration longer(Duration one, Duration other) {
		return (one.compareTo(other) > 0) ? one : other;
	}

	/**
	 * Spread the instances of an application that were started together.
	 * @param period the period
	 * @return the period, give or take 10 %
	 */
	private static Duration jitter(Duration period) {
		return Duration.ofMillis((period.toMillis() * ThreadLocalRandom.current().nextLong(900, 1101)) / 1000);
	}

	private static long now() {
		return Schedulers.parallel().now(TimeUnit.MILLISECONDS);
	}

}

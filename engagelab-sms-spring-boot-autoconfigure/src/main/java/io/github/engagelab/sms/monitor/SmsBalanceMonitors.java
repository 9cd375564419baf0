package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.UnknownSmsAccountException;
import io.github.engagelab.sms.client.BoundedExecutor;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsAccountStateNotifier.Mode;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.util.Assert;

/**
 * The monitors of all accounts, one each. Public for technical reasons only.
 */
public final class SmsBalanceMonitors implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(SmsBalanceMonitors.class);

	// A listener that hangs must not fill the memory
	private static final int MAX_PENDING_EVENTS = 10_000;

	private static final int MAX_SIGNALS = 16;

	private final Map<String, SmsBalanceMonitor> monitors = new LinkedHashMap<>();

	private final ApplicationEventPublisher publisher;

	private final Settings settings;

	// One worker, so that events arrive in order
	private final BoundedExecutor events;

	private final @Nullable SmsBalanceTurns turns;

	public SmsBalanceMonitors(Set<String> accounts, SmsBalanceClient client,
			Function<String, SmsBalanceThresholds> thresholds, Settings settings, EngageLabSmsThreads threads,
			ApplicationEventPublisher publisher, @Nullable SmsBalanceTurns turns) {
		Assert.notEmpty(accounts, "There must be an account");
		this.publisher = publisher;
		this.settings = settings;
		this.turns = turns;
		this.events = new BoundedExecutor(threads, 1);
		// A subscriber may block; so many may do so at once
		BoundedExecutor signals = new BoundedExecutor(threads, MAX_SIGNALS);
		for (String account : accounts) {
			Assert.isTrue(EngageLabSmsConnectionDetails.isAccountName(account),
					() -> "'" + account + "' cannot name an account");
			SmsBalanceException disabled = new SmsBalanceException(account, SmsBalanceFailure.DISABLED, null);
			SmsAccountReadings readings = new SmsAccountReadings(account, thresholds.apply(account), settings, threads,
					new SmsAccountStateNotifier(threads, this::publish, turns != null), settings.enabled()
							? Reading.NONE : Reading.NONE.failed(disabled, threads.now(), threads.nanoTime()));
			this.monitors.put(account,
					new SmsBalanceMonitor(readings, settings.enabled() ? client : (name) -> Mono.error(disabled),
							settings.requestTimeout(), threads, signals, turns));
		}
	}

	public boolean isEnabled() {
		return this.settings.enabled();
	}

	public Map<String, SmsBalanceMonitor> asMap() {
		return Collections.unmodifiableMap(this.monitors);
	}

	public Collection<SmsBalanceMonitor> all() {
		return asMap().values();
	}

	// Return the monitor of an account
	public SmsBalanceMonitor get(@Nullable String account) {
		String name = (account != null) ? account : this.settings.primaryAccount();
		Assert.state(name != null, () -> "There are several EngageLab SMS accounts: use forAccount(...), "
				+ "or set engagelab.sms.primary-account to one of " + this.monitors.keySet());
		SmsBalanceMonitor monitor = this.monitors.get(name);
		if (monitor == null) {
			throw new UnknownSmsAccountException(name, this.monitors.keySet());
		}
		return monitor;
	}

	void setMode(Mode mode) {
		all().forEach((monitor) -> monitor.getNotifier().setMode(mode));
	}

	// Wait until what has been raised is delivered, for a bounded time
	void deliverEvents(Duration timeout) {
		CountDownLatch delivered = new CountDownLatch(1);
		AtomicInteger notifying = new AtomicInteger(this.monitors.size());
		all().forEach((monitor) -> monitor.getNotifier().execute(() -> {
			if (notifying.decrementAndGet() == 0) {
				afterCalls(() -> this.events.execute(delivered::countDown));
			}
		}));
		try {
			if (!delivered.await(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
				logger.warn("A listener for EngageLab SMS state changes did not complete within " + timeout);
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	@Override
	public void close() {
		all().forEach(SmsBalanceMonitor::close);
	}

	// What is being shared may bring an event
	private void afterCalls(Runnable task) {
		if (this.turns != null) {
			this.turns.afterCalls(task);
		}
		else {
			task.run();
		}
	}

	private void publish(SmsAccountStateChangedEvent event) {
		if (this.events.size() >= MAX_PENDING_EVENTS) {
			logger.warn("An event of EngageLab SMS account '%s' is dropped as a listener does not end"
				.formatted(event.account()));
			return;
		}
		this.events.execute(() -> {
			try {
				this.publisher.publishEvent(event);
			}
			catch (Throwable ex) {
				logger.warn("A listener to the state of EngageLab SMS account '" + event.account() + "' failed", ex);
			}
		});
	}

	/**
	 * The settings of the monitors.
	 *
	 * @param enabled whether requests are sent at all
	 * @param primaryAccount the account used when none is specified, or {@code null}
	 * @param maxAge the age at which a snapshot is considered stale
	 * @param requestTimeout the maximum time of a refresh
	 */
	public record Settings(boolean enabled, @Nullable String primaryAccount, Duration maxAge, Duration requestTimeout) {
	}

}

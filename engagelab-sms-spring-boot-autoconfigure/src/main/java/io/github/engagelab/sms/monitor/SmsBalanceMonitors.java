package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.UnknownSmsAccountException;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceReader;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.util.Assert;

/**
 * The monitors of all accounts, one each. Public for technical reasons only.
 */
public class SmsBalanceMonitors implements AutoCloseable {

	private static final Log logger = LogFactory.getLog(SmsBalanceMonitors.class);

	private final Map<String, SmsBalanceMonitor> monitors = new LinkedHashMap<>();

	private final ApplicationEventPublisher publisher;

	private final Settings settings;

	// One thread, so that events arrive in order
	private final ExecutorService events;

	private final @Nullable SmsBalanceTurns turns;

	public SmsBalanceMonitors(Set<String> accounts, SmsBalanceReader reader,
			Function<String, SmsBalanceThresholds> thresholds, Settings settings, EngageLabSmsThreads threads,
			ApplicationEventPublisher publisher, @Nullable SmsBalanceTurns turns) {
		Assert.notEmpty(accounts, "There must be an account");
		this.publisher = publisher;
		this.settings = settings;
		this.turns = turns;
		this.events = threads.single("events");
		for (String account : accounts) {
			Assert.isTrue(EngageLabSmsConnectionDetails.isAccountName(account),
					() -> "'" + account + "' cannot name an account");
			SmsBalanceException disabled = new SmsBalanceException(account, SmsBalanceFailure.DISABLED, null);
			Reading first = settings.enabled() ? Reading.NONE
					: Reading.NONE.failed(disabled, 0, threads.now(), threads.nanoTime());
			this.monitors.put(account, new SmsBalanceMonitor(account, thresholds.apply(account),
					settings.enabled() ? reader : SmsBalanceReader.failing(disabled), settings, threads,
					new SmsAccountStateNotifier(threads.workers(), this::publish, turns != null), turns, first));
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

	// Return the monitor of an account, or of the one used when none is specified
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

	void notifyOf(boolean refreshes, boolean expiry) {
		all().forEach((monitor) -> monitor.getNotifier().notifyOf(refreshes, expiry));
	}

	// Wait until what has been raised is delivered, for a bounded time
	void deliverEvents(Duration timeout) {
		CountDownLatch delivered = new CountDownLatch(1);
		CompletableFuture<?>[] notified = all().stream().map((monitor) -> monitor.getNotifier().then(() -> {
		})).toArray(CompletableFuture<?>[]::new);
		Runnable last = () -> this.events.execute(delivered::countDown);
		var unused = CompletableFuture.allOf(notified)
			.thenRun((this.turns != null) ? () -> this.turns.afterCalls(last) : last);
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

	private void publish(SmsAccountStateChangedEvent event) {
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
	 * @param interval the time between two polls
	 * @param maxAge the age at which a snapshot is considered stale
	 * @param requestTimeout the maximum time of a refresh
	 */
	public record Settings(boolean enabled, @Nullable String primaryAccount, Duration interval, Duration maxAge,
			Duration requestTimeout) {
	}

}

package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.function.Function;

import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.monitor.SharedAccount;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceTurns;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The replicas of an application, of which one at a time polls. Public for technical
 * reasons only.
 */
public final class SmsBalanceCluster implements SmsBalanceTurns {

	private static final Log logger = LogFactory.getLog(SmsBalanceCluster.class);

	private final SmsBalanceStore store;

	private final Duration interval;

	private final EngageLabSmsThreads threads;

	private final Function<String, Mono<String>> identity;

	// One worker for all calls: a store that hangs must not drain the application's
	// connection pool. Never interrupted, as that breaks a driver that is connecting
	private final ExecutorService calls;

	// Accounts that are polled alone, as the store fails
	private final Set<String> outages = new HashSet<>();

	// Accounts that are polled alone, as what the store holds is not theirs
	private final Set<String> strangers = new HashSet<>();

	private volatile @Nullable Long callingSince;

	public SmsBalanceCluster(SmsBalanceStore store, Duration interval, EngageLabSmsThreads threads,
			Function<String, Mono<String>> identity) {
		this.store = store;
		this.interval = interval;
		this.threads = threads;
		this.identity = identity;
		this.calls = threads.single("cluster");
	}

	@Override
	public SmsBalanceReplica join(SmsBalanceMonitor monitor) {
		return new SmsBalanceReplica(this, monitor, () -> Mono.fromFuture(monitor.identify()));
	}

	public SmsBalanceReplica join(SharedAccount account) {
		return new SmsBalanceReplica(this, account, () -> this.identity.apply(account.getAccount()));
	}

	SmsBalanceStore store() {
		return this.store;
	}

	Duration interval() {
		return this.interval;
	}

	Instant now() {
		return this.threads.now();
	}

	long nanoTime() {
		return this.threads.nanoTime();
	}

	@Override
	public void afterCalls(Runnable task) {
		Long since = this.callingSince;
		if (since != null && this.threads.nanoTime() - since >= Looks.TIMEOUT.toNanos()) {
			task.run();
		}
		else {
			execute(task);
		}
	}

	// Run a task that calls the store
	void execute(Runnable task) {
		this.calls.execute(() -> {
			this.callingSince = this.threads.nanoTime();
			try {
				task.run();
			}
			finally {
				this.callingSince = null;
			}
		});
	}

	// Run a task that does not, off the timer
	void executeApart(Runnable task) {
		this.threads.workers().execute(task);
	}

	// One line if it is the store that fails, however many accounts that concerns
	synchronized void warn(String account, Alone alone) {
		if (alone.cause() == null || this.outages.contains(account) || this.strangers.contains(account)) {
			return;
		}
		if (!alone.outage()) {
			this.strangers.add(account);
			logger.warn("EngageLab SMS account '%s' is polled by this instance alone: %s".formatted(account,
					alone.cause()));
		}
		else if (this.outages.add(account) && this.outages.size() == 1) {
			logger.warn("EngageLab SMS accounts are polled by this instance alone: " + alone.cause());
		}
	}

	synchronized void rejoined(String account) {
		if (this.strangers.remove(account)) {
			logger.info("Polls of EngageLab SMS account '%s' are shared again".formatted(account));
		}
		if (this.outages.remove(account) && this.outages.isEmpty()) {
			logger.info("Polls of EngageLab SMS accounts are shared again");
		}
	}

}

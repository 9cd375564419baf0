package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SecretMask;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceTurn;
import io.github.engagelab.sms.monitor.SmsBalanceTurns;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.core.NestedExceptionUtils;
import org.springframework.util.StringUtils;

/**
 * What all accounts share that replicas poll together. Public for technical reasons only.
 */
public class SmsBalanceCluster implements SmsBalanceTurns {

	static final Duration TIMEOUT = Duration.ofMillis(500);

	// The driver may have to be loaded, and to connect, for the first call
	static final Duration FIRST_TIMEOUT = Duration.ofSeconds(3);

	private static final Log logger = LogFactory.getLog(SmsBalanceCluster.class);

	final SharedHash hash;

	final EngageLabSmsThreads threads;

	// One thread for all calls: a Redis that hangs must not drain the application's
	// connection pool. Never interrupted, as that breaks a driver that is connecting
	final Executor calls;

	private final Set<String> alone = new HashSet<>();

	private CompletableFuture<?> publishing = CompletableFuture.completedFuture(null);

	public SmsBalanceCluster(SharedHash hash, EngageLabSmsThreads threads) {
		this.hash = hash;
		this.threads = threads;
		this.calls = threads.single("cluster");
	}

	@Override
	public SmsBalanceTurn join(SmsBalanceMonitor monitor) {
		return new SmsBalanceReplica(this, monitor);
	}

	@Override
	public synchronized void afterCalls(Runnable task) {
		CompletableFuture<@Nullable Void> timeout = new CompletableFuture<>();
		var unused = this.threads.scheduleDeadline(TIMEOUT, () -> timeout.complete(null));
		var ignored = CompletableFuture.anyOf(this.publishing, timeout).whenComplete((result, ex) -> task.run());
	}

	// Go on with the key of an account, or null, on the thread for Redis
	CompletableFuture<?> withKey(SmsBalanceMonitor monitor, Consumer<@Nullable String> task) {
		return monitor.identify()
			.whenCompleteAsync(
					(value, ex) -> task.accept((ex != null) ? null : this.hash.key(monitor.getAccount(), value)),
					this.calls);
	}

	// A result is being published, which may bring an event
	synchronized void publishing(CompletableFuture<?> published) {
		this.publishing = CompletableFuture.allOf(this.publishing, published);
	}

	static String describe(Throwable ex) {
		Throwable root = NestedExceptionUtils.getMostSpecificCause(ex);
		return SecretMask.printable("%s: %s".formatted(root.getClass().getSimpleName(), root.getMessage()));
	}

	// One line, however many accounts that concerns, unless a refresh logs the same
	synchronized void warn(String account, @Nullable String cause) {
		if (StringUtils.hasText(cause) && this.alone.add(account) && this.alone.size() == 1) {
			logger.warn("EngageLab SMS account '%s' and possibly others are polled by this instance alone: %s"
				.formatted(account, cause));
		}
	}

	synchronized void shared(String account) {
		if (this.alone.remove(account) && this.alone.isEmpty()) {
			logger.info("Polls of EngageLab SMS accounts are shared again");
		}
	}

}

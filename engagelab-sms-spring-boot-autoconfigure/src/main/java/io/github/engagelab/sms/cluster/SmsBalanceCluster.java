package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceTurn;
import io.github.engagelab.sms.monitor.SmsBalanceTurns;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.connection.RedisConnectionFactory;

/**
 * The replicas of an application, which share polls through its Redis: what they have in
 * common for all accounts. Public for technical reasons only.
 */
public class SmsBalanceCluster implements SmsBalanceTurns {

	static final Duration TIMEOUT = Duration.ofMillis(500);

	private static final Log logger = LogFactory.getLog(SmsBalanceCluster.class);

	final SharedHash hash;

	final Duration interval;

	final EngageLabSmsThreads threads;

	// One thread for all calls: a Redis that hangs must not drain the application's
	// connection pool. Never interrupted, as that breaks a driver that is connecting
	private final Executor calls;

	private final Set<String> alone = new HashSet<>();

	private CompletableFuture<?> publishing = CompletableFuture.completedFuture(null);

	public SmsBalanceCluster(RedisConnectionFactory connectionFactory, String name, Duration interval,
			EngageLabSmsThreads threads) {
		this(new SharedHash(connectionFactory, name, interval), interval, threads);
	}

	SmsBalanceCluster(SharedHash hash, Duration interval, EngageLabSmsThreads threads) {
		this.hash = hash;
		this.interval = interval;
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
		var unused = this.threads.scheduleOnWorker(TIMEOUT, () -> timeout.complete(null));
		var ignored = CompletableFuture.anyOf(this.publishing, timeout).whenComplete((result, ex) -> task.run());
	}

	// Run a task that calls Redis
	void execute(Runnable task) {
		this.calls.execute(task);
	}

	// Ask for the key of an account, and go on where Redis is called: with null if its
	// credentials fail
	CompletableFuture<?> withKey(SmsBalanceMonitor monitor, Consumer<@Nullable String> task) {
		return monitor.identify()
			.whenCompleteAsync(
					(identity, ex) -> task.accept((ex != null) ? null : this.hash.key(monitor.getAccount(), identity)),
					this.calls);
	}

	// A result is being published, which may bring an event
	synchronized void publishing(CompletableFuture<?> published) {
		this.publishing = CompletableFuture.allOf(this.publishing, published);
	}

	// One line, however many accounts that concerns
	synchronized void warn(String account, String cause) {
		if (this.alone.add(account) && this.alone.size() == 1) {
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

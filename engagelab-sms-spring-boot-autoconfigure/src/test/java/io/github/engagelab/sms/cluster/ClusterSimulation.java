package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collector;
import java.util.stream.Collectors;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceReader;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.jspecify.annotations.Nullable;
import org.mockito.Mockito;

import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.script.RedisScript;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Replicas of one application, their Redis and their provider, in simulated time. Of all
 * their threads one runs at a time, so a seed always brings the same.
 */
@SuppressWarnings("rawtypes")
final class ClusterSimulation implements AutoCloseable {

	static final Duration INTERVAL = Duration.ofSeconds(1);

	static final Duration MAX_AGE = Duration.ofSeconds(3);

	private static final String ACCOUNT = "default";

	private final Duration interval;

	final VirtualTime time = new VirtualTime();

	final Random random;

	final Store redis = new Store();

	final Provider provider = new Provider();

	final List<Replica> replicas = new ArrayList<>();

	final List<Published> events = new ArrayList<>();

	final List<Change> changes = new ArrayList<>();

	private final Deque<Supplier<String>> trace = new ArrayDeque<>();

	ClusterSimulation(long seed) {
		this(seed, INTERVAL);
	}

	ClusterSimulation(long seed, Duration interval) {
		this.interval = interval;
		this.random = new Random(seed);
	}

	Replica start() {
		Replica replica = new Replica();
		this.replicas.add(replica);
		replica.poller.start();
		return replica;
	}

	// End all threads
	@Override
	public void close() {
		this.replicas.forEach((replica) -> replica.threads.close());
	}

	List<Replica> alive() {
		return this.replicas.stream().filter((replica) -> !replica.dead).toList();
	}

	long millis() {
		return this.time.elapsed().toMillis();
	}

	void advance(long millis) {
		this.time.advanceTimeBy(Duration.ofMillis(millis));
	}

	private void sleep(long millis) throws InterruptedException {
		if (millis > 0) {
			this.time.sleep(Duration.ofMillis(millis));
		}
	}

	void advanceUntil(BooleanSupplier condition) {
		for (long end = millis() + 10_000; !condition.getAsBoolean(); advance(10)) {
			assertThat(millis()).as("%s", this).isLessThan(end);
		}
	}

	// Until the provider is asked again
	void advanceToNextCall() {
		int before = this.provider.calls.size();
		advanceUntil(() -> this.provider.calls.size() > before);
	}

	Replica poller() {
		return alive().stream()
			.filter((replica) -> "self".equals(replica.monitor.getPolledBy()))
			.collect(onlyElement());
	}

	private static <T> Collector<T, ?, T> onlyElement() {
		return Collectors.collectingAndThen(Collectors.toList(), (list) -> {
			assertThat(list).hasSize(1);
			return list.get(0);
		});
	}

	void trace(String format, Object... arguments) {
		long millis = millis();
		// Formatted if a test fails, only then
		this.trace.add(() -> "%6d %s".formatted(millis, format.formatted(arguments)));
		if (this.trace.size() > 200) {
			this.trace.remove();
		}
	}

	@Override
	public String toString() {
		return this.trace.stream()
			.map(Supplier::get)
			.map((line) -> line.substring(0, Math.min(line.length(), 300)))
			.collect(Collectors.joining(System.lineSeparator()));
	}

	boolean chance(double probability) {
		return this.random.nextDouble() < probability;
	}

	// A change of the state in Redis, which is to be published by the replica that made
	// it
	record Change(Replica replica, String before, String after, long millis) {

		@Override
		public String toString() {
			return this.before + " -> " + this.after + " at " + this.millis;
		}

	}

	record Published(Replica replica, SmsAccountStateChangedEvent event, long millis) {

		boolean announces(Change change) {
			return change.replica() == this.replica && change.before().equals(this.event.previous().name())
					&& change.after().equals(this.event.current().name()) && change.millis() <= this.millis;
		}

		@Override
		public String toString() {
			return this.event.previous() + " -> " + this.event.current();
		}

	}

	record Call(Replica replica, long millis) {
	}

	/**
	 * A replica, which can be paused and killed like a process.
	 */
	final class Replica implements SmsBalanceReader {

		private final EngageLabSmsThreads threads = ClusterSimulation.this.time.threads(this::delay);

		final SmsBalanceMonitor monitor;

		final SmsBalancePoller poller;

		final int number = ClusterSimulation.this.replicas.size();

		// Which account of the provider it has
		String identity = "identity";

		// What its own account has, if that is not the one of the others
		@Nullable Long total;

		// What fails before the provider is asked
		@Nullable SmsBalanceFailure fault;

		boolean dead;

		long pausedUntil;

		// In milliseconds, until an answer arrives
		int wayBack;

		// By how much a balance was shown younger than it was, in milliseconds
		long youngestError;

		// How often it was asked for its identity
		int identified;

		private long refreshes;

		// At first, the store has 3 s to answer
		private long refreshedAt = millis() + 2_000;

		private long longestGap;

		Replica() {
			SmsBalanceCluster cluster = new SmsBalanceCluster(new View(this), this.threads);
			SmsBalanceMonitors monitors = new SmsBalanceMonitors(Set.of(ACCOUNT), this,
					(account) -> new SmsBalanceThresholds(50_0000, 80_0000L),
					new SmsBalanceMonitors.Settings(true, ACCOUNT, ClusterSimulation.this.interval, MAX_AGE,
							Duration.ofSeconds(2)),
					this.threads, (event) -> publish((SmsAccountStateChangedEvent) event), cluster);
			this.monitor = monitors.get(ACCOUNT);
			this.poller = new SmsBalancePoller(monitors, this.threads, true, ClusterSimulation.this.interval);
			this.monitor.addListener(() -> {
				if (refreshes() != this.refreshes) {
					this.refreshes = refreshes();
					this.longestGap = Math.max(this.longestGap, gap());
					trace("%d gap %d", this.number, gap());
					this.refreshedAt = millis();
					trace("%d refreshed: %s", this.number, status());
					this.youngestError = Math.max(this.youngestError, trueAge() - age());
				}
			});
		}

		// In milliseconds
		long age() {
			SmsBalanceSnapshot snapshot = status().snapshot();
			return millis() - ((snapshot != null) ? snapshot.readAt().toEpochMilli() : 0);
		}

		long trueAge() {
			SmsBalanceSnapshot snapshot = status().snapshot();
			return millis() - ((snapshot != null)
					? ClusterSimulation.this.provider.answeredAt.get(snapshot.balance().giftBalance10000()) : 0);
		}

		// Since the last refresh, but for what it was paused
		private long gap() {
			return millis() - Math.max(this.refreshedAt, Duration.ofNanos(this.pausedUntil).toMillis());
		}

		long longestGap() {
			return Math.max(this.longestGap, gap());
		}

		void forgetGaps() {
			this.longestGap = 0;
		}

		@Override
		public SmsBalance read(String account, @Nullable Object observation, Consumer<SmsBalanceFailure> pending)
				throws InterruptedException {
			pending.accept(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			failIfFaulty();
			pending.accept(SmsBalanceFailure.TIMEOUT);
			return ClusterSimulation.this.provider.ask(this);
		}

		@Override
		public String getIdentity(String account, Consumer<SmsBalanceFailure> pending) {
			this.identified++;
			failIfFaulty();
			return this.identity;
		}

		private void failIfFaulty() {
			if (this.fault != null) {
				throw new SmsBalanceException(ACCOUNT, this.fault, null);
			}
		}

		private void publish(SmsAccountStateChangedEvent event) {
			if (!this.dead) {
				ClusterSimulation.this.events.add(new Published(this, event, millis()));
			}
		}

		// By how many nanoseconds what is due now has to wait, or -1 for ever
		private long delay() {
			return this.dead ? -1 : Math.max(0, this.pausedUntil - ClusterSimulation.this.time.nanoTime());
		}

		SmsAccountStatus status() {
			return this.monitor.getStatus();
		}

		void pause(long millis) {
			trace("%d paused for %d", this.number, millis);
			this.pausedUntil = Math.max(this.pausedUntil,
					ClusterSimulation.this.time.nanoTime() + Duration.ofMillis(millis).toNanos());
		}

		boolean isPaused() {
			return this.pausedUntil > ClusterSimulation.this.time.nanoTime();
		}

		boolean wasPausedWithin(long millis) {
			return millis() - Duration.ofNanos(this.pausedUntil).toMillis() < millis;
		}

		void kill() {
			trace("%d killed", this.number);
			this.dead = true;
		}

		long refreshes(String outcome) {
			return this.monitor.getRefreshes().getOrDefault(outcome, 0L);
		}

		long refreshes() {
			return this.monitor.getRefreshes().values().stream().mapToLong(Long::longValue).sum();
		}

		long spent() {
			return this.monitor.getSpent10000();
		}

	}

	/**
	 * Redis as one replica sees it.
	 */
	private final class View extends SharedHash {

		private final Replica replica;

		View(Replica replica) {
			super(Mockito.mock(RedisConnectionFactory.class), "shop", ClusterSimulation.this.interval);
			this.replica = replica;
		}

		@Override
		List<?> run(RedisScript<List> script, String key, String... arguments) {
			return ClusterSimulation.this.redis.run(this.replica, script, key, arguments);
		}

	}

	/**
	 * What the replicas have in common, and what may be wrong with it.
	 */
	final class Store {

		final RedisModel model = new RedisModel();

		double failure;

		double hang;

		double replay;

		boolean loseNextPublishReply;

		boolean down;

		boolean readOnly;

		int maxLatency;

		// Calls of scripts
		long calls;

		private long hangingUntil;

		void hangFor(long millis) {
			this.hangingUntil = millis() + millis;
		}

		void lose() {
			trace("Redis loses its content");
			this.model.hashes.clear();
		}

		// What the replicas share
		Map<String, String> hash() {
			return this.model.hashes.computeIfAbsent("engagelab-sms:1:shop:default:identity", (key) -> new HashMap<>());
		}

		void setClock(long millis) {
			trace("Redis' clock is set by %d", millis);
			this.model.clockOffset += millis;
		}

		private List<?> run(Replica replica, RedisScript<List> script, String key, String... arguments) {
			check();
			late();
			this.calls++;
			if (chance(this.replay)) {
				// As a driver does that has not heard of the first try
				execute(replica, script, key, arguments);
			}
			List<?> reply = execute(replica, script, key, arguments);
			trace("%d %s: %s", replica.number, List.of(arguments), reply);
			late();
			check();
			if (script == SharedHash.PUBLISH && this.loseNextPublishReply) {
				this.loseNextPublishReply = false;
				throw new IllegalStateException("Redis failed");
			}
			return reply;
		}

		private List<?> execute(Replica replica, RedisScript<List> script, String key, String... arguments) {
			if (this.readOnly) {
				return this.model.runReadOnly(script, key, millis(), arguments);
			}
			List<?> reply = this.model.run(script, key, millis(), arguments);
			String after = this.model.hashes.get(key).getOrDefault("state", "");
			if (script == SharedHash.PUBLISH && !reply.isEmpty() && !after.equals(reply.get(1))) {
				ClusterSimulation.this.changes.add(new Change(replica, (String) reply.get(1), after, millis()));
			}
			return reply;
		}

		private void check() {
			if (this.down || chance(this.failure)) {
				throw new IllegalStateException("Redis failed");
			}
		}

		private void late() {
			int latency = (this.maxLatency > 0) ? ClusterSimulation.this.random.nextInt(this.maxLatency) : 0;
			if (chance(this.hang)) {
				latency += ClusterSimulation.this.random.nextInt(chance(0.2) ? 5000 : 600);
			}
			try {
				sleep(latency);
				sleep(this.hangingUntil - millis());
			}
			catch (InterruptedException ex) {
				throw new IllegalStateException(ex);
			}
		}

	}

	/**
	 * The provider, whose answers can be told apart, and the truth about what was spent.
	 */
	final class Provider {

		final Map<Long, Long> answeredAt = new HashMap<>();

		private final List<long[]> totals = new ArrayList<>(List.of(new long[] { 0, 100_0000 }));

		long spent;

		final List<Call> calls = new ArrayList<>();

		long answers;

		int maxLatency = 100;

		double failure;

		@Nullable Duration retryAfter;

		long total() {
			return this.totals.get(this.totals.size() - 1)[1];
		}

		void change(long amount) {
			this.spent += Math.max(0, -amount);
			this.totals.add(new long[] { millis(), total() + amount });
		}

		private SmsBalance ask(Replica replica) throws InterruptedException {
			this.calls.add(new Call(replica, millis()));
			trace("%d asks", replica.number);
			int there = ClusterSimulation.this.random.nextInt(this.maxLatency / 2 + 1);
			int back = ClusterSimulation.this.random.nextInt(this.maxLatency / 2 + 1) + replica.wayBack;
			// The provider is never paused
			Future<SmsBalance> answer = ClusterSimulation.this.time.timer(() -> 0)
				.schedule(() -> answer(replica), there, TimeUnit.MILLISECONDS);
			ClusterSimulation.this.time.sleep(Duration.ofMillis(there + back));
			try {
				return answer.get();
			}
			catch (ExecutionException ex) {
				throw (SmsBalanceException) ex.getCause();
			}
		}

		private SmsBalance answer(Replica replica) {
			if (chance(this.failure)) {
				throw new SmsBalanceException(ACCOUNT, SmsBalanceFailure.SERVER_ERROR, 500, 1000, null,
						this.retryAfter);
			}
			long total = (replica.total != null) ? replica.total : total();
			this.answeredAt.put(++this.answers, millis());
			return new SmsBalance(total, this.answers, total);
		}

		// Whether the total was such that an account is not in a state, at some time
		boolean wasNot(SmsAccountState state, long from, long to) {
			SmsBalanceThresholds thresholds = new SmsBalanceThresholds(50_0000, 80_0000L);
			for (int i = 0; i < this.totals.size(); i++) {
				long begin = this.totals.get(i)[0];
				long end = (i + 1 < this.totals.size()) ? this.totals.get(i + 1)[0] : Long.MAX_VALUE;
				long total = this.totals.get(i)[1];
				if (begin <= to && end >= from && thresholds.evaluate(new SmsBalance(total, 0, total)) != state) {
					return true;
				}
			}
			return false;
		}

	}

}

package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collector;
import java.util.stream.Collectors;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Replicas of one application, their store and their provider, in simulated time on one
 * thread. A call of the store may let time pass, in which everything else goes on.
 */
final class ClusterSimulation {

	static final Duration INTERVAL = Duration.ofSeconds(1);

	static final Duration MAX_AGE = Duration.ofSeconds(3);

	private static final String ACCOUNT = "default";

	private final Duration interval;

	final VirtualTime time = new VirtualTime();

	final Random random;

	final Store store = new Store();

	final Provider provider = new Provider();

	final List<Replica> replicas = new ArrayList<>();

	final List<Published> events = new ArrayList<>();

	private int seenEvents;

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

	List<Replica> alive() {
		return this.replicas.stream().filter((replica) -> !replica.dead).toList();
	}

	// Each event since the last call together with the one before
	List<List<Published>> newEvents() {
		List<List<Published>> pairs = new ArrayList<>();
		for (int i = Math.max(1, this.seenEvents); i < this.events.size(); i++) {
			// A replica that starts when the content is lost cannot know of the others
			boolean first = this.events.get(i).event().previous() == SmsAccountState.UNKNOWN && this.store.lost;
			if (!first) {
				pairs.add(this.events.subList(i - 1, i + 1));
			}
		}
		this.seenEvents = this.events.size();
		return pairs;
	}

	long millis() {
		return this.time.elapsed().toMillis();
	}

	void advance(long millis) {
		this.time.advanceTimeBy(Duration.ofMillis(millis));
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

	Replica asker() {
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

	record Published(SmsAccountStateChangedEvent event, long millis) {

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
	final class Replica {

		final SmsBalanceMonitors monitors;

		final SmsBalanceMonitor monitor;

		final SmsBalancePoller poller;

		final int number = ClusterSimulation.this.replicas.size();

		String whose = "whose";

		// What its own account has, if that is not the one of the others
		@Nullable Long total;

		// What fails before the provider is asked
		@Nullable SmsBalanceFailure fault;

		boolean dead;

		long pausedUntil;

		// In milliseconds, until an answer arrives
		int wayBack;

		private long refreshes;

		// At first, the store has 3 s to answer
		private long refreshedAt = millis() + 2_000;

		private long longestGap;

		Replica() {
			EngageLabSmsThreads threads = ClusterSimulation.this.time.threads(this::delay);
			SmsBalanceCluster cluster = new SmsBalanceCluster(new View(this), ClusterSimulation.this.interval, threads,
					(account) -> (this.fault != null) ? Mono.error(fault(this.fault)) : Mono.just(this.whose));
			this.monitors = new SmsBalanceMonitors(Set.of(ACCOUNT),
					(account) -> (this.fault != null) ? Mono.error(fault(this.fault))
							: ClusterSimulation.this.provider.ask(this),
					(account) -> new SmsBalanceThresholds(50_0000, 80_0000L),
					new SmsBalanceMonitors.Settings(true, ACCOUNT, MAX_AGE, Duration.ofSeconds(2)), threads,
					(event) -> publish((SmsAccountStateChangedEvent) event), cluster);
			this.monitor = this.monitors.get(ACCOUNT);
			this.poller = new SmsBalancePoller(this.monitors, threads, true, ClusterSimulation.this.interval);
			this.monitor.addListener(() -> {
				if (refreshes() != this.refreshes) {
					this.refreshes = refreshes();
					this.longestGap = Math.max(this.longestGap, gap());
					trace("%d gap %d", this.number, gap());
					this.refreshedAt = millis();
					trace("%d refreshed: %s", this.number, status());
				}
			});
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

		private SmsBalanceException fault(SmsBalanceFailure failure) {
			return new SmsBalanceException(ACCOUNT, failure, null);
		}

		private void publish(SmsAccountStateChangedEvent event) {
			if (!this.dead) {
				ClusterSimulation.this.events.add(new Published(event, millis()));
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
			return this.monitor.getStatistics().getRefreshes(outcome);
		}

		long refreshes() {
			return this.monitor.getStatistics()
				.getOutcomes()
				.stream()
				.mapToLong(this.monitor.getStatistics()::getRefreshes)
				.sum();
		}

		long spent() {
			return this.monitor.getStatistics().getSpent10000();
		}

	}

	/**
	 * The store as one replica sees it.
	 */
	private final class View implements SmsBalanceStore {

		private final Replica replica;

		View(Replica replica) {
			this.replica = replica;
		}

		@Override
		public @Nullable String get(String account) {
			ClusterSimulation.this.store.gets++;
			ClusterSimulation.this.store.before(this.replica);
			String text = ClusterSimulation.this.store.text;
			trace("%d sees %s", this.replica.number, text);
			ClusterSimulation.this.store.after(this.replica);
			return text;
		}

		@Override
		public boolean replace(String account, @Nullable String expected, String text) {
			if (ClusterSimulation.this.store.readOnly) {
				throw new IllegalStateException("READONLY");
			}
			// What the text says of ages it says when it is sent
			ClusterSimulation.this.store.check(this.replica);
			boolean replaced = ClusterSimulation.this.store.replace(expected, text);
			if (chance(ClusterSimulation.this.store.replay)) {
				// As a driver does that has not heard of the first try
				replaced = ClusterSimulation.this.store.replace(expected, text);
			}
			trace("%d replaces by %s: %s", this.replica.number, text, replaced);
			ClusterSimulation.this.store.after(this.replica);
			return replaced;
		}

	}

	/**
	 * What the replicas have in common, and what may be wrong with it.
	 */
	final class Store {

		@Nullable String text;

		double failure;

		double hang;

		double replay;

		boolean down;

		boolean readOnly;

		long gets;

		int maxLatency;

		private long hangingUntil;

		private boolean lost;

		void hangFor(long millis) {
			this.hangingUntil = millis() + millis;
		}

		void lose() {
			trace("store loses its content");
			this.lost = true;
			this.text = null;
		}

		private boolean replace(@Nullable String expected, String text) {
			if (!Objects.equals(expected, this.text)) {
				return false;
			}
			this.text = text;
			return true;
		}

		private void check(Replica replica) {
			if (this.down || replica.dead || chance(this.failure)) {
				throw new IllegalStateException("store failed");
			}
		}

		private void before(Replica replica) {
			check(replica);
			late(replica);
		}

		private void after(Replica replica) {
			late(replica);
			if (this.down || chance(this.failure)) {
				throw new IllegalStateException("store failed after all");
			}
		}

		private void late(Replica replica) {
			if (this.maxLatency > 0) {
				advance(ClusterSimulation.this.random.nextInt(this.maxLatency));
			}
			if (chance(this.hang)) {
				advance(ClusterSimulation.this.random.nextInt(chance(0.2) ? 5000 : 600));
			}
			while (millis() < this.hangingUntil) {
				advance(50);
			}
			while (replica.isPaused()) {
				advance(50);
			}
			if (replica.dead) {
				throw new IllegalStateException("dead");
			}
		}

	}

	/**
	 * The provider, whose answers can be told apart, and the truth about what was spent.
	 */
	final class Provider {

		final Map<Long, Long> answeredAt = new HashMap<>();

		final List<long[]> totals = new ArrayList<>(List.of(new long[] { 0, 100_0000 }));

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

		private Mono<SmsBalance> ask(Replica replica) {
			this.calls.add(new Call(replica, millis()));
			trace("%d asks", replica.number);
			int there = ClusterSimulation.this.random.nextInt(this.maxLatency / 2 + 1);
			int back = ClusterSimulation.this.random.nextInt(this.maxLatency / 2 + 1) + replica.wayBack;
			return Mono.create((sink) -> {
				// The provider is never paused
				schedule(null, there, () -> {
					if (chance(this.failure)) {
						SmsBalanceException failure = new SmsBalanceException(ACCOUNT, SmsBalanceFailure.SERVER_ERROR,
								500, 1000, null, this.retryAfter);
						schedule(replica, back, () -> sink.error(failure));
						return;
					}
					long total = (replica.total != null) ? replica.total : total();
					SmsBalance balance = new SmsBalance(total, ++this.answers, total);
					this.answeredAt.put(this.answers, millis());
					schedule(replica, back, () -> sink.success(balance));
				});
			});
		}

		void schedule(@Nullable Replica replica, int millis, Runnable task) {
			ScheduledExecutorService timer = ClusterSimulation.this.time
				.timer((replica != null) ? replica::delay : () -> 0);
			timer.schedule(task, millis, TimeUnit.MILLISECONDS);
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

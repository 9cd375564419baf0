package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.cluster.ClusterSimulation.Call;
import io.github.engagelab.sms.cluster.ClusterSimulation.Published;
import io.github.engagelab.sms.cluster.ClusterSimulation.Replica;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Replicas that share polls, in simulated time.
 */
class SharingProtocolTests {

	// More than a thousand take longer than one would wait for
	private static final long SEEDS = 300;

	private static final String ALONE = "EngageLab SMS accounts are polled by this instance alone: ";

	private static final String SHARED_AGAIN = "Polls of EngageLab SMS accounts are shared again";

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.engagelab.sms");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	@BeforeEach
	void captureLog() {
		this.logger.setLevel(Level.INFO);
		this.logger.setAdditive(false);
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void releaseLog() {
		this.logger.detachAppender(this.log);
		this.logger.setAdditive(true);
		this.logger.setLevel(null);
	}

	@ParameterizedTest
	@ValueSource(ints = { 1, 4, 8 })
	void pollMakesOneCallPerIntervalHoweverManyReplicas(int replicas) {
		ClusterSimulation cluster = started(replicas);
		cluster.advance(60_000);
		assertThat(cluster.provider.calls).hasSizeBetween(58, 62);
		assertThat(cluster.replicas).extracting((replica) -> replica.monitor.getPolledBy())
			.containsOnlyOnce("self")
			.containsOnly((replicas > 1) ? new String[] { "self", "other" } : new String[] { "self" });
		assertThat(cluster.replicas).allSatisfy((replica) -> {
			assertThat(replica.refreshes("success")).isBetween(62L, 68L);
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_350);
		});
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).isEmpty();
	}

	@Test
	void pollWhenStateChangesPublishesOneEventInAll() {
		ClusterSimulation cluster = started(4);
		for (int i = 0; i < 5; i++) {
			cluster.provider.change(-60_0000);
			cluster.advance(2_000);
			cluster.provider.change(60_0000);
			cluster.advance(2_000);
		}
		assertThat(cluster.events).map(Published::toString)
			.containsExactlyElementsOf(Collections.nCopies(5, List.of("OK -> LOW", "LOW -> OK"))
				.stream()
				.flatMap(Collection::stream)
				.toList());
		assertThat(cluster.replicas).allSatisfy((replica) -> assertThat(replica.spent()).isEqualTo(5 * 60_0000));
	}

	@Test
	void startWhenElevenReplicasDoSoAtOncePublishesOneEventInAll() {
		for (long seed = 1; seed <= 50; seed++) {
			ClusterSimulation cluster = new ClusterSimulation(seed);
			cluster.store.maxLatency = 20;
			for (int i = 0; i < 11; i++) {
				cluster.start();
			}
			cluster.advance(6_000);
			assertThat(cluster.events).map(Published::toString)
				.as("seed %d%n%s", seed, cluster)
				.containsExactly("UNKNOWN -> OK");
		}
	}

	@Test
	void startWhenAllReplicasWereLowDoesNotAnnounceItAgain() {
		ClusterSimulation cluster = started(3);
		cluster.provider.change(-60_0000);
		cluster.advance(2_000);
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> LOW");
		cluster.replicas.forEach(Replica::kill);
		cluster.advance(20_000);
		cluster.events.clear();
		for (int i = 0; i < 3; i++) {
			cluster.start();
		}
		cluster.advance(1_500);
		assertThat(cluster.alive()).hasSize(3)
			.allSatisfy((replica) -> assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW));
		cluster.advance(5_000);
		assertThat(cluster.events).isEmpty();
		cluster.provider.change(60_0000);
		cluster.advance(2_000);
		assertThat(cluster.events).map(Published::toString).containsExactly("LOW -> OK");
	}

	@Test
	void pollWhenAskerIsKilledIsTakenOverWithoutEvent() {
		for (int delay = 0; delay < 1_000; delay += 50) {
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			Replica killed = cluster.asker();
			killed.kill();
			int before = cluster.provider.calls.size();
			cluster.advance(2_000);
			assertThat(cluster.provider.calls.size()).as("killed after %d%n%s", delay, cluster).isGreaterThan(before);
			cluster.advance(10_000);
			assertThat(cluster.asker()).isNotEqualTo(killed);
			assertThat(cluster.events).isEmpty();
			assertThat(clusterLog()).isEmpty();
		}
	}

	@Test
	void pollWhenAskerIsPausedIsTakenOverWithoutEventAndSpentIsRight() {
		for (int delay = 0; delay < 1_000; delay += 50) {
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			cluster.asker().pause(5_000);
			for (int i = 0; i < 16; i++) {
				cluster.provider.change(-1_0000);
				cluster.advance(500);
			}
			cluster.advance(2_000);
			assertThat(cluster.replicas).as("paused after %d%n%s", delay, cluster).allSatisfy((replica) -> {
				assertThat(replica.spent()).isEqualTo(cluster.provider.spent);
				assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			});
			assertThat(cluster.asker()).isNotNull();
			assertThat(cluster.events).isEmpty();
			assertThat(clusterLog()).isEmpty();
		}
	}

	@Test
	void pollWhenStoreIsWipedGoesOnWithoutEvent() {
		for (int delay = 0; delay < 1_000; delay += 50) {
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			cluster.store.lose();
			cluster.advance(5_000);
			assertThat(cluster.events).as("wiped after %d%n%s", delay, cluster).isEmpty();
			assertThat(cluster.replicas)
				.allSatisfy((replica) -> assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750));
			assertThat(cluster.provider.calls).as("wiped after %d%n%s", delay, cluster).hasSizeBetween(4, 9);
			assertThat(cluster.asker()).isNotNull();
			assertThat(clusterLog()).isEmpty();
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void pollWhenStoreIsDownGoesOnAloneUntilItIsBack(boolean hangs) {
		for (int delay = 0; delay < 1_000; delay += 50) {
			this.log.list.clear();
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			if (hangs) {
				cluster.store.hangFor(10_000);
			}
			else {
				cluster.store.down = true;
			}
			long back = cluster.millis() + 10_000;
			// Not by one call, which would only return with the store
			cluster.provider.schedule(null, 9_900, () -> {
				assertThat(cluster.replicas).as("%s", cluster)
					.extracting((replica) -> replica.monitor.getPolledBy())
					.containsOnly("alone");
				assertThat(cluster.replicas).extracting((replica) -> replica.status().state())
					.containsOnly(SmsAccountState.LOW);
				assertThat(cluster.events).isEmpty();
			});
			cluster.provider.schedule(null, 4_000, () -> cluster.provider.change(-60_0000));
			cluster.provider.schedule(null, 10_000, () -> cluster.store.down = false);
			cluster.advance(back - cluster.millis());
			assertThat(cluster.replicas).as("down after %d%n%s", delay, cluster)
				.allSatisfy((replica) -> assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750));
			cluster.advance(back + 2_000 - cluster.millis());
			assertThat(cluster.replicas).extracting((replica) -> replica.monitor.getPolledBy())
				.as("down after %d%n%s", delay, cluster)
				.containsOnlyOnce("self")
				.doesNotContain("alone");
			assertThat(cluster.events).map(Published::toString)
				.as("down after %d%n%s", delay, cluster)
				.containsExactly("OK -> LOW");
			cluster.advance(5_000);
			assertThat(cluster.events).hasSize(1);
			String cause = hangs ? "no answer within 500 ms" : "IllegalStateException: store failed";
			assertThat(clusterLog())
				.containsExactlyInAnyOrderElementsOf(Stream.of("WARN " + ALONE + cause, "INFO " + SHARED_AGAIN)
					.flatMap((line) -> Collections.nCopies(4, line).stream())
					.toList());
		}
	}

	@Test
	void pollWhenStoreFailsForAMomentBeforePollIsDueSaysNothing() {
		ClusterSimulation cluster = started(4);
		for (int i = 0; i < 20; i++) {
			cluster.advanceToNextCall();
			cluster.advance(400);
			cluster.store.down = true;
			cluster.advance(250);
			cluster.store.down = false;
			cluster.advance(250);
		}
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).isEmpty();
		assertThat(cluster.asker()).isNotNull();
	}

	@Test
	void refreshWhenOnDemandIsSharedWithTheOthersAtTheirNextLook() {
		ClusterSimulation cluster = started(4);
		cluster.advanceToNextCall();
		// Until all have seen its result
		cluster.advance(350);
		Replica other = refreshOnDemandAfterChange(cluster);
		cluster.advance(250 + cluster.provider.maxLatency);
		assertThat(cluster.provider.calls).extracting(Call::replica).containsExactly(other);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.WARNING);
			assertThat(replica.spent()).isEqualTo(30_0000);
		});
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> WARNING");
	}

	@Test
	void refreshWhenOnDemandBeforeResultOfAskerWasSeenIsSharedByTheNextPoll() {
		ClusterSimulation cluster = started(4);
		cluster.advanceToNextCall();
		cluster.advance(cluster.provider.maxLatency);
		Replica other = refreshOnDemandAfterChange(cluster);
		cluster.advance(cluster.provider.maxLatency);
		assertThat(other.status().state()).isEqualTo(SmsAccountState.WARNING);
		other.monitor.addListener(() -> assertThat(other.status().state()).isEqualTo(SmsAccountState.WARNING));
		cluster.advance(1_250);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.WARNING);
			assertThat(replica.spent()).isEqualTo(30_0000);
		});
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> WARNING");
	}

	private static Replica refreshOnDemandAfterChange(ClusterSimulation cluster) {
		cluster.provider.calls.clear();
		cluster.provider.change(-30_0000);
		Replica asker = cluster.asker();
		Replica other = cluster.replicas.stream().filter((replica) -> replica != asker).findFirst().orElseThrow();
		assertThat(other.monitor.refresh()).isNotDone();
		return other;
	}

	@Test
	void pollWhenProviderAsksToWaitMakesOneCallAfterThatTime() {
		pollAfter(Duration.ofMillis(1_500));
		pollAfter(Duration.ofMillis(2_500));
	}

	private static void pollAfter(Duration retryAfter) {
		ClusterSimulation cluster = started(4);
		cluster.provider.failure = 1;
		cluster.provider.retryAfter = retryAfter;
		cluster.advanceToNextCall();
		cluster.advance(cluster.provider.maxLatency);
		cluster.provider.failure = 0;
		cluster.provider.calls.clear();
		cluster.advance(retryAfter.toMillis() - cluster.provider.maxLatency);
		assertThat(cluster.provider.calls).as("%s", cluster).isEmpty();
		cluster.advance(1_000);
		assertThat(cluster.provider.calls).as("%s", cluster).hasSize(1);
		assertThat(cluster.replicas).allSatisfy((replica) -> {
			assertThat(replica.refreshes("server_error")).isEqualTo(1);
			assertThat(replica.status().failure()).isNull();
		});
	}

	@Test
	void pollWhenProviderFailsMakesOneCallPerIntervalThatAllCount() {
		ClusterSimulation cluster = started(4);
		cluster.provider.failure = 1;
		cluster.advance(20_000);
		assertThat(cluster.provider.calls).as("%s", cluster).hasSizeBetween(18, 22);
		cluster.provider.failure = 0;
		cluster.advance(3_000);
		assertThat(cluster.replicas).allSatisfy((replica) -> {
			assertThat(replica.refreshes("server_error")).isBetween(17L, 21L);
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
		});
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> UNAVAILABLE", "UNAVAILABLE -> OK");
		assertThat(clusterLog()).isEmpty();
	}

	@Test
	void pollWhenCredentialsOfAskerFailIsTakenOver() {
		ClusterSimulation cluster = started(3);
		Replica asker = cluster.asker();
		asker.fault = SmsBalanceFailure.CREDENTIALS_UNAVAILABLE;
		cluster.advance(10_000);
		assertThat(cluster.provider.calls).as("%s", cluster).hasSizeBetween(7, 11);
		assertThat(cluster.replicas).filteredOn((replica) -> replica != asker).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			assertThat(replica.refreshes("credentials_unavailable")).isZero();
			assertThat(replica.longestGap()).isLessThanOrEqualTo(2_000);
		});
		assertThat(asker.refreshes("credentials_unavailable")).isPositive();
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).isEmpty();
		asker.fault = null;
		cluster.advance(3_000);
		assertThat(asker.status().failure()).isNull();
		assertThat(cluster.events).isEmpty();
	}

	@Test
	void startWhenOneReplicaHasNoCredentialsDoesNotStopTheOthers() {
		ClusterSimulation cluster = new ClusterSimulation(1);
		Replica without = cluster.start();
		without.fault = SmsBalanceFailure.CREDENTIALS_UNAVAILABLE;
		List<Replica> others = List.of(cluster.start(), cluster.start());
		cluster.advance(20_000);
		assertThat(cluster.provider.calls).hasSizeBetween(18, 23);
		assertThat(others).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		assertThat(without.refreshes("credentials_unavailable")).isPositive();
		assertThat(cluster.events).map(Published::toString).containsExactly("UNKNOWN -> OK");
		assertThat(clusterLog()).isEmpty();
		without.fault = null;
		cluster.advance(3_000);
		assertThat(without.status().state()).isEqualTo(SmsAccountState.OK);
		assertThat(cluster.events).hasSize(1);
	}

	@Test
	void pollWhenReplicaHasAnotherAccountUnderTheNameIsAloneAndAdoptsNothing() {
		ClusterSimulation cluster = started(3);
		Replica stranger = cluster.start();
		stranger.whose = "other";
		stranger.total = 70_0000L;
		stranger.monitor.addListener(
				() -> assertThat(stranger.status().state()).isIn(SmsAccountState.UNKNOWN, SmsAccountState.WARNING));
		cluster.advance(20_000);
		long calls = cluster.provider.calls.stream().filter((call) -> call.replica() == stranger).count();
		assertThat(calls).isBetween(18L, 24L);
		assertThat(stranger.refreshes()).isBetween(calls - 1, calls);
		assertThat(stranger.status().state()).isEqualTo(SmsAccountState.WARNING);
		assertThat(stranger.monitor.getPolledBy()).isEqualTo("alone");
		assertThat(stranger.spent()).isZero();
		assertThat(cluster.replicas).filteredOn((replica) -> replica != stranger).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			assertThat(replica.spent()).isZero();
		});
		assertThat(cluster.provider.calls.size() - calls).isBetween(18L, 22L);
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).containsExactly("WARN EngageLab SMS account 'default' is polled by this instance "
				+ "alone: other instances use another dev-key or base-url under this name");
	}

	@ParameterizedTest
	@MethodSource("textsOfOthers")
	void pollWhenStoreHoldsWhatThisVersionHasNotWrittenGoesOnAloneUntilItIsGone(String text) {
		ClusterSimulation cluster = started(4);
		cluster.store.text = text;
		cluster.advance(10_000);
		assertThat(cluster.store.text).isEqualTo(text);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.monitor.getPolledBy()).isEqualTo("alone");
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		cluster.store.lose();
		cluster.advance(5_000);
		assertThat(cluster.asker()).isNotNull();
		assertThat(cluster.replicas).extracting((replica) -> replica.monitor.getPolledBy()).doesNotContain("alone");
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).containsExactlyInAnyOrderElementsOf(Stream
			.of("WARN EngageLab SMS account 'default' is polled by this instance alone: the store holds a text that "
					+ "this version cannot read", "INFO Polls of EngageLab SMS account 'default' are shared again")
			.flatMap((line) -> Collections.nCopies(4, line).stream())
			.toList());
	}

	static Stream<Named<String>> textsOfOthers() {
		return Stream.of(Named.of("garbage", "garbage"),
				Named.of("another version", "2;1;1;1;a;whose;0;OK;1;0;1;0;0;;;"),
				Named.of("a pause without end", "1;1;1;1;a;whose;9223372036854775807;OK;1;0;1;0;0;;;"),
				Named.of("10 MB", "x".repeat(10_000_000)));
	}

	@Test
	void pollWhenStoreFallsBackToAnOlderTextDoesNotAdoptIt() {
		ClusterSimulation cluster = started(4);
		String old = cluster.store.text;
		cluster.provider.change(-60_0000);
		cluster.advance(3_000);
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> LOW");
		cluster.replicas.forEach((replica) -> replica.monitor
			.addListener(() -> assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW)));
		cluster.store.text = old;
		cluster.advance(5_000);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW);
			assertThat(replica.spent()).isEqualTo(60_0000);
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		assertThat(cluster.asker()).isNotNull();
		assertThat(cluster.events).hasSize(1);
		assertThat(this.log.list).noneMatch((event) -> event.getThrowableProxy() != null);
	}

	@Test
	void invariantsHoldWhateverTheStoreDoes() {
		this.logger.setLevel(Level.OFF);
		for (long seed = 1; seed <= SEEDS; seed++) {
			run(seed);
		}
	}

	// Replicas that have agreed on who asks
	@Test
	void refreshWhenItsAnswerComesAfterANewerOneWasAdoptedChangesNothing() {
		ClusterSimulation cluster = started(3);
		cluster.advanceToNextCall();
		cluster.advance(500);
		Replica slow = cluster.replicas.stream()
			.filter((replica) -> replica != cluster.asker())
			.findFirst()
			.orElseThrow();
		slow.wayBack = 1_200;
		slow.monitor.refresh();
		cluster.advance(cluster.provider.maxLatency);
		cluster.provider.change(-10_0000);
		cluster.advance(3_000);
		assertThat(slow.spent()).as("%s", cluster).isEqualTo(10_0000);
		assertThat(slow.status().snapshot().balance().totalBalance10000()).isEqualTo(90_0000);
	}

	@Test
	void pollWhenItFailsAfterTheStoreWasLostDoesNotSayWhichStateWasAnnounced() {
		ClusterSimulation cluster = started(3);
		// Announced by the asker, and lost before another one, which fails, has seen it
		cluster.provider.change(-60_0000);
		while (cluster.events.isEmpty()) {
			cluster.advance(5);
		}
		cluster.asker().kill();
		cluster.store.lose();
		cluster.provider.failure = 1;
		cluster.advance(2_300);
		cluster.provider.failure = 0;
		cluster.advance(3_000);
		assertThat(cluster.alive()).as("%s", cluster)
			.allSatisfy((replica) -> assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW));
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> LOW");
	}

	@Test
	void replicaLooksAtTheStoreAboutFourTimesPerInterval() {
		ClusterSimulation cluster = new ClusterSimulation(1, Duration.ofMinutes(1));
		for (int i = 0; i < 4; i++) {
			cluster.start();
		}
		cluster.advance(600_000);
		cluster.provider.calls.clear();
		cluster.store.gets = 0;
		cluster.advance(600_000);
		assertThat(cluster.provider.calls).hasSizeBetween(10, 11);
		// Four looks each, one of the asker when it is due, and one when it writes
		assertThat(cluster.store.gets).isBetween(150L, 200L);
		assertThat(cluster.events).hasSize(1);
	}

	@Test
	void pollWhenStoreCanOnlyBeReadGoesOnAloneUntilItCanBeWritten() {
		ClusterSimulation cluster = started(4);
		cluster.store.readOnly = true;
		cluster.advance(20_000);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.monitor.getPolledBy()).isEqualTo("alone");
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		assertThat(clusterLog()).containsOnly("WARN " + ALONE + "IllegalStateException: READONLY").hasSize(4);
		cluster.store.readOnly = false;
		cluster.advance(4_000);
		assertThat(cluster.replicas).extracting((replica) -> replica.monitor.getPolledBy())
			.containsOnlyOnce("self")
			.doesNotContain("alone");
		assertThat(clusterLog()).filteredOn((line) -> line.equals("INFO " + SHARED_AGAIN)).hasSize(4);
		assertThat(clusterLog()).hasSize(8);
		assertThat(cluster.events).isEmpty();
	}

	@Test
	void pollWhenDevKeyIsRotatedOnAllReplicasIsSharedOn() {
		ClusterSimulation cluster = started(4);
		cluster.replicas.forEach((replica) -> replica.whose = "rotated");
		cluster.advance(10_000);
		assertThat(cluster.replicas).as("%s", cluster)
			.allSatisfy((replica) -> assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750))
			.extracting((replica) -> replica.monitor.getPolledBy())
			.containsOnlyOnce("self")
			.doesNotContain("alone");
		assertThat(cluster.provider.calls).hasSizeBetween(9, 14);
		assertThat(clusterLog()).isEmpty();
		assertThat(cluster.events).isEmpty();
	}

	private static ClusterSimulation started(int replicas) {
		ClusterSimulation cluster = new ClusterSimulation(1);
		for (int i = 0; i < replicas; i++) {
			cluster.start();
		}
		cluster.advance(5_000);
		assertThat(cluster.events).map(Published::toString).containsExactly("UNKNOWN -> OK");
		cluster.events.clear();
		cluster.provider.calls.clear();
		cluster.replicas.forEach(Replica::forgetGaps);
		return cluster;
	}

	private List<String> clusterLog() {
		assertThat(this.log.list).noneMatch((event) -> event.getThrowableProxy() != null);
		return this.log.list.stream()
			.filter((event) -> event.getLoggerName().equals(SmsBalanceCluster.class.getName()))
			.map((event) -> event.getLevel() + " " + event.getFormattedMessage())
			.toList();
	}

	private void run(long seed) {
		ClusterSimulation cluster = new ClusterSimulation(seed);
		Map<Replica, long[]> progress = new HashMap<>();
		for (int i = 0; i < 5; i++) {
			cluster.start();
		}
		long end = 40_000;
		while (cluster.millis() < end) {
			cluster.advance(50);
			disturb(cluster);
			check(cluster, progress, seed);
		}
	}

	private void disturb(ClusterSimulation cluster) {
		List<Replica> alive = cluster.alive();
		Replica any = alive.get(cluster.random.nextInt(alive.size()));
		if (cluster.chance(0.05)) {
			cluster.provider.change(-cluster.random.nextInt(20_0000));
		}
		if (cluster.provider.total() < 20_0000 && cluster.chance(0.03)) {
			cluster.provider.change(100_0000);
		}
		if (cluster.chance(0.01)) {
			cluster.store.failure = cluster.chance(0.6) ? 0 : cluster.random.nextDouble() * 0.6;
			cluster.store.hang = cluster.chance(0.6) ? 0 : cluster.random.nextDouble() * 0.05;
			cluster.store.replay = cluster.chance(0.5) ? 0 : 0.3;
			cluster.store.down = cluster.chance(0.2);
			cluster.provider.failure = cluster.chance(0.7) ? 0 : cluster.random.nextDouble();
			cluster.provider.maxLatency = cluster.chance(0.7) ? 100 : 400;
			cluster.trace("store fails %.1f, hangs %.2f, replays %.1f, down %s; provider fails %.1f, latency %d",
					cluster.store.failure, cluster.store.hang, cluster.store.replay, cluster.store.down,
					cluster.provider.failure, cluster.provider.maxLatency);
		}
		if (cluster.chance(0.005)) {
			cluster.store.lose();
		}
		if (cluster.chance(0.002)) {
			cluster.store.text = "garbage";
		}
		if ("garbage".equals(cluster.store.text) && cluster.chance(0.05)) {
			cluster.store.lose();
		}
		if (cluster.chance(0.004)) {
			any.pause(cluster.random.nextInt(6_000));
		}
		if (cluster.chance(0.003) && alive.size() > 1) {
			any.kill();
		}
		if (cluster.chance(0.004) && alive.size() < 5) {
			cluster.start();
		}
		if (cluster.chance(0.03) && !any.isPaused()) {
			any.monitor.refresh();
		}
	}

	private void check(ClusterSimulation cluster, Map<Replica, long[]> progress, long seed) {
		for (Replica replica : cluster.alive()) {
			assertThat(replica.spent())
				.as("spent of %d, seed %d, at %d%n%s", replica.number, seed, cluster.millis(), cluster)
				.isLessThanOrEqualTo(cluster.provider.spent);
			assertThat(replica.longestGap())
				.as("gap of %d, seed %d, at %d%n%s", replica.number, seed, cluster.millis(), cluster)
				.isLessThanOrEqualTo(1850 + 400);
			SmsBalanceSnapshot snapshot = replica.status().snapshot();
			// What arrived while it was paused, it cannot tell from what arrives now
			if (snapshot != null && replica.monitor.isFresh() && !replica.wasPausedWithin(4_000)) {
				long age = cluster.millis() - cluster.provider.answeredAt.get(snapshot.balance().giftBalance10000());
				assertThat(age).as("age at %d, seed %d, at %d%n%s", replica.number, seed, cluster.millis(), cluster)
					.isLessThanOrEqualTo(ClusterSimulation.MAX_AGE.toMillis() + 400);
			}
		}
		cluster.newEvents().forEach((pair) -> {
			SmsAccountState state = pair.get(1).event().current();
			// Whoever published that it was unavailable may have died before
			if (pair.get(0).event().current() == state
					&& pair.get(1).event().previous() != SmsAccountState.UNAVAILABLE) {
				assertThat(cluster.provider.wasNot(state, pair.get(0).millis() - 2_000, pair.get(1).millis()))
					.as("two events %s, seed %d, at %d%n%s", pair, seed, cluster.millis(), cluster)
					.isTrue();
			}
		});
	}

}

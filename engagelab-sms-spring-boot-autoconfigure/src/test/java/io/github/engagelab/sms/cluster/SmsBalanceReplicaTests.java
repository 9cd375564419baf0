package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
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
import io.github.engagelab.sms.cluster.ClusterSimulation.Change;
import io.github.engagelab.sms.cluster.ClusterSimulation.Published;
import io.github.engagelab.sms.cluster.ClusterSimulation.Replica;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Replicas that share polls, in simulated time.
 */
class SmsBalanceReplicaTests {

	private static final long SEEDS = Long.getLong("cluster.simulation.runs", 100);

	private static final String ALONE = "EngageLab SMS account 'default' and possibly others are polled by "
			+ "this instance alone: ";

	private static final String SHARED_AGAIN = "Polls of EngageLab SMS accounts are shared again";

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.engagelab.sms");

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final List<ClusterSimulation> simulations = new ArrayList<>();

	@BeforeEach
	void captureLog() {
		this.logger.setLevel(Level.INFO);
		this.logger.setAdditive(false);
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void endThreads() {
		this.simulations.forEach(ClusterSimulation::close);
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
			ClusterSimulation cluster = simulation(seed, ClusterSimulation.INTERVAL);
			cluster.redis.maxLatency = 20;
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
	void pollWhenPollerIsKilledIsTakenOverWithoutEvent() {
		for (int delay = 0; delay < 1_000; delay += 50) {
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			Replica killed = cluster.poller();
			killed.kill();
			int before = cluster.provider.calls.size();
			cluster.advance(2_000);
			assertThat(cluster.provider.calls.size()).as("killed after %d%n%s", delay, cluster).isGreaterThan(before);
			cluster.advance(10_000);
			assertThat(cluster.poller()).isNotEqualTo(killed);
			assertThat(cluster.events).isEmpty();
			assertThat(clusterLog()).isEmpty();
		}
	}

	@Test
	void pollWhenPollerIsPausedIsTakenOverWithoutEventAndSpentIsRight() {
		for (int delay = 0; delay < 1_000; delay += 50) {
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			cluster.poller().pause(5_000);
			for (int i = 0; i < 16; i++) {
				cluster.provider.change(-1_0000);
				cluster.advance(500);
			}
			cluster.advance(2_000);
			assertThat(cluster.replicas).as("paused after %d%n%s", delay, cluster).allSatisfy((replica) -> {
				assertThat(replica.spent()).isEqualTo(cluster.provider.spent);
				assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			});
			assertThat(cluster.poller()).isNotNull();
			assertThat(cluster.events).isEmpty();
			assertThat(clusterLog()).isEmpty();
		}
	}

	@Test
	void pollWhenRedisIsWipedGoesOnWithoutEvent() {
		for (int delay = 0; delay < 1_000; delay += 50) {
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			cluster.redis.lose();
			cluster.advance(5_000);
			assertThat(cluster.events).as("wiped after %d%n%s", delay, cluster).isEmpty();
			assertThat(cluster.replicas)
				.allSatisfy((replica) -> assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750));
			assertThat(cluster.provider.calls).as("wiped after %d%n%s", delay, cluster).hasSizeBetween(4, 9);
			assertThat(cluster.poller()).isNotNull();
			assertThat(clusterLog()).isEmpty();
		}
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void pollWhenRedisIsDownGoesOnAloneUntilItIsBack(boolean hangs) {
		for (int delay = 0; delay < 1_000; delay += 50) {
			this.log.list.clear();
			ClusterSimulation cluster = started(4);
			cluster.advance(delay);
			if (hangs) {
				cluster.redis.hangFor(10_000);
			}
			else {
				cluster.redis.down = true;
			}
			cluster.advance(4_000);
			cluster.provider.change(-60_0000);
			cluster.advance(5_900);
			assertThat(cluster.replicas).as("%s", cluster)
				.extracting((replica) -> replica.monitor.getPolledBy())
				.containsOnly("alone");
			assertThat(cluster.replicas).extracting((replica) -> replica.status().state())
				.containsOnly(SmsAccountState.LOW);
			assertThat(cluster.events).isEmpty();
			cluster.advance(100);
			cluster.redis.down = false;
			assertThat(cluster.replicas).as("down after %d%n%s", delay, cluster)
				.allSatisfy((replica) -> assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750));
			cluster.advance(2_000);
			assertThat(cluster.replicas).extracting((replica) -> replica.monitor.getPolledBy())
				.as("down after %d%n%s", delay, cluster)
				.containsOnlyOnce("self")
				.doesNotContain("alone");
			assertThat(cluster.events).map(Published::toString)
				.as("down after %d%n%s", delay, cluster)
				.containsExactly("OK -> LOW");
			cluster.advance(5_000);
			assertThat(cluster.events).hasSize(1);
			String cause = hangs ? "no answer within 500 ms" : "IllegalStateException: Redis failed";
			assertThat(clusterLog())
				.containsExactlyInAnyOrderElementsOf(Stream.of("WARN " + ALONE + cause, "INFO " + SHARED_AGAIN)
					.flatMap((line) -> Collections.nCopies(4, line).stream())
					.toList());
		}
	}

	@Test
	void pollWhenRedisFailsForAMomentBeforePollIsDueSaysNothing() {
		ClusterSimulation cluster = started(4);
		for (int i = 0; i < 20; i++) {
			cluster.advanceToNextCall();
			cluster.advance(400);
			cluster.redis.down = true;
			cluster.advance(250);
			cluster.redis.down = false;
			cluster.advance(250);
		}
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).isEmpty();
		assertThat(cluster.poller()).isNotNull();
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
	void refreshWhenOnDemandBeforeResultOfPollerWasSeenIsSharedByTheNextPoll() {
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
		Replica poller = cluster.poller();
		Replica other = cluster.replicas.stream().filter((replica) -> replica != poller).findFirst().orElseThrow();
		assertThat(other.monitor.refresh()).isNotDone();
		return other;
	}

	@Test
	void pollWhenProviderAsksToWaitMakesOneCallAfterThatTime() {
		pollAfter(Duration.ofMillis(1_500));
		pollAfter(Duration.ofMillis(2_500));
	}

	private void pollAfter(Duration retryAfter) {
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
	void pollWhenCredentialsOfPollerFailIsTakenOver() {
		ClusterSimulation cluster = started(3);
		Replica poller = cluster.poller();
		poller.fault = SmsBalanceFailure.CREDENTIALS_UNAVAILABLE;
		cluster.advance(10_000);
		assertThat(cluster.provider.calls).as("%s", cluster).hasSizeBetween(7, 11);
		assertThat(cluster.replicas).filteredOn((replica) -> replica != poller).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			assertThat(replica.refreshes("credentials_unavailable")).isZero();
			assertThat(replica.longestGap()).isLessThanOrEqualTo(2_000);
		});
		assertThat(poller.refreshes("credentials_unavailable")).isPositive();
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).isEmpty();
		poller.fault = null;
		cluster.advance(3_000);
		assertThat(poller.status().failure()).isNull();
		assertThat(cluster.events).isEmpty();
	}

	@Test
	void startWhenOneReplicaHasNoCredentialsDoesNotStopTheOthers() {
		ClusterSimulation cluster = simulation(1, ClusterSimulation.INTERVAL);
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
	void pollWhenReplicaHasAnotherAccountUnderTheNameIsNotShared() {
		ClusterSimulation cluster = started(3);
		Replica stranger = cluster.start();
		stranger.identity = "other";
		stranger.total = 70_0000L;
		stranger.monitor.addListener(
				() -> assertThat(stranger.status().state()).isIn(SmsAccountState.UNKNOWN, SmsAccountState.WARNING));
		cluster.advance(20_000);
		long calls = cluster.provider.calls.stream().filter((call) -> call.replica() == stranger).count();
		assertThat(calls).isBetween(18L, 21L);
		assertThat(stranger.refreshes()).isBetween(calls - 1, calls);
		assertThat(stranger.monitor.getPolledBy()).isEqualTo("self");
		assertThat(stranger.spent()).isZero();
		assertThat(cluster.replicas).filteredOn((replica) -> replica != stranger).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.OK);
			assertThat(replica.spent()).isZero();
		});
		assertThat(cluster.provider.calls.size() - calls).isBetween(18L, 22L);
		assertThat(cluster.events).map(Published::toString).containsExactly("UNKNOWN -> WARNING");
		assertThat(clusterLog()).isEmpty();
	}

	@ParameterizedTest
	@MethodSource("garbage")
	void pollWhenHashHoldsWhatThisVersionDoesNotWriteGoesOnAloneUntilItIsGone(Map<String, String> garbage) {
		ClusterSimulation cluster = started(4);
		cluster.redis.hash().putAll(garbage);
		cluster.advance(10_000);
		assertThat(cluster.redis.hash()).containsAllEntriesOf(garbage);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.monitor.getPolledBy()).isEqualTo("alone");
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		cluster.redis.lose();
		cluster.advance(5_000);
		assertThat(cluster.poller()).isNotNull();
		assertThat(cluster.replicas).extracting((replica) -> replica.monitor.getPolledBy()).doesNotContain("alone");
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).filteredOn((line) -> line.startsWith("WARN " + ALONE)).hasSize(4);
		assertThat(clusterLog()).filteredOn((line) -> line.equals("INFO " + SHARED_AGAIN)).hasSize(4);
		assertThat(clusterLog()).hasSize(8);
	}

	static Stream<Map<String, String>> garbage() {
		String newer = "9000000000000";
		return Stream.of(Map.of("version", "garbage"), Map.of("version", "-1"), Map.of("polled_at", "1e300"),
				Map.of("state", "garbage", "version", newer), Map.of("result", "garbage", "version", newer),
				Map.of("result", "a;1;0;1;0;0;9223372036854775807;;;", "version", newer),
				Map.of("result", "x".repeat(10_000_000), "version", newer));
	}

	@Test
	void pollWhenRedisFallsBackToAnOlderResultDoesNotAdoptIt() {
		ClusterSimulation cluster = started(4);
		Map<String, String> old = Map.copyOf(cluster.redis.hash());
		cluster.provider.change(-60_0000);
		cluster.advance(3_000);
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> LOW");
		cluster.replicas.forEach((replica) -> replica.monitor
			.addListener(() -> assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW)));
		cluster.redis.hash().putAll(old);
		cluster.advance(5_000);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW);
			assertThat(replica.spent()).isEqualTo(60_0000);
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		assertThat(cluster.poller()).isNotNull();
		assertThat(cluster.events).hasSize(1);
		assertThat(this.log.list).noneMatch((event) -> event.getThrowableProxy() != null);
	}

	@Test
	void pollWhenClockOfRedisIsSetGoesOnWithTrueAges() {
		for (int phase = 0; phase < 20; phase++) {
			for (long millis : new long[] { 30_000, -30_000 }) {
				ClusterSimulation cluster = started(4);
				cluster.advance(phase * 50);
				cluster.redis.setClock(millis);
				cluster.provider.calls.clear();
				cluster.replicas.forEach(Replica::forgetGaps);
				for (int i = 0; i < 100; i++) {
					cluster.advance(50);
					assertThat(cluster.replicas).as("%s", cluster)
						.allSatisfy((replica) -> assertThat(replica.age())
							.isGreaterThanOrEqualTo(replica.trueAge() - cluster.provider.maxLatency));
				}
				assertThat(cluster.provider.calls).as("%s", cluster).hasSizeBetween(4, 10);
				cluster.provider.change(-60_0000);
				cluster.advance(3_000);
				assertThat(cluster.replicas).allSatisfy((replica) -> {
					assertThat(replica.longestGap()).as("%s", cluster).isLessThanOrEqualTo(2_000);
					assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW);
				});
				assertThat(cluster.poller()).isNotNull();
				assertThat(cluster.events).map(Published::toString).containsExactly("OK -> LOW");
				assertThat(clusterLog()).isEmpty();
			}
		}
	}

	@Test
	void pollWhenResultIsLateOnItsWayToRedisIsNotTakenForFresh() {
		ClusterSimulation cluster = started(4);
		cluster.advanceToNextCall();
		// Sent in time, executed when Redis is back
		cluster.advance(5);
		cluster.redis.hangFor(4_000);
		cluster.advance(9_000);
		assertThat(cluster.replicas).as("%s", cluster)
			.allSatisfy(
					(replica) -> assertThat(replica.youngestError).isLessThanOrEqualTo(cluster.provider.maxLatency));
	}

	@ParameterizedTest
	@ValueSource(booleans = { false, true })
	void pollWhenReplyToResultIsLostPublishesItsEventAllTheSame(boolean repeated) {
		ClusterSimulation cluster = started(4);
		cluster.provider.change(-60_0000);
		if (repeated) {
			// A driver that reconnects sends it again, which is refused
			cluster.redis.replay = 1;
		}
		else {
			cluster.redis.loseNextPublishReply = true;
		}
		cluster.advance(2_000);
		assertThat(cluster.events).as("%s", cluster).map(Published::toString).containsExactly("OK -> LOW");
		assertThat(cluster.poller()).isNotNull();
	}

	@Test
	void pollWhenCredentialsOfOneReplicaAreRotatedSharesUnderItsNewKey() {
		ClusterSimulation cluster = started(3);
		Replica rotated = cluster.poller();
		rotated.identity = "rotated";
		cluster.advance(10_000);
		assertThat(rotated.monitor.getPolledBy()).isEqualTo("self");
		assertThat(cluster.redis.model.hashes).containsKeys("engagelab-sms:1:shop:default:rotated");
		assertThat(cluster.provider.calls.stream().filter((call) -> call.replica() == rotated).count()).isBetween(9L,
				12L);
		assertThat(cluster.provider.calls.stream().filter((call) -> call.replica() != rotated).count()).isBetween(8L,
				11L);
		assertThat(cluster.events).isEmpty();
		assertThat(clusterLog()).isEmpty();
	}

	@Test
	void credentialsAreAskedForWhenATurnMayBeGrantedAndWhenAResultIsPublished() {
		ClusterSimulation cluster = started(3);
		cluster.replicas.forEach((replica) -> replica.identified = 0);
		cluster.advance(20_000);
		assertThat(cluster.replicas).allSatisfy((replica) -> assertThat(replica.identified)
			.isLessThanOrEqualTo("self".equals(replica.monitor.getPolledBy()) ? 42 : 20));
		assertThat(cluster.replicas.stream().mapToInt((replica) -> replica.identified).sum()).isLessThanOrEqualTo(60);
	}

	@Test
	void pollEveryThreeDaysKeepsStateAndResult() {
		ClusterSimulation cluster = simulation(1, Duration.ofDays(3));
		for (int i = 0; i < 3; i++) {
			cluster.start();
		}
		cluster.advance(Duration.ofDays(10).toMillis());
		assertThat(cluster.provider.calls).hasSizeBetween(4, 5);
		assertThat(cluster.redis.model.expiry).isEqualTo(Duration.ofDays(9).toMillis());
		assertThat(cluster.events.get(0).toString()).isEqualTo("UNKNOWN -> OK");
	}

	@Test
	void claimThatFailsIsRepeatedWithinTenSecondsHoweverLongTheInterval() {
		ClusterSimulation cluster = simulation(1, Duration.ofDays(3));
		cluster.redis.down = true;
		Replica replica = cluster.start();
		cluster.advance(60_000);
		assertThat(replica.monitor.getPolledBy()).isEqualTo("alone");
		cluster.redis.down = false;
		cluster.advance(11_000);
		assertThat(replica.monitor.getPolledBy()).isEqualTo("self");
	}

	@Test
	void randomRunsLoseNoEventButByDeathAndRepeatFew() {
		Tally tally = run(SEEDS, false);
		assertThat(tally.lost).as("%s", tally).isEmpty();
		assertThat(tally.lostByDeath).as("%s", tally).isLessThanOrEqualTo((int) (SEEDS / 100));
		assertThat(tally.repeated).as("%s", tally).hasSizeLessThanOrEqualTo((int) (SEEDS / 100));
	}

	// Replies get lost, and calls fail for seconds: not every event can be published
	@Test
	void randomRunsWhenCallsFailKeepReadingsFreshAndSpentTrue() {
		Tally tally = run(SEEDS / 4, true);
		assertThat(tally.lost).as("%s", tally).hasSizeLessThanOrEqualTo(tally.events / 50);
	}

	@Test
	void refreshWhenItsAnswerComesAfterANewerOneWasAdoptedChangesNothing() {
		ClusterSimulation cluster = started(3);
		cluster.advanceToNextCall();
		cluster.advance(500);
		Replica slow = cluster.replicas.stream()
			.filter((replica) -> replica != cluster.poller())
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
	void pollWhenItFailsAfterRedisHasLostItsContentLosesNoEvent() {
		ClusterSimulation cluster = started(3);
		// Announced by the asker, and lost before another one, which fails, has seen it
		cluster.provider.change(-60_0000);
		while (cluster.events.isEmpty()) {
			cluster.advance(5);
		}
		cluster.poller().kill();
		cluster.redis.lose();
		cluster.provider.failure = 1;
		cluster.advance(1_500);
		cluster.provider.failure = 0;
		cluster.advance(3_000);
		assertThat(cluster.alive()).as("%s", cluster)
			.allSatisfy((replica) -> assertThat(replica.status().state()).isEqualTo(SmsAccountState.LOW));
		// Rather twice than never
		assertThat(cluster.events).map(Published::toString).containsExactly("OK -> LOW", "OK -> LOW");
	}

	@Test
	void replicaCallsRedisAboutFourTimesPerInterval() {
		ClusterSimulation cluster = simulation(1, Duration.ofMinutes(1));
		for (int i = 0; i < 4; i++) {
			cluster.start();
		}
		cluster.advance(600_000);
		cluster.provider.calls.clear();
		cluster.redis.calls = 0;
		cluster.advance(600_000);
		assertThat(cluster.provider.calls).hasSizeBetween(10, 11);
		// Four claims each, and one result
		assertThat(cluster.redis.calls).isBetween(160L, 176L);
		assertThat(cluster.events).hasSize(1);
	}

	@Test
	void pollWhenRedisCanOnlyBeReadGoesOnAloneUntilItCanBeWritten() {
		ClusterSimulation cluster = started(4);
		cluster.redis.readOnly = true;
		cluster.advance(20_000);
		assertThat(cluster.replicas).as("%s", cluster).allSatisfy((replica) -> {
			assertThat(replica.monitor.getPolledBy()).isEqualTo("alone");
			assertThat(replica.longestGap()).isLessThanOrEqualTo(1_750);
		});
		assertThat(clusterLog()).containsOnly("WARN " + ALONE + "IllegalStateException: READONLY").hasSize(4);
		cluster.redis.readOnly = false;
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
		cluster.replicas.forEach((replica) -> replica.identity = "rotated");
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

	// Replicas that have agreed on who polls
	private ClusterSimulation started(int replicas) {
		ClusterSimulation cluster = simulation(1, ClusterSimulation.INTERVAL);
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

	private ClusterSimulation simulation(long seed, Duration interval) {
		ClusterSimulation simulation = new ClusterSimulation(seed, interval);
		this.simulations.add(simulation);
		return simulation;
	}

	private List<String> clusterLog() {
		assertThat(this.log.list).noneMatch((event) -> event.getThrowableProxy() != null);
		return this.log.list.stream()
			.filter((event) -> event.getLoggerName().equals(SmsBalanceCluster.class.getName()))
			.map((event) -> event.getLevel() + " " + event.getFormattedMessage())
			.toList();
	}

	private Tally run(long seeds, boolean harsh) {
		this.logger.setLevel(Level.OFF);
		Tally tally = new Tally();
		for (long seed = 1; seed <= seeds; seed++) {
			try (ClusterSimulation cluster = new ClusterSimulation(seed)) {
				for (int i = 0; i < 5; i++) {
					cluster.start();
				}
				while (cluster.millis() < 40_000) {
					cluster.advance(50);
					disturb(cluster, harsh);
					check(cluster, seed);
				}
				tally.add(cluster, seed);
			}
		}
		return tally;
	}

	private void disturb(ClusterSimulation cluster, boolean harsh) {
		List<Replica> alive = cluster.alive();
		Replica any = alive.get(cluster.random.nextInt(alive.size()));
		if (cluster.chance(0.05)) {
			cluster.provider.change(-cluster.random.nextInt(20_0000));
		}
		if (cluster.provider.total() < 20_0000 && cluster.chance(0.03)) {
			cluster.provider.change(100_0000);
		}
		if (cluster.chance(0.01)) {
			cluster.redis.failure = (!harsh || cluster.chance(0.6)) ? 0 : cluster.random.nextDouble() * 0.6;
			cluster.redis.hang = cluster.chance(0.6) ? 0 : cluster.random.nextDouble() * 0.05;
			cluster.redis.replay = (!harsh || cluster.chance(0.5)) ? 0 : 0.3;
			cluster.redis.down = cluster.chance(0.2);
			cluster.provider.failure = cluster.chance(0.7) ? 0 : cluster.random.nextDouble();
			cluster.provider.maxLatency = cluster.chance(0.7) ? 100 : 400;
			cluster.trace("store fails %.1f, hangs %.2f, replays %.1f, down %s; provider fails %.1f, latency %d",
					cluster.redis.failure, cluster.redis.hang, cluster.redis.replay, cluster.redis.down,
					cluster.provider.failure, cluster.provider.maxLatency);
		}
		if (cluster.chance(0.005)) {
			cluster.redis.lose();
		}
		if (harsh && cluster.chance(0.002)) {
			cluster.redis.hash().put("version", "garbage");
		}
		if ("garbage".equals(cluster.redis.hash().get("version")) && cluster.chance(0.05)) {
			cluster.redis.lose();
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

	private void check(ClusterSimulation cluster, long seed) {
		for (Replica replica : cluster.alive()) {
			assertThat(replica.spent())
				.as("spent of %d, seed %d, at %d%n%s", replica.number, seed, cluster.millis(), cluster)
				.isLessThanOrEqualTo(cluster.provider.spent);
			assertThat(replica.longestGap())
				.as("gap of %d, seed %d, at %d%n%s", replica.number, seed, cluster.millis(), cluster)
				.isLessThanOrEqualTo(1850 + 400);
			SmsBalanceSnapshot snapshot = replica.status().snapshot();
			// What arrived while it was paused, a replica cannot tell from what arrives
			// now
			boolean paused = cluster.replicas.stream().anyMatch((any) -> any.wasPausedWithin(5_000));
			if (snapshot != null && replica.monitor.isFresh() && !paused) {
				long age = cluster.millis() - cluster.provider.answeredAt.get(snapshot.balance().giftBalance10000());
				assertThat(age).as("age at %d, seed %d, at %d%n%s", replica.number, seed, cluster.millis(), cluster)
					.isLessThanOrEqualTo(ClusterSimulation.MAX_AGE.toMillis() + 400);
			}
		}
	}

	/**
	 * Events of all runs that were published twice, or not at all.
	 */
	private static final class Tally {

		// For that long a reply may be late
		private static final long PATIENCE = 8_000;

		private final List<String> repeated = new ArrayList<>();

		private final List<String> repeatedWhileFresh = new ArrayList<>();

		private final List<String> lost = new ArrayList<>();

		private int lostByDeath;

		private int events;

		void add(ClusterSimulation cluster, long seed) {
			this.events += cluster.events.size();
			List<Published> unexpected = new ArrayList<>(cluster.events);
			for (Change change : cluster.changes) {
				Published event = unexpected.stream()
					.filter((published) -> published.announces(change))
					.findFirst()
					.orElse(null);
				unexpected.remove(event);
				if (event == null && change.replica().dead) {
					this.lostByDeath++;
				}
				else if (event == null && change.millis() < cluster.millis() - PATIENCE) {
					this.lost.add("seed %d: %s".formatted(seed, change));
				}
			}
			assertThat(unexpected).as("seed %d%n%s", seed, cluster).isEmpty();
			for (int i = 1; i < cluster.events.size(); i++) {
				Published before = cluster.events.get(i - 1);
				Published event = cluster.events.get(i);
				if (event.event().current() == before.event().current()) {
					// Redis has lost a state that others had not seen yet, or lost it
					// when a replica started that had not seen any
					boolean fresh = event.event().previous() == SmsAccountState.UNKNOWN || cluster.provider
						.wasNot(event.event().current(), before.millis() - 2_000, event.millis());
					(fresh ? this.repeatedWhileFresh : this.repeated).add("seed %d: %s".formatted(seed, event));
				}
			}
		}

		@Override
		public String toString() {
			return "%d events, %d repeated while fresh, %d otherwise %s, %d lost %s, %d lost by death".formatted(
					this.events, this.repeatedWhileFresh.size(), this.repeated.size(), this.repeated, this.lost.size(),
					this.lost, this.lostByDeath);
		}

	}

}

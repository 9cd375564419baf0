package io.github.engagelab.sms.cluster;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.cluster.SharedHash.Claim;
import io.github.engagelab.sms.cluster.SharedHash.Published;
import io.github.engagelab.sms.testsupport.RedisServer;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * The scripts on a real Redis.
 */
@SuppressWarnings("rawtypes")
@Tag("slow")
class SharedHashTests {

	private static final Duration INTERVAL = Duration.ofMinutes(1);

	private static final String KEY = "engagelab-sms:1:shop:default:identity";

	private static final String RIGHTS = "~engagelab-sms:* +eval +evalsha +time +hmget +hset +pexpire";

	private static RedisServer server;

	private static LettuceConnectionFactory connectionFactory;

	private static StringRedisTemplate redis;

	private final SharedHash hash = new SharedHash(connectionFactory, "shop", INTERVAL);

	@BeforeAll
	static void startServer() {
		server = new RedisServer();
		connectionFactory = server.connectionFactory();
		redis = new StringRedisTemplate(connectionFactory);
	}

	@AfterAll
	static void stopServer() {
		connectionFactory.destroy();
		server.close();
	}

	@BeforeEach
	void wipe() {
		redis.delete(KEY);
	}

	@Test
	void keyNamesFormatClusterAccountAndIdentity() {
		assertThat(this.hash.key("default", "identity")).isEqualTo(KEY);
	}

	@Test
	void claimWhenThereIsNothingIsGrantedToTheFirstWhoWantsTo() {
		assertThat(this.hash.claim(KEY, "a", INTERVAL.toNanos(), false)).satisfies((claim) -> {
			assertThat(claim.granted()).isFalse();
			assertThat(claim.untilTurn()).isNegative();
			assertThat(claim.version()).isZero();
			assertThat(claim.state()).isNull();
			assertThat(claim.result()).isEmpty();
		});
		assertThat(redis.hasKey(KEY)).isFalse();
		assertThat(this.hash.claim(KEY, "a", INTERVAL.toNanos(), true)).satisfies((claim) -> {
			assertThat(claim.granted()).isTrue();
			assertThat(claim.poller()).isTrue();
			assertThat(claim.untilTurn()).isEqualTo(60_000);
		});
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true)).satisfies((claim) -> {
			assertThat(claim.granted()).isFalse();
			assertThat(claim.poller()).isFalse();
			assertThat(claim.untilTurn()).isBetween(29_000L, 30_000L);
		});
	}

	@Test
	void claimWhenItsReplyWasLostIsGrantedAgainWithoutProlongingTheTurn() {
		this.hash.claim(KEY, "a", INTERVAL.toNanos(), true);
		ago("polled_at", 29_000);
		assertThat(this.hash.claim(KEY, "a", INTERVAL.toNanos(), true).granted()).isTrue();
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true).untilTurn()).isBetween(1L, 1_000L);
		ago("polled_at", 30_000);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true).granted()).isTrue();
	}

	@Test
	void claimAfterResultIsGrantedToThePollerFirst() {
		this.hash.claim(KEY, "a", INTERVAL.toNanos(), true);
		publish("a", 0, "OK");
		assertThat(this.hash.claim(KEY, "a", INTERVAL.toNanos(), true).granted()).isFalse();
		ago("polled_at", 60_000);
		ago("published_at", 59_900);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true)).satisfies((claim) -> {
			assertThat(claim.granted()).isFalse();
			assertThat(claim.untilTurn()).isBetween(11_100L, 12_100L);
			assertThat(claim.age()).isBetween(59_900L, 60_900L);
			assertThat(claim.result()).isEqualTo("result");
			assertThat(claim.state()).isEqualTo(SmsAccountState.OK);
		});
		ago("published_at", 72_000);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true).granted()).isTrue();
	}

	@Test
	void claimAfterFailureIsGrantedToAnybodyAfterAnInterval() {
		this.hash.claim(KEY, "a", INTERVAL.toNanos(), true);
		publish("", 0, "OK");
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true).granted()).isFalse();
		ago("polled_at", 60_000);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true).granted()).isTrue();
		assertThat(this.hash.claim(KEY, "a", INTERVAL.toNanos(), true).granted()).isFalse();
	}

	@ParameterizedTest
	@ValueSource(strings = { "polled_at", "published_at" })
	void claimWhenClockWasSetBackAdoptsNothingAndFreesTheTurn(String field) {
		this.hash.claim(KEY, "a", INTERVAL.toNanos(), true);
		publish("a", 0, "OK");
		ago(field, -30_000);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), true)).satisfies((claim) -> {
			assertThat(claim.granted()).isTrue();
			assertThat(claim.result()).isEmpty();
			assertThat(claim.version()).isPositive();
		});
		// For good, although a time that is in the past by now may have stayed
		assertThat(this.hash.claim(KEY, "c", INTERVAL.toNanos(), true)).satisfies((claim) -> {
			assertThat(claim.granted()).isFalse();
			assertThat(claim.result()).isEmpty();
		});
	}

	@Test
	void publishWhenThereIsNewerResultIsRefused() {
		Published first = publish("a", 0, "OK");
		assertThat(first.before()).isEqualTo(SmsAccountState.UNKNOWN);
		assertThat(this.hash.publish(KEY, "b", Duration.ZERO, 0, SmsAccountState.UNKNOWN, SmsAccountState.LOW, "other",
				Long.MAX_VALUE / 1000))
			.isNull();
		assertThat(field("result")).isEqualTo("result");
		Published second = publish("b", first.version(), "LOW");
		assertThat(second.version()).isGreaterThan(first.version());
		assertThat(second.before()).isEqualTo(SmsAccountState.OK);
	}

	@Test
	void publishWhenContentIsLostGoesOnFromWhatTheReplicaHasSeen() {
		long seen = System.currentTimeMillis() + 60_000;
		Published published = Objects.requireNonNull(this.hash.publish(KEY, "a", Duration.ZERO, seen,
				SmsAccountState.LOW, SmsAccountState.OK, "result", Long.MAX_VALUE / 1000));
		assertThat(published.version()).isEqualTo(seen + 1);
		assertThat(published.before()).isEqualTo(SmsAccountState.LOW);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), false).age()).isBetween(0L, 5_000L);
	}

	@Test
	void publishWithoutStateKeepsTheOneBefore() {
		Published first = publish("a", 0, "LOW");
		assertThat(publish("", first.version(), null).before()).isEqualTo(SmsAccountState.LOW);
		assertThat(field("state")).isEqualTo("LOW");
		redis.delete(KEY);
		publish("", first.version(), null);
		assertThat(field("state")).isEqualTo("UNKNOWN");
	}

	@Test
	void publishWhenItWasLateOnItsWayAddsThatToTheAge() {
		long sentAt = this.hash.claim(KEY, "a", INTERVAL.toNanos(), true).now() - 5_000;
		this.hash.publish(KEY, "a", Duration.ofSeconds(1), 0, SmsAccountState.UNKNOWN, SmsAccountState.OK, "result",
				sentAt);
		assertThat(this.hash.claim(KEY, "b", INTERVAL.toNanos(), false).age()).isBetween(5_000L, 10_000L);
		assertThat(Long.parseLong(field("polled_at"))).isEqualTo(sentAt - 1_000);
	}

	@ParameterizedTest
	@CsvSource({ "PT1M, 86400000", "P3D, 777600000" })
	void keyExpiresAfterDayOrThreeIntervals(Duration interval, long expiry) {
		SharedHash own = new SharedHash(connectionFactory, "shop", interval);
		own.claim(KEY, "a", INTERVAL.toNanos(), true);
		assertThat(redis.getExpire(KEY, TimeUnit.MILLISECONDS)).isBetween(expiry - 10_000, expiry);
		redis.persist(KEY);
		own.publish(KEY, "a", Duration.ZERO, 0, SmsAccountState.UNKNOWN, SmsAccountState.OK, "result", 1);
		assertThat(redis.getExpire(KEY, TimeUnit.MILLISECONDS)).isBetween(expiry - 10_000, expiry);
	}

	@Test
	void claimWhenManyWantToIsGrantedToOne() throws Exception {
		ExecutorService callers = Executors.newFixedThreadPool(8);
		try {
			for (int race = 0; race < 50; race++) {
				redis.delete(KEY);
				List<Callable<Claim>> claims = new ArrayList<>();
				for (int i = 0; i < 8; i++) {
					String replica = "replica-" + i;
					claims.add(() -> this.hash.claim(KEY, replica, INTERVAL.toNanos(), true));
				}
				int granted = 0;
				for (var claim : callers.invokeAll(claims)) {
					granted += claim.get().granted() ? 1 : 0;
				}
				assertThat(granted).isEqualTo(1);
			}
		}
		finally {
			callers.shutdownNow();
		}
	}

	@ParameterizedTest
	@CsvSource({ "version, garbage", "version, -1", "version, 1.5", "version, nan", "polled_at, inf",
			"published_at, 1e300", "state, garbage" })
	void claimWhenFieldIsSomebodyElsesThrows(String field, String value) {
		redis.opsForHash().put(KEY, field, value);
		assertThatException().isThrownBy(() -> this.hash.claim(KEY, "a", INTERVAL.toNanos(), true));
		assertThat(redis.opsForHash().entries(KEY)).containsEntry(field, value);
	}

	@Test
	void claimWhenKeyIsNoHashThrowsAndChangesNothing() {
		redis.opsForValue().set(KEY, "garbage");
		assertThatException().isThrownBy(() -> this.hash.claim(KEY, "a", INTERVAL.toNanos(), true));
		assertThatException().isThrownBy(() -> publish("a", 0, "OK"));
		assertThat(redis.opsForValue().get(KEY)).isEqualTo("garbage");
	}

	@ParameterizedTest
	@ValueSource(strings = { "state", "poller", "result" })
	void claimWhenFieldIsHugeTransfersTwoHundredCharacters(String field) {
		redis.opsForHash().put(KEY, field, "x".repeat(10_000_000));
		redis.opsForHash().put(KEY, "published_at", "1");
		List<?> reply = this.hash.run(SharedHash.CLAIM, KEY, "a", "60000", "false", "1");
		assertThat(reply.toString().length()).isLessThan(500);
	}

	@Test
	void scriptsDoTheSameAsTheirModel() {
		Random random = new Random(1);
		for (int run = 0; run < 100; run++) {
			redis.delete(KEY);
			RedisModel model = new RedisModel();
			List<String> trace = new ArrayList<>();
			for (int i = 0; i < 50; i++) {
				compare(random, model, trace);
			}
		}
	}

	// The model is given the time that Redis had
	private void compare(Random random, RedisModel model, List<String> trace) {
		Map<Object, Object> before = redis.opsForHash().entries(KEY);
		RedisScript<List> script = (random.nextInt(3) > 0) ? SharedHash.CLAIM : SharedHash.PUBLISH;
		String replica = String.valueOf((char) ('a' + random.nextInt(3)));
		long version = Long.parseLong((String) before.getOrDefault("version", "0"));
		String[] arguments = (script == SharedHash.CLAIM)
				? new String[] { replica, "20", String.valueOf(random.nextInt(4) > 0), "86400000" }
				: new String[] { (random.nextInt(4) > 0) ? replica : "", String.valueOf(random.nextInt(5)),
						String.valueOf(Math.max(0, version + random.nextInt(3) - 1)), "UNKNOWN",
						List.of("OK", "LOW", "").get(random.nextInt(3)), "result-" + trace.size(),
						String.valueOf(System.currentTimeMillis() + random.nextInt(5) - 2), "86400000" };
		long startedAt = serverTime();
		List<?> reply = this.hash.run(script, KEY, arguments);
		long endedAt = serverTime();
		Map<Object, Object> after = redis.opsForHash().entries(KEY);
		trace.add("%s %s: %s".formatted(before, List.of(arguments), reply));
		model.clockOffset = 0;
		boolean same = false;
		for (long now = startedAt; now <= endedAt && !same; now++) {
			model.hashes.put(KEY, new HashMap<>());
			before.forEach((field, value) -> model.hashes.get(KEY).put((String) field, (String) value));
			same = model.run(script, KEY, now, arguments).equals(reply) && model.hashes.get(KEY).equals(after);
		}
		assertThat(same).as("%s: %s", trace.get(trace.size() - 1), after).isTrue();
		switch (random.nextInt(12)) {
			case 0 -> redis.delete(KEY);
			// As after a change of the clock
			case 1 -> move(after, random.nextInt(100) - 50);
			case 2 -> pause(random.nextInt(30));
			default -> {
			}
		}
	}

	private static void move(Map<Object, Object> hash, long millis) {
		for (String field : List.of("polled_at", "published_at", "version")) {
			if (hash.containsKey(field) && !hash.get(field).equals("0")) {
				redis.opsForHash()
					.put(KEY, field, String.valueOf(Math.max(0, Long.parseLong((String) hash.get(field)) + millis)));
			}
		}
	}

	// On the clock of Redis
	private static void pause(long millis) {
		for (long end = serverTime() + millis; serverTime() < end;) {
			Thread.onSpinWait();
		}
	}

	private static long serverTime() {
		return Objects.requireNonNull(redis
			.execute((RedisCallback<Long>) (connection) -> connection.serverCommands().time(TimeUnit.MILLISECONDS)));
	}

	@Test
	void clusterOfRedisRunsScripts() {
		try (RedisServer cluster = new RedisServer("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")) {
			LettuceConnectionFactory direct = cluster.connectionFactory();
			command(direct, "CLUSTER",
					Stream.concat(Stream.of("ADDSLOTS"), IntStream.range(0, 16384).mapToObj(String::valueOf))
						.toArray(String[]::new));
			direct.destroy();
			LettuceConnectionFactory factory = started(new LettuceConnectionFactory(
					new RedisClusterConfiguration(List.of("127.0.0.1:" + cluster.port()))));
			SharedHash own = new SharedHash(factory, "shop", INTERVAL);
			Awaitility.await().ignoreExceptions().until(() -> own.claim(KEY, "a", INTERVAL.toNanos(), true).granted());
			assertThat(
					own.publish(KEY, "a", Duration.ZERO, 0, SmsAccountState.UNKNOWN, SmsAccountState.OK, "result", 1))
				.isNotNull();
			assertThat(own.claim(KEY, "b", INTERVAL.toNanos(), false).result()).isEqualTo("result");
			factory.destroy();
		}
	}

	@Test
	void replicaOfRedisAnswersClaimsButGrantsNone() {
		publish("a", 0, "OK");
		try (RedisServer replica = new RedisServer("--replicaof", "127.0.0.1", String.valueOf(server.port()))) {
			LettuceConnectionFactory factory = replica.connectionFactory();
			SharedHash own = new SharedHash(factory, "shop", INTERVAL);
			Awaitility.await().until(() -> own.claim(KEY, "b", INTERVAL.toNanos(), false).result().equals("result"));
			ago("polled_at", 120_000);
			ago("published_at", 120_000);
			Awaitility.await().until(() -> own.claim(KEY, "b", INTERVAL.toNanos(), false).untilTurn() <= 0);
			assertThatException().isThrownBy(() -> own.claim(KEY, "b", INTERVAL.toNanos(), true))
				.havingRootCause()
				.withMessageContaining("READONLY");
			assertThatException()
				.isThrownBy(() -> own.publish(KEY, "b", Duration.ZERO, Long.MAX_VALUE / 1000, SmsAccountState.UNKNOWN,
						SmsAccountState.OK, "result", 1))
				.havingRootCause()
				.withMessageContaining("READONLY");
			factory.destroy();
		}
	}

	@Test
	void fullRedisRefusesClaimsAndResults() {
		try (RedisServer full = new RedisServer("--maxmemory", "1")) {
			LettuceConnectionFactory factory = full.connectionFactory();
			SharedHash own = new SharedHash(factory, "shop", INTERVAL);
			assertThatException().isThrownBy(() -> own.claim(KEY, "a", INTERVAL.toNanos(), true))
				.havingRootCause()
				.withMessageContaining("OOM");
			assertThatException()
				.isThrownBy(() -> own.publish(KEY, "a", Duration.ZERO, 0, SmsAccountState.UNKNOWN, SmsAccountState.OK,
						"result", 1))
				.havingRootCause()
				.withMessageContaining("OOM");
			factory.destroy();
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { RIGHTS, "~engagelab-sms:* +@all -@dangerous -@admin" })
	void userWithDocumentedRightsMayDoAll(String rights) {
		String user = "user" + Math.abs(rights.hashCode());
		List<String> words = new ArrayList<>(List.of("SETUSER", user, "on", ">secret"));
		words.addAll(List.of(rights.split(" ")));
		command(connectionFactory, "ACL", words.toArray(String[]::new));
		RedisStandaloneConfiguration configuration = new RedisStandaloneConfiguration("127.0.0.1", server.port());
		configuration.setUsername(user);
		configuration.setPassword("secret");
		LettuceConnectionFactory factory = started(new LettuceConnectionFactory(configuration));
		SharedHash own = new SharedHash(factory, "shop", INTERVAL);
		assertThat(own.claim(KEY, "a", INTERVAL.toNanos(), true).granted()).isTrue();
		assertThat(own.publish(KEY, "a", Duration.ZERO, 0, SmsAccountState.UNKNOWN, SmsAccountState.OK, "result", 1))
			.isNotNull();
		assertThatException().isThrownBy(() -> own.claim("other", "a", INTERVAL.toNanos(), true));
		factory.destroy();
	}

	private Published publish(String poller, long seen, @Nullable String state) {
		return Objects.requireNonNull(this.hash.publish(KEY, poller, Duration.ZERO, seen, SmsAccountState.UNKNOWN,
				(state != null) ? SmsAccountState.valueOf(state) : null, "result", Long.MAX_VALUE / 1000));
	}

	private static void ago(String field, long millis) {
		redis.opsForHash().put(KEY, field, String.valueOf(serverTime() - millis));
	}

	private static String field(String name) {
		return (String) Objects.requireNonNull(redis.opsForHash().get(KEY, name));
	}

	private static void command(LettuceConnectionFactory factory, String command, String... words) {
		byte[][] arguments = Arrays.stream(words)
			.map((word) -> word.getBytes(StandardCharsets.UTF_8))
			.toArray(byte[][]::new);
		try (var connection = factory.getConnection()) {
			connection.execute(command, arguments);
		}
	}

	private static LettuceConnectionFactory started(LettuceConnectionFactory factory) {
		factory.afterPropertiesSet();
		factory.start();
		return factory;
	}

}

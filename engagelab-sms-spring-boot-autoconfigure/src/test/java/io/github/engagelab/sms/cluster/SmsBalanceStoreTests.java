package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.github.engagelab.sms.docs.JdbcSmsBalanceStore;
import io.github.engagelab.sms.testsupport.MapSmsBalanceStore;
import io.github.engagelab.sms.testsupport.RedisServer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;

/**
 * What every store has to do, on Redis, in a database and in a map.
 */
class SmsBalanceStoreTests {

	private static final int THREADS = 8;

	private static final int RACES = 50;

	@Nested
	class OnRedis extends Contract {

		private static final String KEY = "engagelab-sms:shop:default";

		private static RedisServer server;

		private static LettuceConnectionFactory connectionFactory;

		private static StringRedisTemplate redis;

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
			redis.delete(redis.keys("*"));
		}

		@Override
		SmsBalanceStore store() {
			return new RedisSmsBalanceStore(connectionFactory, "shop");
		}

		@Test
		void replaceWritesOneKeyThatExpiresAfterOneDay() {
			this.store.replace("default", null, "a");
			assertThat(redis.keys("*")).containsExactly(KEY);
			assertThat(redis.getExpire(KEY, TimeUnit.MILLISECONDS)).isBetween(Duration.ofDays(1).toMillis() - 60_000,
					Duration.ofDays(1).toMillis());
			redis.expire(KEY, Duration.ofHours(1));
			this.store.replace("default", "a", "b");
			assertThat(redis.getExpire(KEY, TimeUnit.HOURS)).isGreaterThanOrEqualTo(23);
		}

		@Test
		void getWhenTextIsLongTransfersAsMuchAsTellsThat() {
			String text = "x".repeat(10_000_000);
			redis.opsForValue().set(KEY, text);
			assertThat(this.store.get("default")).hasSize(SharedReading.MAX_LENGTH + 1);
			assertThat(this.store.replace("default", text.substring(0, SharedReading.MAX_LENGTH + 1), "a")).isFalse();
			assertThat(this.store.replace("default", null, "a")).isFalse();
			assertThat(redis.opsForValue().size(KEY)).isEqualTo(10_000_000);
		}

		@Test
		void getWhenTextIsEmptyReturnsNull() {
			redis.opsForValue().set(KEY, "");
			assertThat(this.store.get("default")).isNull();
			assertThat(this.store.replace("default", null, "a")).isTrue();
			assertThat(this.store.get("default")).isEqualTo("a");
		}

		@Test
		void replaceWhenKeyIsNoStringThrowsAndChangesNothing() {
			redis.opsForList().leftPush(KEY, "a");
			assertThatException().isThrownBy(() -> this.store.get("default"));
			assertThatException().isThrownBy(() -> this.store.replace("default", null, "b"));
			assertThat(redis.opsForList().size(KEY)).isEqualTo(1);
		}

		@Test
		void storesOfDifferentNamesAreIndependent() {
			SmsBalanceStore other = new RedisSmsBalanceStore(connectionFactory, "other");
			assertThat(this.store.replace("default", null, "a")).isTrue();
			assertThat(other.get("default")).isNull();
			assertThat(other.replace("default", null, "b")).isTrue();
			assertThat(this.store.get("default")).isEqualTo("a");
		}

	}

	@Nested
	class InDatabase extends Contract {

		private static final String TABLE = "sms_balance (account VARCHAR(100) PRIMARY KEY, reading VARCHAR(400) NOT NULL)";

		@Override
		SmsBalanceStore store() {
			JdbcClient jdbcClient = JdbcClient
				.create(new DriverManagerDataSource("jdbc:h2:mem:sms;DB_CLOSE_DELAY=-1", "sa", ""));
			jdbcClient.sql("DROP TABLE IF EXISTS sms_balance").update();
			jdbcClient.sql("CREATE TABLE " + TABLE).update();
			return new JdbcSmsBalanceStore(jdbcClient);
		}

	}

	@Nested
	class InMap extends Contract {

		@Override
		SmsBalanceStore store() {
			return new MapSmsBalanceStore();
		}

	}

	/**
	 * The contract.
	 */
	abstract static class Contract {

		private final ExecutorService callers = Executors.newFixedThreadPool(THREADS);

		SmsBalanceStore store;

		abstract SmsBalanceStore store();

		@BeforeEach
		void createStore() {
			this.store = store();
		}

		@AfterEach
		void stopCallers() {
			this.callers.shutdownNow();
		}

		@Test
		void getWhenThereIsNothingReturnsNull() {
			assertThat(this.store.get("default")).isNull();
		}

		@Test
		void replaceWhenNothingIsExpectedCreatesOnce() {
			assertThat(this.store.replace("default", null, "a")).isTrue();
			assertThat(this.store.get("default")).isEqualTo("a");
			assertThat(this.store.replace("default", null, "b")).isFalse();
			assertThat(this.store.get("default")).isEqualTo("a");
		}

		@Test
		void replaceWhenTextIsNotTheExpectedOneChangesNothing() {
			assertThat(this.store.replace("default", "a", "b")).isFalse();
			assertThat(this.store.get("default")).isNull();
			this.store.replace("default", null, "a");
			assertThat(this.store.replace("default", "A", "b")).isFalse();
			assertThat(this.store.get("default")).isEqualTo("a");
		}

		@Test
		void replaceWhenTextIsTheExpectedOneReplacesIt() {
			String longest = "x".repeat(SharedReading.MAX_LENGTH);
			this.store.replace("default", null, "a");
			assertThat(this.store.replace("default", "a", longest)).isTrue();
			assertThat(this.store.get("default")).isEqualTo(longest);
			assertThat(this.store.replace("default", longest, "b")).isTrue();
			assertThat(this.store.replace("default", longest, "c")).isFalse();
			assertThat(this.store.get("default")).isEqualTo("b");
		}

		@Test
		void replaceWhenManyExpectTheSameReplacesForOne() throws Exception {
			for (int race = 0; race < RACES; race++) {
				// At first, all create
				String expected = this.store.get("default");
				List<String> won = race("default", expected, "text-" + race + "-");
				assertThat(won).hasSize(1);
				assertThat(this.store.get("default")).isEqualTo(won.get(0));
			}
		}

		@Test
		void replaceWhenManyCreateCreatesForOne() throws Exception {
			for (int race = 0; race < RACES; race++) {
				String account = "account-" + race;
				List<String> won = race(account, null, "text-");
				assertThat(won).hasSize(1);
				assertThat(this.store.get(account)).isEqualTo(won.get(0));
			}
		}

		@Test
		void accountsAreIndependent() {
			assertThat(this.store.replace("a", null, "1")).isTrue();
			assertThat(this.store.get("b")).isNull();
			assertThat(this.store.replace("b", null, "2")).isTrue();
			assertThat(this.store.replace("a", "1", "3")).isTrue();
			assertThat(this.store.get("a")).isEqualTo("3");
			assertThat(this.store.get("b")).isEqualTo("2");
		}

		// Return the texts of those who have replaced the expected one
		private List<String> race(String account, @Nullable String expected, String prefix) throws Exception {
			CyclicBarrier start = new CyclicBarrier(THREADS);
			List<Callable<Boolean>> calls = new ArrayList<>();
			for (int i = 0; i < THREADS; i++) {
				String text = prefix + i;
				calls.add(() -> {
					start.await(10, TimeUnit.SECONDS);
					return this.store.replace(account, expected, text);
				});
			}
			List<String> won = new ArrayList<>();
			List<Future<Boolean>> results = this.callers.invokeAll(calls, 30, TimeUnit.SECONDS);
			for (int i = 0; i < THREADS; i++) {
				if (results.get(i).get()) {
					won.add(prefix + i);
				}
			}
			return won;
		}

	}

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.IntStream;

import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationListener;

import static org.assertj.core.api.Assertions.assertThat;

class SmsBalancePollerTests {

	private static final Duration INTERVAL = Duration.ofMinutes(1);

	private static final Duration MAX_AGE = Duration.ofMinutes(5);

	private final VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();

	private final ScriptedClient client = new ScriptedClient();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
		.withPropertyValues("engagelab.sms.refresh.interval=" + INTERVAL, "engagelab.sms.refresh.max-age=" + MAX_AGE)
		.withBean(SmsBalanceClient.class, () -> this.client);

	@AfterEach
	void tearDown() {
		VirtualTimeScheduler.reset();
	}

	@Test
	void pollsAtOnceAndThenEveryIntervalWithJitter() {
		this.client.balance(100000);
		run((context) -> {
			this.time.advanceTimeBy(INTERVAL.multipliedBy(100));
			assertThat(this.client.calls().get(0).millis()).isZero();
			List<Long> gaps = gaps("default");
			assertThat(gaps).hasSizeBetween(90, 112).allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
			assertThat(Set.copyOf(gaps)).hasSizeGreaterThan(50);
		});
	}

	@Test
	void pollsOnHoweverOftenItFails() {
		run((context) -> {
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			this.client.answer(null);
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).hasSizeBetween(27, 34);
		});
	}

	@Test
	void pollsNeverTwoAtOnce() {
		this.client.answer(Mono.never());
		run((context) -> {
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).hasSize(1);
		});
	}

	@Test
	void pollsFromStartToStart() {
		this.client.answer(Mono.delay(Duration.ofSeconds(30)).thenReturn(new SmsBalance(1, 1, 2)));
		run((context) -> {
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(gaps("default")).isNotEmpty().allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
		});
	}

	@ParameterizedTest
	@CsvSource({ "PT10S, 54, 66", "PT2M, 120, 120", "PT24H, 300, 300" })
	void pollsWhenProviderAsksToWaitObeysUpToMaxAge(Duration retryAfter, long atLeast, long atMost) {
		this.client.fail(SmsBalanceFailure.RATE_LIMITED, retryAfter);
		run((context) -> {
			this.time.advanceTimeBy(Duration.ofMinutes(30));
			assertThat(gaps("default")).isNotEmpty().allMatch((gap) -> gap >= atLeast * 1000 && gap <= atMost * 1000);
		});
	}

	@Test
	void stopsAndStartsAgainWithTheContext() {
		this.client.balance(100000);
		run((context) -> {
			SmsBalancePoller poller = context.getBean(SmsBalancePoller.class);
			assertThat(poller.isRunning()).isTrue();
			assertThat(poller.getNextRefresh("default")).isNotNull();
			poller.start();
			assertThat(this.client.calls()).hasSize(1);
			poller.stop();
			assertThat(poller.isRunning()).isFalse();
			assertThat(poller.getNextRefresh("default")).isNull();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).hasSize(1);
			context.getSourceApplicationContext().start();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(2));
			assertThat(this.client.calls()).hasSizeBetween(3, 4);
		});
		int calls = this.client.calls().size();
		this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
		assertThat(this.client.calls()).hasSize(calls);
	}

	@Test
	void pausesAndResumesWithTheContext() {
		this.client.balance(100000);
		run((context) -> {
			context.getSourceApplicationContext().stop();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).hasSize(1);
			context.getSourceApplicationContext().start();
			assertThat(this.client.calls()).hasSize(2);
		});
	}

	@Test
	void spreadsAccountsOverTheInterval() {
		this.client.balance(100000);
		withAccounts("default", "b", "c").run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(100));
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::account)
				.containsExactly("default", "b", "c");
			this.time.advanceTimeBy(INTERVAL.plusSeconds(10));
			assertThat(times("default").get(1)).isBetween(18_000L, 22_000L);
			assertThat(times("b").get(1)).isBetween(36_000L, 44_000L);
			assertThat(times("c").get(1)).isBetween(54_000L, 66_000L);
		});
	}

	@Test
	void readsAFewAccountsAtOnceButDoesNotWaitForSlowOnes() {
		this.client.answer(Mono.never());
		withAccounts(IntStream.rangeClosed(1, 20).mapToObj((number) -> "a" + number).toArray(String[]::new))
			.withPropertyValues("engagelab.sms.primary-account=a1")
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofMillis(999));
				assertThat(this.client.calls()).hasSize(16);
				this.time.advanceTimeBy(Duration.ofMillis(201));
				assertThat(this.client.calls()).extracting(ScriptedClient.Call::account)
					.hasSize(20)
					.doesNotHaveDuplicates();
				this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
				assertThat(this.client.calls()).hasSize(20);
			});
	}

	@Test
	void goesOnWhenListenerBlocks() {
		VirtualTimeScheduler.reset();
		this.client.balance(100000);
		CountDownLatch end = new CountDownLatch(1);
		AtomicBoolean blocked = new AtomicBoolean();
		ApplicationListener<?> blocking = ApplicationListener.<SmsAccountStateChangedEvent>forPayload((event) -> {
			blocked.set(true);
			try {
				end.await();
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		});
		try {
			this.runner.withPropertyValues("engagelab.sms.refresh.interval=1s")
				.withInitializer((context) -> context.addApplicationListener(blocking))
				.run((context) -> {
					Awaitility.await().untilTrue(blocked);
					Awaitility.await().until(() -> this.client.calls().size() >= 3);
				});
		}
		finally {
			end.countDown();
		}
	}

	private ApplicationContextRunner withAccounts(String... accounts) {
		return this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> new EngageLabSmsConnectionDetails() {

			@Override
			public Set<String> getAccounts() {
				return new LinkedHashSet<>(List.of(accounts));
			}

			@Override
			public Credentials getCredentials(String account) {
				return new Credentials("key", "secret");
			}

		});
	}

	private void run(Consumer<AssertableApplicationContext> test) {
		this.runner.run(test::accept);
	}

	private List<Long> times(String account) {
		return this.client.calls()
			.stream()
			.filter((call) -> call.account().equals(account))
			.map(ScriptedClient.Call::millis)
			.toList();
	}

	private List<Long> gaps(String account) {
		List<Long> times = times(account);
		List<Long> gaps = new ArrayList<>();
		for (int i = 1; i < times.size(); i++) {
			gaps.add(times.get(i) - times.get(i - 1));
		}
		return gaps;
	}

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationListener;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * When accounts are refreshed, in virtual time, and what only real threads show.
 */
@ExtendWith(OutputCaptureExtension.class)
@Tag("slow")
class SmsBalancePollerTests {

	private static final Duration INTERVAL = Duration.ofMinutes(1);

	private static final Duration MAX_AGE = Duration.ofMinutes(5);

	private static final long INITIAL_DELAY = 250;

	private final VirtualTime time = new VirtualTime();

	private final ScriptedClient client = new ScriptedClient(this.time::nanoTime);

	private final ApplicationContextRunner realTimeRunner = new ApplicationContextRunner()
		.withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
		.withPropertyValues("engagelab.sms.refresh.interval=" + INTERVAL, "engagelab.sms.refresh.max-age=" + MAX_AGE)
		.withBean(SmsBalanceClient.class, () -> this.client);

	private final ApplicationContextRunner runner = this.realTimeRunner.withBean(EngageLabSmsThreads.class,
			this.time::threads);

	@Test
	void pollsRightAfterStartAndThenEveryIntervalWithJitter() {
		this.client.balance(100000);
		run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY - 1));
			assertThat(this.client.calls()).isEmpty();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(100));
			assertThat(this.client.calls().get(0).millis()).isEqualTo(INITIAL_DELAY);
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
			assertThat(gaps("default")).allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
		});
	}

	@Test
	void pollsOnWhenThereIsNoMemoryToFindOutWhatIsDue() {
		this.client.balance(100000);
		run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY));
			this.time.stopProcessFor(INTERVAL.multipliedBy(2));
			this.time.failNext(new OutOfMemoryError("Java heap space"));
			this.time.advanceTimeBy(Duration.ZERO);
			assertThat(this.client.calls()).hasSize(1);
			this.time.advanceTimeBy(INTERVAL.multipliedBy(3));
			assertThat(this.client.calls()).hasSizeBetween(3, 5);
		});
	}

	@ParameterizedTest
	@EnumSource(ClientFault.class)
	void pollsOnAfterClientFault(ClientFault fault) {
		this.client.balance(100000);
		run((context) -> {
			SmsBalanceMonitor monitor = monitor(context);
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY));
			this.client.answerWith(fault::answer);
			this.time.advanceTimeBy(INTERVAL.multipliedBy(4));
			assertThat(this.client.calls()).hasSizeBetween(4, 5);
			assertThat(gaps("default")).allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
			assertThat(monitor.getStatus().failure()).isEqualTo(fault.getFailure());
			this.client.balance(100000);
			this.time.advanceTimeBy(INTERVAL.plusSeconds(6));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(monitor.getStatus().failure()).isNull();
		});
	}

	@ParameterizedTest
	@EnumSource(names = { "NEVER", "NULL", "OUT_OF_MEMORY_IN_CALL", "OUT_OF_MEMORY_ON_SUBSCRIBE",
			"STACK_OVERFLOW_ON_SUBSCRIBE" })
	void pollsOnAfterClientFaultOnRealThreads(ClientFault fault) {
		this.client.answerWith(fault::answer);
		this.realTimeRunner
			.withPropertyValues("engagelab.sms.refresh.interval=1s", "engagelab.sms.http.request-timeout=800ms")
			.run((context) -> {
				SmsBalanceMonitor monitor = monitor(context);
				Awaitility.await().until(() -> monitor.getStatus().failure() == fault.getFailure());
				this.client.balance(100000);
				Awaitility.await().until(() -> monitor.getStatus().state() == SmsAccountState.OK);
			});
	}

	@Test
	void pollsOnWhenClientNeverAnswers() {
		this.client.balance(100000);
		run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY));
			this.client.answer(Mono.never());
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).hasSizeBetween(10, 13);
			assertThat(gaps("default")).allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
			Map<String, Long> refreshes = monitor(context).getRefreshes();
			assertThat(refreshes).containsOnlyKeys("success", "timeout");
			assertThat(refreshes.get("timeout")).isBetween(8L, 12L);
		});
	}

	@Test
	void pollsNeverTwoAtOnceButSharesTheRefreshInFlight() {
		this.client.answer(Mono.never());
		this.runner.withPropertyValues("engagelab.sms.http.request-timeout=10m", "engagelab.sms.refresh.max-age=20m")
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofMinutes(10));
				assertThat(this.client.calls()).hasSize(1);
				this.time.advanceTimeBy(INTERVAL.plusSeconds(7));
				assertThat(this.client.calls()).hasSize(2);
				assertThat(gaps("default").get(0)).isBetween(600_000L, 666_000L);
			});
	}

	@Test
	void pollsFromStartToStart() {
		run((context) -> {
			for (int i = 0; i < 10; i++) {
				Sinks.One<SmsBalance> answer = Sinks.one();
				this.client.answer(answer.asMono());
				int calls = this.client.calls().size();
				while (this.client.calls().size() == calls) {
					this.time.advanceTimeBy(Duration.ofSeconds(1));
				}
				this.time.advanceTimeBy(Duration.ofSeconds(14));
				answer.tryEmitValue(new SmsBalance(1, 1, 2));
				Awaitility.await().until(() -> !monitor(context).isRefreshing());
				assertThat(monitor(context).getStatus().failure()).isNull();
			}
			assertThat(gaps("default")).hasSize(9).allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
		});
	}

	@ParameterizedTest
	@ValueSource(longs = { 1, -1 })
	void pollsOnTimeWhenClockIsSetDuringARefresh(long backBy) {
		run((context) -> {
			Sinks.One<SmsBalance> answer = Sinks.one();
			this.client.answer(answer.asMono());
			this.time.advanceTimeBy(Duration.ofSeconds(1));
			assertThat(this.client.calls()).hasSize(1);
			this.time.setClockBackBy(Duration.ofHours(backBy));
			this.time.advanceTimeBy(Duration.ofSeconds(5));
			answer.tryEmitValue(new SmsBalance(100000, 0, 100000));
			Awaitility.await().until(() -> monitor(context).getStatus().snapshot() != null);
			this.client.balance(100000);
			Instant now = Instant.EPOCH.plusSeconds(6).minus(Duration.ofHours(backBy));
			assertThat(monitor(context).getStatus().snapshot().readAt()).isEqualTo(now);
			assertThat(context.getBean(SmsBalancePoller.class).getNextRefresh("default")).isBetween(now.plusSeconds(48),
					now.plusSeconds(61));
			this.time.advanceTimeBy(INTERVAL.multipliedBy(5));
			assertThat(this.client.calls()).hasSizeBetween(5, 7);
			assertThat(gaps("default")).allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
		});
	}

	@Test
	void nextRefreshIsWhenTheNextPollComes() {
		this.client.balance(100000);
		run((context) -> {
			SmsBalancePoller poller = context.getBean(SmsBalancePoller.class);
			assertThat(poller.getNextRefresh("default")).isEqualTo(Instant.EPOCH.plusMillis(INITIAL_DELAY));
			assertThatFivePollsComeWhenSaid(poller);
			assertThat(poller.getNextRefresh("nobody")).isNull();
		});
	}

	@ParameterizedTest
	@EnumSource(names = { "UNREACHABLE", "TIMEOUT", "SERVER_ERROR", "CREDENTIALS_UNAVAILABLE" })
	void pollsSoonerUntilTheFirstSuccess(SmsBalanceFailure failure) {
		this.client.fail(failure);
		this.runner.withPropertyValues("engagelab.sms.refresh.interval=30m", "engagelab.sms.refresh.max-age=2h")
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY).plusSeconds(200));
				assertThat(gaps("default")).containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L,
						30_000L, 30_000L, 30_000L);
				this.client.balance(100000);
				this.time.advanceTimeBy(Duration.ofSeconds(30));
				assertThat(monitor(context).getStatus().state()).isEqualTo(SmsAccountState.OK);
				int calls = this.client.calls().size();
				this.client.fail(failure);
				this.time.advanceTimeBy(Duration.ofHours(2));
				assertThat(this.client.calls().size() - calls).isBetween(3, 5);
				assertThat(gaps("default").subList(calls, this.client.calls().size() - 1))
					.allMatch((gap) -> gap >= 27 * 60_000 && gap <= 33 * 60_000);
			});
	}

	@Test
	void pollsSoonerUntilTheFirstSuccessHoweverItFails() {
		AtomicInteger calls = new AtomicInteger();
		this.client.answerWith(() -> Mono.error(new SmsBalanceException("default",
				(calls.incrementAndGet() % 2 == 0) ? SmsBalanceFailure.TIMEOUT : SmsBalanceFailure.UNREACHABLE, null)));
		this.runner.withPropertyValues("engagelab.sms.refresh.interval=30m", "engagelab.sms.refresh.max-age=2h")
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofSeconds(35));
				assertThat(gaps("default")).containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 16_000L);
			});
	}

	@Test
	void pollsSoonerUntilTheFirstSuccessForMaxAgeAtMost() {
		this.client.fail(SmsBalanceFailure.UNREACHABLE);
		this.runner.withPropertyValues("engagelab.sms.refresh.interval=30m", "engagelab.sms.refresh.max-age=45m")
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofMinutes(46));
				int calls = this.client.calls().size();
				assertThat(calls).isGreaterThan(80);
				this.time.advanceTimeBy(Duration.ofMinutes(60));
				assertThat(this.client.calls().size() - calls).isBetween(1, 3);
			});
	}

	@ParameterizedTest
	@EnumSource(names = { "INVALID_CREDENTIALS", "ACCESS_DENIED", "MALFORMED_RESPONSE", "NOT_CONFIGURED" })
	void pollsAtTheIntervalWhenTheNextPollCannotHelp(SmsBalanceFailure failure) {
		this.client.fail(failure);
		run((context) -> {
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(gaps("default")).isNotEmpty().allMatch((gap) -> gap >= 54_000 && gap <= 66_000);
		});
	}

	@Test
	void pollsSoonerNeverLaterThanTheInterval() {
		this.client.fail(SmsBalanceFailure.UNREACHABLE);
		this.runner.withPropertyValues("engagelab.sms.refresh.interval=5s").run((context) -> {
			this.time.advanceTimeBy(Duration.ofMinutes(2));
			assertThat(gaps("default")).startsWith(1_000L, 2_000L, 4_000L)
				.allMatch((gap) -> gap <= 5_500)
				.hasSizeGreaterThan(20);
		});
	}

	@Test
	void pollsLessOftenWhileProviderAsksToSlowDown() {
		this.client.balance(100000);
		run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY));
			this.client.fail(SmsBalanceFailure.RATE_LIMITED);
			this.time.advanceTimeBy(Duration.ofMinutes(12));
			List<Long> gaps = gaps("default");
			// Twice the interval, and from then on half of max-age, which is 5m
			assertThat(gaps.get(0)).isBetween(54_000L, 66_000L);
			assertThat(gaps.subList(1, gaps.size())).startsWith(120_000L, 150_000L, 150_000L)
				.allMatch((gap) -> gap == 120_000 || gap == 150_000);
			this.client.balance(100000);
			this.time.advanceTimeBy(Duration.ofMinutes(3));
			int calls = this.client.calls().size();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls().size() - calls).isBetween(9, 11);
		});
	}

	@Test
	void nextRefreshFollowsFirstDelaysAndPauses() {
		this.client.fail(SmsBalanceFailure.UNREACHABLE);
		this.runner.withPropertyValues("engagelab.sms.refresh.interval=30m", "engagelab.sms.refresh.max-age=2h")
			.run((context) -> {
				SmsBalancePoller poller = context.getBean(SmsBalancePoller.class);
				assertThatFivePollsComeWhenSaid(poller);
				this.client.fail(SmsBalanceFailure.RATE_LIMITED);
				this.time.advanceTimeTo(poller.getNextRefresh("default"));
				assertThat(this.client.calls()).hasSize(6);
				Instant now = Instant.ofEpochMilli(this.client.calls().get(5).millis());
				assertThat(poller.getNextRefresh("default")).isEqualTo(now.plus(Duration.ofHours(1)));
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
			this.time.advanceTimeBy(Duration.ofSeconds(1));
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
			this.time.advanceTimeBy(Duration.ofSeconds(1));
			context.getSourceApplicationContext().stop();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).hasSize(1);
			context.getSourceApplicationContext().start();
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY - 1));
			assertThat(this.client.calls()).hasSize(1);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(this.client.calls()).hasSize(2);
		});
	}

	@Test
	void spreadsAccountsOverTheInterval() {
		this.client.balance(100000);
		withAccounts("default", "b", "c").run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY + 100));
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::account)
				.containsExactly("default", "b", "c");
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::millis)
				.containsExactly(INITIAL_DELAY, INITIAL_DELAY + 50, INITIAL_DELAY + 100);
			this.time.advanceTimeBy(INTERVAL.plusSeconds(10));
			assertThat(times("default").get(1)).isBetween(18_000L, 22_000L + INITIAL_DELAY);
			assertThat(times("b").get(1)).isBetween(36_000L, 44_000L + INITIAL_DELAY);
			assertThat(times("c").get(1)).isBetween(54_000L, 66_000L + INITIAL_DELAY);
		});
	}

	@Test
	void readsEachOfManyAccountsOnceAtFirst() {
		this.client.balance(100000);
		String[] accounts = IntStream.rangeClosed(1, 300).mapToObj((number) -> "a" + number).toArray(String[]::new);
		withAccounts(accounts).withPropertyValues("engagelab.sms.refresh.interval=5s").run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY).plusSeconds(5));
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::account).contains(accounts);
			// Some come again already, as the interval has a jitter
			assertThat(this.client.calls()).hasSizeLessThan(340);
		});
	}

	@Test
	void pollsEveryAccountOnTimeWhenNoneIsAnswered() {
		this.client.answer(Mono.never());
		String[] accounts = IntStream.rangeClosed(1, 100).mapToObj((number) -> "a" + number).toArray(String[]::new);
		withAccounts(accounts).run((context) -> {
			this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY + 99 * 50));
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::account).containsExactly(accounts);
			this.time.advanceTimeBy(INTERVAL.multipliedBy(2));
			assertThat(this.client.calls()).hasSizeGreaterThanOrEqualTo(200);
		});
	}

	@Test
	void runsWithoutPollsWhenRefreshIsDisabled() {
		this.client.balance(100000);
		this.runner.withPropertyValues("engagelab.sms.refresh.enabled=false").run((context) -> {
			SmsBalancePoller poller = context.getBean(SmsBalancePoller.class);
			assertThat(poller.isRunning()).isTrue();
			assertThat(poller.getNextRefresh("default")).isNull();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).isEmpty();
			context.getSourceApplicationContext().stop();
			assertThat(poller.isRunning()).isFalse();
		});
	}

	@Test
	void runsWithoutPollsWhenDisabled() {
		this.client.balance(100000);
		this.runner.withPropertyValues("engagelab.sms.enabled=false").run((context) -> {
			SmsBalancePoller poller = context.getBean(SmsBalancePoller.class);
			assertThat(poller.isRunning()).isTrue();
			assertThat(poller.getNextRefresh("default")).isNull();
			this.time.advanceTimeBy(INTERVAL.multipliedBy(10));
			assertThat(this.client.calls()).isEmpty();
		});
	}

	@Test
	void startsUnderLazyInitialization() {
		this.client.balance(100000);
		this.runner
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofMillis(INITIAL_DELAY));
				assertThat(this.client.calls()).hasSize(1);
			});
	}

	@Test
	void goesOnWhenListenerBlocks() {
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
			this.realTimeRunner.withPropertyValues("engagelab.sms.refresh.interval=1s")
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

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void stopDeliversQueuedEventsAndLetsTheListenerEnd(boolean polled, CapturedOutput output) throws Exception {
		CountDownLatch end = new CountDownLatch(1);
		List<SmsAccountState> begun = new CopyOnWriteArrayList<>();
		List<SmsAccountState> ended = new CopyOnWriteArrayList<>();
		ApplicationListener<?> slow = ApplicationListener.<SmsAccountStateChangedEvent>forPayload((event) -> {
			begun.add(event.current());
			try {
				end.await();
				ended.add(event.current());
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		});
		this.realTimeRunner.withPropertyValues("engagelab.sms.refresh.enabled=" + polled)
			.withInitializer((context) -> context.addApplicationListener(slow))
			.run((context) -> {
				SmsBalanceMonitor monitor = monitor(context);
				this.client.balance(100000);
				monitor.refresh().get(10, TimeUnit.SECONDS);
				this.client.balance(1);
				monitor.refresh().get(10, TimeUnit.SECONDS);
				Awaitility.await().until(() -> begun.size() == 1);
				Thread stopping = new Thread(context.getSourceApplicationContext()::stop);
				stopping.start();
				Awaitility.await().until(() -> waitsIn(stopping, "deliverEvents"));
				assertThat(ended).isEmpty();
				end.countDown();
				stopping.join(4000);
				assertThat(stopping.isAlive()).isFalse();
				assertThat(ended).containsExactly(SmsAccountState.OK, SmsAccountState.LOW);
			});
		assertThat(output).doesNotContain("did not complete", "failed", "Exception");
	}

	@Test
	void stopWhenListenerDoesNotEndWaitsNoLongerThanSecondsAndSaysSo(CapturedOutput output) {
		AtomicBoolean begun = new AtomicBoolean();
		AtomicBoolean interrupted = new AtomicBoolean();
		ApplicationListener<?> hanging = ApplicationListener.<SmsAccountStateChangedEvent>forPayload((event) -> {
			begun.set(true);
			try {
				new CountDownLatch(1).await();
			}
			catch (InterruptedException ex) {
				interrupted.set(true);
			}
		});
		this.client.balance(100000);
		this.realTimeRunner.withInitializer((context) -> context.addApplicationListener(hanging)).run((context) -> {
			Awaitility.await().untilTrue(begun);
			long begin = System.nanoTime();
			context.getSourceApplicationContext().stop();
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofMillis(4500),
					Duration.ofSeconds(9));
			assertThat(output).contains("A listener for EngageLab SMS state changes did not complete within PT5S");
			assertThat(interrupted).isFalse();
		});
		Awaitility.await().untilTrue(interrupted);
	}

	private void assertThatFivePollsComeWhenSaid(SmsBalancePoller poller) {
		for (int i = 0; i < 5; i++) {
			Instant next = poller.getNextRefresh("default");
			this.time.advanceTimeTo(next.minusMillis(1));
			assertThat(this.client.calls()).hasSize(i);
			this.time.advanceTimeTo(next);
			assertThat(this.client.calls()).hasSize(i + 1);
		}
	}

	private static boolean waitsIn(Thread thread, String method) {
		return thread.getState() == Thread.State.TIMED_WAITING
				&& Stream.of(thread.getStackTrace()).anyMatch((frame) -> frame.getMethodName().equals(method));
	}

	private static SmsBalanceMonitor monitor(AssertableApplicationContext context) {
		return context.getBean(SmsBalanceMonitors.class).get("default");
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

package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.UnknownSmsAccountException;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * The states of an account and how they are told, in virtual time and a real context.
 */
class SmsBalanceMonitorTests {

	// Of a test that waits for another thread
	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final Duration MAX_AGE = Duration.ofMinutes(5);

	private static final Duration INTERVAL = Duration.ofMinutes(1);

	private static final Duration INITIAL_DELAY = Duration.ofMillis(250);

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(15);

	private final VirtualTime time = new VirtualTime();

	private final ScriptedClient client = new ScriptedClient(this.time::nanoTime);

	private final List<SmsAccountStateChangedEvent> events = new CopyOnWriteArrayList<>();

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.engagelab.sms");

	@BeforeEach
	void setUp() {
		this.log.start();
		this.logger.addAppender(this.log);
	}

	@AfterEach
	void tearDown() {
		this.logger.detachAppender(this.log);
	}

	@ParameterizedTest
	@CsvSource({ "100000, OK", "50000, OK", "49999, WARNING", "10000, WARNING", "9999, LOW", "0, LOW", "-1, LOW" })
	void stateFollowsFromTotalAndThresholds(long total10000, SmsAccountState expected) {
		run((monitor) -> {
			this.client.balance(total10000);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(expected);
			assertThat(this.events).singleElement().satisfies((event) -> {
				assertThat(event.account()).isEqualTo("default");
				assertThat(event.previous()).isEqualTo(SmsAccountState.UNKNOWN);
				assertThat(event.current()).isEqualTo(expected);
				assertThat(event.snapshot()).isEqualTo(monitor.getStatus().snapshot());
				assertThat(event.failure()).isNull();
			});
		});
	}

	@Test
	void stateWhenNothingWasReadIsUnknown() {
		run((monitor) -> {
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			this.time.advanceTimeBy(MAX_AGE.multipliedBy(2));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			assertThat(this.events).isEmpty();
			assertThat(lines()).isEmpty();
		});
	}

	@Test
	void stateWhenFailurePassesStays() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(monitor.isFresh()).isTrue();
			assertThat(monitor.getStatus().failure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
			assertThat(this.events).hasSize(1);
			assertThat(lines()).hasSize(1);
		});
	}

	@Test
	void refreshWhenProcessWasStoppedBeyondADeadlineEndsThatRefreshAndLeavesTheNext() {
		run((monitor) -> {
			this.client.answer(Mono.never());
			CompletableFuture<SmsBalanceSnapshot> overdue = monitor.refresh();
			this.time.stopProcessFor(REQUEST_TIMEOUT.plusSeconds(2));
			Sinks.One<SmsBalance> answer = Sinks.one();
			this.client.answer(answer.asMono());
			CompletableFuture<SmsBalanceSnapshot> next = monitor.refresh();
			assertThat(overdue).isCompletedExceptionally();
			this.time.advanceTimeBy(Duration.ofSeconds(1));
			assertThat(next).isNotDone();
			assertThat(monitor.refresh()).isNotDone();
			assertThat(this.client.calls()).hasSize(2);
			answer.tryEmitValue(new SmsBalance(100000, 0, 100000));
			assertThat(next).succeedsWithin(PATIENCE);
			assertThat(next).isCompletedWithValue(monitor.getStatus().snapshot());
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(monitor.getStatus().failure()).isNull();
		});
	}

	@Test
	void stateWhenMaxAgeIsReachedIsUnavailableWithoutAnyRead() {
		runPolled((monitor) -> {
			this.client.balance(100000);
			this.time.advanceTimeBy(INITIAL_DELAY);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(monitor.isFresh()).isTrue();
			assertThat(this.events).hasSize(1);
			int calls = this.client.calls().size();
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(this.client.calls()).hasSize(calls);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
			assertThat(monitor.isFresh()).isFalse();
			assertThat(monitor.getStatus().snapshot()).isNotNull();
			assertThat(this.events)
				.extracting(SmsAccountStateChangedEvent::previous, SmsAccountStateChangedEvent::current)
				.containsExactly(Tuple.tuple(SmsAccountState.UNKNOWN, SmsAccountState.OK),
						Tuple.tuple(SmsAccountState.OK, SmsAccountState.UNAVAILABLE));
			assertThat(this.events).last().satisfies((event) -> {
				assertThat(event.snapshot()).isEqualTo(monitor.getStatus().snapshot());
				assertThat(event.failure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
			});
			this.client.balance(100000);
			refresh(monitor);
			assertThat(this.events).last()
				.extracting(SmsAccountStateChangedEvent::current)
				.isEqualTo(SmsAccountState.OK);
			assertThat(lines()).satisfiesExactly(
					(line) -> assertThat(line).startsWith("INFO EngageLab SMS account 'default' is OK, was UNKNOWN"),
					(line) -> assertThat(line)
						.startsWith("WARN EngageLab SMS account 'default' is UNAVAILABLE, was OK"),
					(line) -> assertThat(line)
						.startsWith("INFO EngageLab SMS account 'default' is OK, was UNAVAILABLE"));
		});
	}

	@Test
	void stateWhenMaxAgeIsReachedWithoutPollingIsUnavailableButNoNews() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			AtomicInteger notifications = new AtomicInteger();
			monitor.addListener(notifications::incrementAndGet);
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(notifications).hasValue(0);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
			assertThat(monitor.isFresh()).isFalse();
			assertThat(notifications).hasValue(1);
			this.time.advanceTimeBy(MAX_AGE.multipliedBy(2));
			assertThat(notifications).hasValue(1);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(this.events).hasSize(1);
			assertThat(lines()).hasSize(1);
		});
	}

	@Test
	void stateWhenRefreshFailsAfterMaxAgeWithoutPollingIsNews() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE);
			this.client.fail(SmsBalanceFailure.UNREACHABLE);
			refresh(monitor);
			assertThat(this.events).extracting(SmsAccountStateChangedEvent::current)
				.containsExactly(SmsAccountState.OK, SmsAccountState.UNAVAILABLE);
			assertThat(lines()).hasSize(2)
				.last()
				.asString()
				.startsWith("WARN EngageLab SMS account 'default' is UNAVAILABLE, was OK: the total balance is 10.0000")
				.contains("UNREACHABLE");
		});
	}

	@Test
	void stateWhenSnapshotIsRenewedExpiresMaxAgeAfterTheLastSuccess() {
		runPolled((monitor) -> {
			this.client.balance(100000);
			this.time.advanceTimeBy(MAX_AGE.multipliedBy(10));
			assertThat(this.events).hasSize(1);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.SERVER_ERROR);
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(this.events).hasSize(1);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(this.events).hasSize(2);
			this.time.advanceTimeBy(MAX_AGE.multipliedBy(10));
			assertThat(this.events).hasSize(2);
		});
	}

	@ParameterizedTest
	@ValueSource(longs = { -1, 1 })
	void stateWhenClockIsSetExpiresByTheTimeThatHasPassed(long direction) {
		runPolled((monitor) -> {
			this.client.balance(100000);
			this.time.advanceTimeBy(INITIAL_DELAY);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			this.time.setClockBackBy(Duration.ofHours(direction));
			assertThat(monitor.getDetails().get("age")).isEqualTo("PT0S");
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
			assertThat(monitor.getDetails().get("age")).isEqualTo("PT5M");
		});
	}

	@Test
	void stateWhenNothingCouldBeReadIsUnavailableAfterMaxAge() {
		runPolled((monitor) -> {
			this.client.fail(SmsBalanceFailure.UNREACHABLE);
			this.time.advanceTimeBy(INITIAL_DELAY);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			assertThat(lines()).singleElement()
				.asString()
				.startsWith("WARN EngageLab SMS account 'default' is still UNKNOWN: no balance has been read yet")
				.contains("UNREACHABLE", SmsBalanceFailure.UNREACHABLE.getHint());
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
			assertThat(this.events).singleElement().satisfies((event) -> {
				assertThat(event.current()).isEqualTo(SmsAccountState.UNAVAILABLE);
				assertThat(event.snapshot()).isNull();
				assertThat(event.failure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
			});
		});
	}

	@ParameterizedTest
	@EnumSource(names = { "INVALID_CREDENTIALS", "CREDENTIALS_DISABLED", "MERCHANT_DELETED" })
	void stateWhenRejectedStaysUntilTheNextSuccess(SmsBalanceFailure rejection) {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.fail(rejection);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
			assertThat(monitor.isFresh()).isTrue();
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
			assertThat(monitor.isFresh()).isFalse();
			this.client.balance(100000);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(this.events).extracting(SmsAccountStateChangedEvent::current)
				.containsExactly(SmsAccountState.OK, SmsAccountState.REJECTED, SmsAccountState.OK);
		});
	}

	@ParameterizedTest
	@EnumSource(names = { "INVALID_CREDENTIALS", "CREDENTIALS_DISABLED", "MERCHANT_DELETED", "ACCESS_DENIED" },
			mode = EnumSource.Mode.EXCLUDE)
	void stateWhenFailureIsNoRejectionIsNotRejected(SmsBalanceFailure failure) {
		run((monitor) -> {
			this.client.fail(failure);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
		});
	}

	@Test
	void stateWhenAGatewayDeniesAccessIsRejectedOnlyWhenTheBalanceExpires() {
		runPolled((monitor) -> {
			this.client.balance(100000);
			this.time.advanceTimeBy(INITIAL_DELAY);
			this.client.answer(Mono.error(
					() -> new SmsBalanceException("default", SmsBalanceFailure.ACCESS_DENIED, 403, null, null, null)));
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
			assertThat(monitor.getStatus().failure()).isEqualTo(SmsBalanceFailure.ACCESS_DENIED);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
			assertThat(this.events).extracting(SmsAccountStateChangedEvent::current)
				.containsExactly(SmsAccountState.OK, SmsAccountState.REJECTED);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
		});
	}

	@Test
	void stateWhenNothingWasReadAndAGatewayDeniesAccessIsRejectedAfterMaxAge() {
		runPolled((monitor) -> {
			this.client.fail(SmsBalanceFailure.ACCESS_DENIED);
			this.time.advanceTimeBy(INITIAL_DELAY.plus(MAX_AGE).minusMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
		});
	}

	@Test
	void stateWhenTheProviderDeniesAccessIsRejectedAtOnce() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.answer(Mono.error(() -> new SmsBalanceException("default", SmsBalanceFailure.ACCESS_DENIED, 403,
					2003, "not on the list", null)));
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
		});
	}

	@Test
	void stateWhenCredentialsGoMissingIsUnknownAndWaitsAfresh() {
		run((monitor) -> {
			this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE.minusSeconds(1));
			this.client.fail(SmsBalanceFailure.NOT_CONFIGURED);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE.multipliedBy(2));
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
		});
	}

	@Test
	void stateWhenCredentialsGoMissingAfterSuccessIsUnknown() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.NOT_CONFIGURED);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			assertThat(monitor.getStatus().snapshot()).isNotNull();
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(monitor.isFresh()).isFalse();
		});
	}

	@Test
	void logWhenFailuresRepeatSaysEachKindOnceUntilTheNextSuccess() {
		runPolled((monitor) -> {
			for (int round = 0; round < 2; round++) {
				for (int i = 0; i < 3; i++) {
					this.client.fail(SmsBalanceFailure.TIMEOUT);
					refresh(monitor);
					this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
					refresh(monitor);
					this.client.fail(SmsBalanceFailure.CREDENTIALS_DISABLED);
					refresh(monitor);
				}
				this.client.balance(9999);
				refresh(monitor);
				this.client.fail(SmsBalanceFailure.SERVER_ERROR);
				this.time.advanceTimeBy(MAX_AGE);
			}
			assertThat(lines()).extracting((line) -> line.replaceAll("EngageLab SMS account 'default' is |:.*", ""))
				.containsExactly("WARN still UNKNOWN", "WARN REJECTED, was UNKNOWN", "WARN still REJECTED",
						"WARN LOW, was REJECTED", "WARN UNAVAILABLE, was LOW", "WARN still UNAVAILABLE",
						"WARN REJECTED, was UNAVAILABLE", "WARN still REJECTED", "WARN LOW, was REJECTED",
						"WARN UNAVAILABLE, was LOW");
			assertThat(this.log.list).filteredOn((event) -> event.getLevel() != Level.DEBUG)
				.allSatisfy((event) -> assertThat(event.getThrowableProxy()).isNull());
		});
	}

	@ParameterizedTest
	@CsvSource({ "100000, 20000, WARN", "20000, 100000, INFO", "20000, 9999, WARN", "9999, 20000, INFO",
			"9999, 100000, INFO", "100000, 9999, WARN" })
	void logLevelTellsBetterFromWorse(long before10000, long now10000, String level) {
		run((monitor) -> {
			this.client.balance(before10000);
			refresh(monitor);
			this.client.balance(now10000);
			refresh(monitor);
			assertThat(lines()).hasSize(2).last().asString().startsWith(level);
		});
	}

	@ParameterizedTest
	@CsvSource({ "100000, INFO", "20000, INFO", "9999, WARN" })
	void logLevelWhenBackFromUnavailableTellsWhetherAllIsWell(long total10000, String level) {
		runPolled((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			this.time.advanceTimeBy(MAX_AGE);
			this.client.balance(total10000);
			refresh(monitor);
			assertThat(lines()).hasSize(3).last().asString().startsWith(level);
		});
	}

	@Test
	void logAtDebugHasTheStackTrace() {
		this.logger.setLevel(Level.DEBUG);
		try {
			run((monitor) -> {
				this.client.fail(SmsBalanceFailure.TIMEOUT);
				refresh(monitor);
				assertThat(this.log.list).filteredOn((event) -> event.getLevel() == Level.DEBUG)
					.anySatisfy((event) -> assertThat(event.getThrowableProxy().getClassName())
						.isEqualTo(SmsBalanceException.class.getName()));
			});
		}
		finally {
			this.logger.setLevel(null);
		}
	}

	@Test
	void eventWhenListenerThrowsIsFollowedByTheNext() {
		AtomicReference<RuntimeException> failure = new AtomicReference<>(new IllegalStateException("listener"));
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			failure.set(null);
			this.client.balance(9999);
			refresh(monitor);
			assertThat(this.events).extracting(SmsAccountStateChangedEvent::current)
				.containsExactly(SmsAccountState.OK, SmsAccountState.LOW);
			assertThat(lines()).anySatisfy((line) -> assertThat(line)
				.isEqualTo("WARN A listener to the state of EngageLab SMS account 'default' failed"));
		}, (event) -> {
			if (failure.get() != null) {
				throw failure.get();
			}
		});
	}

	@ParameterizedTest
	@CsvSource({ "49999, WARN, WARNING, (warning threshold 5.0000)", "9999, WARN, LOW, (low threshold 1.0000)",
			"50000, INFO, OK, (low threshold 1.0000)" })
	void logSaysBalanceAndThreshold(long total10000, String level, String state, String threshold) {
		run((monitor) -> {
			this.client.balance(total10000);
			refresh(monitor);
			assertThat(lines()).containsExactly("%s EngageLab SMS account 'default' is %s, was UNKNOWN: the total "
				.formatted(level, state)
					+ "balance is %s %s, read at 1970-01-01T00:00:00Z"
						.formatted(monitor.getStatus().snapshot().balance().totalBalance().toPlainString(), threshold));
		});
	}

	@Test
	void logWhenNewKindOfRejectionComesWhileFreshSaysIt() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
			refresh(monitor);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.ACCESS_DENIED);
			refresh(monitor);
			refresh(monitor);
			assertThat(monitor.isFresh()).isTrue();
			assertThat(lines()).extracting((line) -> line.replaceAll("EngageLab SMS account 'default' is |:.*", ""))
				.containsExactly("INFO OK, was UNKNOWN", "WARN REJECTED, was OK", "WARN still REJECTED");
			assertThat(lines()).last().asString().contains("ACCESS_DENIED", SmsBalanceFailure.ACCESS_DENIED.getHint());
		});
	}

	@Test
	void listenerWhenItThrowsDoesNotSpoilTheRead() {
		run((monitor) -> {
			monitor.addListener(() -> {
				throw new IllegalStateException("listener");
			});
			this.client.balance(100000);
			assertThat(monitor.refresh()).isCompleted();
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(lines()).filteredOn((line) -> line.contains("continues after an error")).hasSize(2);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.OK);
		});
	}

	@Test
	void listenerIsNotifiedBeforeCallersHaveTheirAnswer() {
		run((monitor) -> {
			Sinks.One<SmsBalance> answer = Sinks.one();
			this.client.answer(answer.asMono());
			CompletableFuture<SmsBalanceSnapshot> refresh = monitor.refresh();
			CompletableFuture<SmsBalanceSnapshot> result = monitor.startOrJoin(null);
			List<String> seen = new CopyOnWriteArrayList<>();
			monitor.addListener(() -> seen
				.add("%s %s %s".formatted(refresh.isDone(), result.isDone(), monitor.getStatus().state())));
			answer.tryEmitValue(new SmsBalance(100000, 0, 100000));
			assertThat(refresh).succeedsWithin(PATIENCE);
			assertThat(seen).containsExactly("false false OK");
			assertThat(result).isCompleted();
		});
	}

	@ParameterizedTest
	@EnumSource(ClientFault.class)
	void refreshWhenClientIsWrongFailsAsSmsBalanceException(ClientFault fault) {
		run((monitor) -> {
			this.client.answerWith(fault::answer);
			CompletableFuture<SmsBalanceSnapshot> refresh = monitor.refresh();
			if (fault.getFailure() == SmsBalanceFailure.TIMEOUT) {
				this.time.advanceTimeBy(REQUEST_TIMEOUT.minusMillis(1));
				assertThat(refresh).isNotDone();
				this.time.advanceTimeBy(Duration.ofMillis(1));
			}
			assertThat(failureOf(refresh)).isInstanceOfSatisfying(SmsBalanceException.class, (ex) -> {
				assertThat(ex.getAccount()).isEqualTo("default");
				assertThat(ex.getFailure()).isEqualTo(fault.getFailure());
				assertThat(ex.getReason()).isEqualTo(fault.getReason());
				assertThat(ex.getCause()).matches(fault::isCause);
			});
			assertThat(monitor.getStatus().failure()).isEqualTo(fault.getFailure());
			this.client.balance(100000);
			assertThat(monitor.refresh()).isCompleted();
		});
	}

	@Test
	void refreshWhenOneIsInFlightSharesItsAnswer() {
		run((monitor) -> {
			Sinks.One<SmsBalance> answer = Sinks.one();
			this.client.answer(answer.asMono());
			CompletableFuture<SmsBalanceSnapshot> first = monitor.refresh();
			CompletableFuture<SmsBalanceSnapshot> last = monitor.refresh();
			assertThat(first).isNotDone();
			assertThat(last).isNotDone();
			answer.tryEmitValue(new SmsBalance(1, 0, 1));
			assertThat(first).succeedsWithin(PATIENCE);
			assertThat(first).isCompletedWithValue(monitor.getStatus().snapshot());
			assertThat(last).isCompletedWithValue(monitor.getStatus().snapshot());
			assertThat(this.client.calls()).hasSize(1);
		});
	}

	@Test
	void refreshWhenAskedBecauseOfAnAnswerAsksAgain() {
		run((monitor) -> {
			this.client.balance(1);
			assertThat(monitor.refresh().thenCompose((snapshot) -> monitor.refresh())).isCompleted();
			assertThat(this.client.calls()).hasSize(2);
		});
	}

	@Test
	void refreshWhenAskedLateSharesTheDeadlineOfTheFirst() {
		run((monitor) -> {
			this.client.answer(Mono.never());
			CompletableFuture<SmsBalanceSnapshot> first = monitor.refresh();
			this.time.advanceTimeBy(REQUEST_TIMEOUT.minusMillis(1));
			CompletableFuture<SmsBalanceSnapshot> late = monitor.refresh();
			assertThat(first).isNotDone();
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(failureOf(first)).isSameAs(failureOf(late));
			assertThat(this.client.calls()).hasSize(1);
			CompletableFuture<SmsBalanceSnapshot> next = monitor.refresh();
			assertThat(this.client.calls()).hasSize(2);
			this.time.advanceTimeBy(REQUEST_TIMEOUT.minusMillis(1));
			assertThat(next).isNotDone();
		});
	}

	@Test
	void refreshWhenDeadlinePassesCancelsTheClient() {
		run((monitor) -> {
			AtomicInteger cancelled = new AtomicInteger();
			this.client.answer(Mono.<SmsBalance>never().doOnCancel(cancelled::incrementAndGet));
			monitor.refresh();
			this.time.advanceTimeBy(REQUEST_TIMEOUT.minusMillis(1));
			assertThat(cancelled).hasValue(0);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(cancelled).hasValue(1);
		});
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void refreshWhenAnswerComesAfterTheDeadlineDropsIt(boolean success) {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			Deaf late = new Deaf();
			this.client.answer(late);
			CompletableFuture<SmsBalanceSnapshot> refresh = monitor.refresh();
			this.time.advanceTimeBy(REQUEST_TIMEOUT);
			Throwable failure = failureOf(refresh);
			Map<String, Object> before = monitor.getDetails();
			AtomicInteger notifications = new AtomicInteger();
			monitor.addListener(notifications::incrementAndGet);
			int logged = this.log.list.size();
			late.answer(success);
			assertThat(monitor.getDetails()).isEqualTo(before);
			assertThat(((Map<?, ?>) before.get("failure")).get("name")).isEqualTo("TIMEOUT");
			assertThat(failureOf(refresh)).isSameAs(failure);
			assertThat(notifications).hasValue(0);
			assertThat(this.events).hasSize(1);
			assertThat(this.log.list).hasSize(logged);
			assertThat(monitor.getRefreshes().keySet()).containsExactlyInAnyOrder("success", "timeout");
			assertThat(monitor.getRefreshes().getOrDefault("success", 0L)).isEqualTo(1);
			assertThat(monitor.getSpent10000()).isZero();
		});
	}

	@Test
	void refreshWhenAnswerComesDuringTheNextOneDropsIt() {
		run((monitor) -> {
			Deaf late = new Deaf();
			this.client.answer(late);
			monitor.refresh();
			this.time.advanceTimeBy(REQUEST_TIMEOUT);
			Deaf inTime = new Deaf();
			this.client.answer(inTime);
			CompletableFuture<SmsBalanceSnapshot> next = monitor.refresh();
			late.answer(true);
			assertThat(next).isNotDone();
			assertThat(monitor.getStatus().snapshot()).isNull();
			inTime.answer(true);
			assertThat(next).succeedsWithin(PATIENCE);
			assertThat(monitor.getRefreshes().getOrDefault("success", 0L)).isEqualTo(1);
		});
	}

	@Test
	void getSnapshotWhenYoungEnoughIsTheNewestAndNeverAsks() {
		run((monitor) -> {
			assertThat(monitor.getSnapshot(Duration.ofDays(1))).isNull();
			this.client.balance(1);
			refresh(monitor);
			this.time.advanceTimeBy(Duration.ofSeconds(9));
			this.time.setClockBackBy(Duration.ofHours(-1));
			assertThat(monitor.getSnapshot(Duration.ofSeconds(10))).isEqualTo(monitor.getStatus().snapshot());
			this.time.advanceTimeBy(Duration.ofSeconds(1));
			assertThat(monitor.getSnapshot(Duration.ofSeconds(10))).isNull();
			assertThat(monitor.getSnapshot(Duration.ZERO)).isNull();
			assertThat(this.client.calls()).hasSize(1);
		});
	}

	@Test
	void getStatusSaysAllWithoutAsking() {
		run((monitor) -> {
			SmsBalanceThresholds thresholds = new SmsBalanceThresholds(10000, 50000L);
			assertThat(monitor.getStatus())
				.isEqualTo(new SmsAccountStatus("default", SmsAccountState.UNKNOWN, null, thresholds, null));
			this.client.balance(20000);
			this.time.advanceTimeBy(Duration.ofSeconds(3));
			refresh(monitor);
			SmsBalanceSnapshot snapshot = new SmsBalanceSnapshot(new SmsBalance(20000, 0, 20000),
					Instant.ofEpochSecond(3));
			assertThat(monitor.getStatus())
				.isEqualTo(new SmsAccountStatus("default", SmsAccountState.WARNING, snapshot, thresholds, null));
			this.client.fail(SmsBalanceFailure.SERVER_ERROR);
			refresh(monitor);
			assertThat(monitor.getStatus()).isEqualTo(new SmsAccountStatus("default", SmsAccountState.WARNING, snapshot,
					thresholds, SmsBalanceFailure.SERVER_ERROR));
			assertThat(this.client.calls()).hasSize(2);
		});
	}

	@Test
	void closeCancelsWhatIsInFlightAndTellsNobody() {
		AtomicReference<Boolean> cancelled = new AtomicReference<>(false);
		AtomicInteger notifications = new AtomicInteger();
		List<CompletableFuture<?>> waiting = new CopyOnWriteArrayList<>();
		AtomicReference<SmsBalanceMonitor> closed = new AtomicReference<>();
		run((monitor) -> {
			closed.set(monitor);
			this.client.balance(100000);
			refresh(monitor);
			monitor.addListener(notifications::incrementAndGet);
			this.client.answer(Mono.<SmsBalance>never().doOnCancel(() -> cancelled.set(true)));
			waiting.add(monitor.refresh());
			waiting.add(monitor.startOrJoin(null));
		});
		assertThat(waiting).hasSize(2)
			.allSatisfy((caller) -> assertThat(failureOf(caller)).isInstanceOf(CancellationException.class));
		assertThat(cancelled.get()).isTrue();
		this.time.advanceTimeBy(MAX_AGE.multipliedBy(2));
		assertThat(this.events).hasSize(1);
		assertThat(notifications).hasValue(0);
		assertThat(failureOf(closed.get().refresh())).isInstanceOf(CancellationException.class);
		assertThat(this.client.calls()).hasSize(2);
	}

	@Test
	void refreshWhenPollerIsStoppedIsNoNewsUntilItIsStarted() {
		runContext((context) -> {
			SmsBalanceMonitor monitor = context.getBean(SmsBalanceMonitors.class).get("default");
			this.client.balance(100000);
			refresh(monitor);
			SmsBalancePoller poller = context.getBean(SmsBalancePoller.class);
			poller.stop();
			this.client.balance(1);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
			assertThat(this.events).hasSize(1);
			assertThat(lines()).hasSize(1);
			poller.start();
			this.client.balance(9999);
			refresh(monitor);
			assertThat(this.events).last().satisfies((event) -> {
				assertThat(event.previous()).isEqualTo(SmsAccountState.OK);
				assertThat(event.current()).isEqualTo(SmsAccountState.LOW);
			});
			assertThat(this.events).hasSize(2);
			assertThat(lines()).hasSize(2);
		}, false, (event) -> {
		});
	}

	@Test
	void getWhenAccountIsUnknownListsTheKnownOnes() {
		runContext((context) -> assertThatExceptionOfType(UnknownSmsAccountException.class)
			.isThrownBy(() -> context.getBean(SmsBalanceMonitors.class).get("other"))
			.withMessageContaining("'other'")
			.withMessageContaining("[default]")
			.satisfies((ex) -> assertThat(ex.getAccount()).isEqualTo("other")), false, (event) -> {
			});
	}

	private void run(Consumer<SmsBalanceMonitor> test) {
		run(test, (event) -> {
		});
	}

	private void run(Consumer<SmsBalanceMonitor> test, Consumer<SmsAccountStateChangedEvent> listener) {
		runContext((context) -> test.accept(context.getBean(SmsBalanceMonitors.class).get("default")), false, listener);
	}

	private void runPolled(Consumer<SmsBalanceMonitor> test) {
		runContext((context) -> test.accept(context.getBean(SmsBalanceMonitors.class).get("default")), true,
				(event) -> {
				});
	}

	private void runContext(Consumer<AssertableApplicationContext> test, boolean polled,
			Consumer<SmsAccountStateChangedEvent> listener) {
		ApplicationListener<PayloadApplicationEvent<SmsAccountStateChangedEvent>> recorder = ApplicationListener
			.forPayload((event) -> {
				this.events.add(event);
				listener.accept(event);
			});
		new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.refresh.enabled=" + polled, "engagelab.sms.refresh.interval=" + INTERVAL,
					"engagelab.sms.threshold.low=1", "engagelab.sms.threshold.warning=5",
					"engagelab.sms.refresh.max-age=" + MAX_AGE, "engagelab.sms.http.request-timeout=" + REQUEST_TIMEOUT)
			.withBean(EngageLabSmsThreads.class, this.time::threads)
			.withBean(SmsBalanceClient.class, () -> this.client)
			.withInitializer((context) -> context.addApplicationListener(recorder))
			.run((context) -> {
				assertThat(context).hasNotFailed();
				test.accept(context);
			});
	}

	private static void refresh(SmsBalanceMonitor monitor) {
		assertThat(monitor.refresh()).isDone();
	}

	private static Throwable failureOf(CompletableFuture<?> refresh) {
		assertThat(refresh).isCompletedExceptionally();
		Throwable thrown = catchThrowable(refresh::get);
		return (thrown instanceof ExecutionException) ? thrown.getCause() : thrown;
	}

	private List<String> lines() {
		return this.log.list.stream()
			.filter((event) -> event.getLevel().isGreaterOrEqual(Level.INFO))
			.map((event) -> event.getLevel() + " " + event.getFormattedMessage())
			.toList();
	}

	/**
	 * Answers even if it was cancelled.
	 */
	private static final class Deaf extends Mono<SmsBalance> {

		private CoreSubscriber<? super SmsBalance> subscriber;

		@Override
		public void subscribe(CoreSubscriber<? super SmsBalance> actual) {
			this.subscriber = actual;
			actual.onSubscribe(Operators.emptySubscription());
		}

		void answer(boolean success) {
			if (success) {
				this.subscriber.onNext(new SmsBalance(1, 0, 1));
				this.subscriber.onComplete();
			}
			else {
				this.subscriber.onError(new IllegalStateException("late"));
			}
		}

	}

}

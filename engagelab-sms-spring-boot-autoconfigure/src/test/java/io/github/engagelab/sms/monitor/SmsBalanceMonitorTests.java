package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * The states of an account and how they are told, in virtual time and a real context.
 */
class SmsBalanceMonitorTests {

	private static final Duration MAX_AGE = Duration.ofMinutes(5);

	private final VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();

	private final ScriptedClient client = new ScriptedClient();

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
		VirtualTimeScheduler.reset();
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
			assertThat(monitor.getStatus().fresh()).isTrue();
			assertThat(monitor.getStatus().failure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
			assertThat(this.events).hasSize(1);
			assertThat(lines()).hasSize(1);
		});
	}

	@Test
	void stateWhenMaxAgeIsReachedIsUnavailableWithoutAnyRead() {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
			assertThat(monitor.getStatus().fresh()).isFalse();
			assertThat(monitor.getStatus().snapshot()).isNotNull();
			assertThat(this.events)
				.extracting(SmsAccountStateChangedEvent::previous, SmsAccountStateChangedEvent::current)
				.containsExactly(Tuple.tuple(SmsAccountState.UNKNOWN, SmsAccountState.OK),
						Tuple.tuple(SmsAccountState.OK, SmsAccountState.UNAVAILABLE));
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
	void stateWhenNothingCouldBeReadIsUnavailableAfterMaxAge() {
		run((monitor) -> {
			this.client.fail(SmsBalanceFailure.UNREACHABLE);
			refresh(monitor);
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
	@EnumSource(names = { "INVALID_CREDENTIALS", "CREDENTIALS_DISABLED", "MERCHANT_DELETED", "ACCESS_DENIED" })
	void stateWhenRejectedStaysUntilTheNextSuccess(SmsBalanceFailure rejection) {
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.fail(rejection);
			refresh(monitor);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
			assertThat(monitor.getStatus().fresh()).isTrue();
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(monitor.getStatus().state()).isEqualTo(SmsAccountState.REJECTED);
			assertThat(monitor.getStatus().fresh()).isFalse();
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
			assertThat(monitor.getStatus().fresh()).isFalse();
		});
	}

	@Test
	void logWhenFailuresRepeatSaysEachKindOnceUntilTheNextSuccess() {
		run((monitor) -> {
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
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE);
			this.client.balance(total10000);
			refresh(monitor);
			assertThat(lines()).last().asString().startsWith(level);
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

	@Test
	void listenerWhenItThrowsDoesNotSpoilTheRead() {
		run((monitor) -> {
			monitor.addListener(new SmsBalanceMonitorListener() {

				@Override
				public void refreshed(SmsAccountStatus previous, SmsAccountStatus current) {
					throw new IllegalStateException("refreshed");
				}

				@Override
				public void expired(SmsAccountStatus previous, SmsAccountStatus current) {
					throw new IllegalStateException("expired");
				}

			});
			this.client.balance(100000);
			assertThat(monitor.refresh().block()).isNotNull();
			this.time.advanceTimeBy(MAX_AGE);
			assertThat(lines()).filteredOn((line) -> line.contains("goes on after an error")).hasSize(2);
		});
	}

	@Test
	void refreshWhenClientIsWrongFailsAsSmsBalanceException() {
		run((monitor) -> {
			IllegalStateException cause = new IllegalStateException("own");
			this.client.answer(Mono.error(cause));
			StepVerifier.create(monitor.refresh()).verifyErrorSatisfies((ex) -> {
				assertThat(((SmsBalanceException) ex).getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
				assertThat(ex).hasCause(cause);
			});
			this.client.answer(Mono.empty());
			StepVerifier.create(monitor.refresh())
				.verifyErrorSatisfies((ex) -> assertThat(((SmsBalanceException) ex).getFailure())
					.isEqualTo(SmsBalanceFailure.MALFORMED_RESPONSE));
		});
	}

	@Test
	void refreshWhenOneIsInFlightSharesItsAnswer() {
		run((monitor) -> {
			Sinks.One<SmsBalance> answer = Sinks.one();
			this.client.answer(answer.asMono());
			StepVerifier first = StepVerifier.create(monitor.refresh())
				.expectNextCount(1)
				.expectComplete()
				.verifyLater();
			monitor.refresh().subscribe().dispose();
			StepVerifier last = StepVerifier.create(monitor.refresh())
				.expectNextCount(1)
				.expectComplete()
				.verifyLater();
			answer.tryEmitValue(new SmsBalance(1, 0, 1));
			first.verify();
			last.verify();
			assertThat(this.client.calls()).hasSize(1);
		});
	}

	@Test
	void refreshWhenAskedBecauseOfAnAnswerAsksAgain() {
		run((monitor) -> {
			this.client.balance(1);
			monitor.refresh().flatMap((snapshot) -> monitor.refresh()).block();
			assertThat(this.client.calls()).hasSize(2);
		});
	}

	@Test
	void getSnapshotWhenYoungEnoughDoesNotAsk() {
		run((monitor) -> {
			this.client.balance(1);
			refresh(monitor);
			this.time.advanceTimeBy(Duration.ofSeconds(9));
			monitor.getSnapshot(Duration.ofSeconds(10)).block();
			assertThat(this.client.calls()).hasSize(1);
			this.time.advanceTimeBy(Duration.ofSeconds(1));
			monitor.getSnapshot(Duration.ofSeconds(10)).block();
			assertThat(this.client.calls()).hasSize(2);
			monitor.getSnapshot(Duration.ZERO).block();
			assertThat(this.client.calls()).hasSize(3);
			assertThatIllegalArgumentException().isThrownBy(() -> monitor.getSnapshot(Duration.ofSeconds(-1)));
		});
	}

	@Test
	void closeCancelsWhatIsInFlightAndTellsNobody() {
		AtomicReference<Boolean> cancelled = new AtomicReference<>(false);
		StepVerifier[] waiting = new StepVerifier[1];
		run((monitor) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.answer(Mono.<SmsBalance>never().doOnCancel(() -> cancelled.set(true)));
			waiting[0] = StepVerifier.create(monitor.refresh()).expectError(CancellationException.class).verifyLater();
		});
		waiting[0].verify();
		assertThat(cancelled.get()).isTrue();
		this.time.advanceTimeBy(MAX_AGE.multipliedBy(2));
		assertThat(this.events).hasSize(1);
	}

	@Test
	void getWhenAccountIsUnknownListsTheKnownOnes() {
		runContext((context) -> assertThatExceptionOfType(IllegalArgumentException.class)
			.isThrownBy(() -> context.getBean(SmsBalanceMonitors.class).get("other"))
			.withMessageContaining("'other'")
			.withMessageContaining("[default]"), (event) -> {
			});
	}

	private void run(Consumer<SmsBalanceMonitor> test) {
		run(test, (event) -> {
		});
	}

	private void run(Consumer<SmsBalanceMonitor> test, Consumer<SmsAccountStateChangedEvent> listener) {
		runContext((context) -> test.accept(context.getBean(SmsBalanceMonitors.class).get("default")), listener);
	}

	private void runContext(Consumer<AssertableApplicationContext> test,
			Consumer<SmsAccountStateChangedEvent> listener) {
		ApplicationListener<PayloadApplicationEvent<SmsAccountStateChangedEvent>> recorder = ApplicationListener
			.forPayload((event) -> {
				this.events.add(event);
				listener.accept(event);
			});
		new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.low=1",
					"engagelab.sms.threshold.warning=5", "engagelab.sms.refresh.max-age=" + MAX_AGE)
			.withBean(SmsBalanceClient.class, () -> this.client)
			.withInitializer((context) -> context.addApplicationListener(recorder))
			.run(test::accept);
	}

	private void refresh(SmsBalanceMonitor monitor) {
		monitor.refresh().onErrorComplete().block();
	}

	private List<String> lines() {
		return this.log.list.stream()
			.filter((event) -> event.getLevel().isGreaterOrEqual(Level.INFO))
			.map((event) -> event.getLevel() + " " + event.getFormattedMessage())
			.toList();
	}

}

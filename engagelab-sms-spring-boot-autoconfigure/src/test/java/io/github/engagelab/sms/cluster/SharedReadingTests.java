package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.monitor.SharedResult;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The text that replicas share.
 */
class SharedReadingTests {

	private static final String TEXT = "1;1700000000000;8;7;a1b2c3d4;0f1e2d3c;2500;LOW;-1;20000;19999;930;57;RATE_LIMITED;429;5001";

	private static final SmsBalance BALANCE = new SmsBalance(-1, 20000, 19999);

	private static final SharedReading READING = new SharedReading(1700000000000L, 8, 7, "a1b2c3d4", "0f1e2d3c", 2500,
			SmsAccountState.LOW, BALANCE, 930, 57, SmsBalanceFailure.RATE_LIMITED, 429, 5001);

	@Test
	void formatWritesEveryFieldInOrder() {
		assertThat(READING.format()).isEqualTo(TEXT);
	}

	@ParameterizedTest
	@MethodSource("readings")
	void parseReturnsWhatWasFormatted(SharedReading reading) {
		assertThat(SharedReading.parse(reading.format())).isEqualTo(reading);
	}

	static Stream<SharedReading> readings() {
		long max = 1L << 53;
		return Stream.of(READING, SharedReading.first(1, SmsAccountState.UNKNOWN, "a", "b"),
				SharedReading.first(1, null, "a", ""),
				new SharedReading(max, max, max, "writer", "whose", Duration.ofDays(365).toMillis(),
						SmsAccountState.UNAVAILABLE, new SmsBalance(Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE),
						Duration.ofDays(3650).toMillis(), Duration.ofDays(365).toMillis(),
						SmsBalanceFailure.CREDENTIALS_UNAVAILABLE, 599, Integer.MIN_VALUE),
				new SharedReading(1, 1, 1, "a", "b", 0, SmsAccountState.OK, BALANCE, 0, 1, null, null, null),
				new SharedReading(1, 1, 1, "a", "b", 0, SmsAccountState.UNAVAILABLE, null, 0, 1,
						SmsBalanceFailure.TIMEOUT, null, null));
	}

	@ParameterizedTest
	@MethodSource("readings")
	void formatIsShorterThanWhatIsRefused(SharedReading reading) {
		assertThat(reading.format()).hasSizeLessThan(SharedReading.MAX_LENGTH).doesNotContainAnyWhitespaces();
	}

	@ParameterizedTest
	@EnumSource
	void parseKnowsEveryState(SmsAccountState state) {
		assertThat(SharedReading.parse(TEXT.replace("LOW", state.name()))).isNotNull()
			.extracting(SharedReading::state)
			.isEqualTo(state);
	}

	@ParameterizedTest
	@EnumSource
	void parseKnowsEveryFailure(SmsBalanceFailure failure) {
		assertThat(SharedReading.parse(TEXT.replace("RATE_LIMITED", failure.name()))).isNotNull()
			.extracting(SharedReading::failure)
			.isEqualTo(failure);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "garbage", ";;;;;;;;;;;;;;;", "{\"version\":1}",
			// Another version, or another number of fields
			"2;1;1;1;a;b;0;OK;1;2;3;0;0;;;", ";1;1;1;a;b;0;OK;1;2;3;0;0;;;", "1;1;1;1;a;b;0;OK;1;2;3;0;0;;",
			"1;1;1;1;a;b;0;OK;1;2;3;0;0;;;;",
			// No number, or a negative one
			"1;-1;1;1;a;b;0;OK;1;2;3;0;0;;;", "1;1;-1;1;a;b;0;OK;1;2;3;0;0;;;", "1;1;1;-1;a;b;0;OK;1;2;3;0;0;;;",
			"1;1;1;1;a;b;-1;OK;1;2;3;0;0;;;", "1;1;1;1;a;b;0;OK;1;2;3;-1;0;;;", "1;1;1;1;a;b;0;OK;1;2;3;0;-1;;;",
			"1;x;1;1;a;b;0;OK;1;2;3;0;0;;;", "1;1;1;1;a;b;0;OK;1;;3;0;0;;;", "1;1;1;1;a;b;0;OK;1;2;3.5;0;0;;;",
			"1;1;1;1;a;b;0;OK;1;2;9223372036854775808;0;0;;;", "1;1;1;1;a;b;0;OK;1;2;3;0;0;TIMEOUT;x;",
			// A time that no clock can count in nanoseconds
			"1;1;1;1;a;b;9223372036854775807;OK;1;2;3;0;0;;;", "1;1;1;1;a;b;0;OK;1;2;3;9223372036854775807;0;;;",
			"1;1;1;1;a;b;0;OK;1;2;3;0;9223372036854775807;;;",
			// No state or failure
			"1;1;1;1;a;b;0;ok;1;2;3;0;0;;;", "1;1;1;1;a;b;0;GOOD;1;2;3;0;0;;;", "1;1;1;1;a;b;0;OK;1;2;3;0;0;FAILED;;" })
	void parseWhenThisVersionHasNotWrittenItReturnsNull(String text) {
		assertThat(SharedReading.parse(text)).isNull();
	}

	@Test
	void parseWhenTooLongReturnsNull() {
		String text = TEXT.replace("a1b2c3d4", "x".repeat(SharedReading.MAX_LENGTH - TEXT.length() + 8));
		assertThat(text).hasSize(SharedReading.MAX_LENGTH);
		assertThat(SharedReading.parse(text)).isNotNull();
		assertThat(SharedReading.parse(text.replace("xxx", "xxxx"))).isNull();
	}

	@Test
	void broughtWhenProviderHasWrittenTextDoesNotHoldIt() {
		SmsBalanceException failure = new SmsBalanceException("default", SmsBalanceFailure.INVALID_CREDENTIALS, 401,
				5001, "key jiguangdev;dev_secret is unknown", Duration.ofSeconds(30));
		SharedReading reading = SharedReading.first(1, SmsAccountState.OK, "a", "b")
			.brought("c", result(SmsAccountState.REJECTED, failure), Duration.ofMillis(930));
		assertThat(reading.format())
			.isEqualTo("1;1;1;1;c;b;2500;REJECTED;-1;20000;19999;930;57;INVALID_CREDENTIALS;" + "401;5001");
		SmsBalanceException shared = reading.exception("default");
		assertThat(shared).isNotNull();
		assertThat(shared.getFailure()).isEqualTo(SmsBalanceFailure.INVALID_CREDENTIALS);
		assertThat(shared.getStatus()).isEqualTo(401);
		assertThat(shared.getCode()).isEqualTo(5001);
		assertThat(shared.getRetryAfter()).isEqualTo(Duration.ofMillis(2500));
		assertThat(shared.getProviderMessage()).isNull();
	}

	@Test
	void broughtWhenApplicationHasWrittenTextDoesNotHoldIt() {
		SmsBalanceException failure = new SmsBalanceException("default", SmsBalanceFailure.UNREACHABLE,
				"proxy.example;3128", new IllegalStateException("dev_secret"));
		SharedReading reading = SharedReading.first(1, SmsAccountState.OK, "a", "b")
			.brought("c", result(SmsAccountState.OK, failure), Duration.ofMillis(930));
		assertThat(reading.format()).isEqualTo("1;1;1;1;c;b;2500;OK;-1;20000;19999;930;57;UNREACHABLE;;");
		SmsBalanceException shared = reading.exception("default");
		assertThat(shared).isNotNull();
		assertThat(shared.getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
		assertThat(shared.getStatus()).isNull();
	}

	@Test
	void broughtWhenRefreshFailedWithoutConsequenceKeepsState() {
		SmsBalanceException failure = new SmsBalanceException("default", SmsBalanceFailure.TIMEOUT, null);
		SharedReading reading = SharedReading.first(1, SmsAccountState.LOW, "a", "b")
			.brought("c", result(SmsAccountState.OK, failure), Duration.ZERO);
		assertThat(reading.state()).isEqualTo(SmsAccountState.LOW);
	}

	@Test
	void takenWhenAgeIsUnknownHasNoBalance() {
		SharedReading taken = READING.taken("c", null);
		assertThat(taken.balance()).isNull();
		assertThat(taken.turn()).isEqualTo(9);
		assertThat(taken.of()).isEqualTo(7);
		assertThat(taken.isOpen()).isTrue();
		assertThat(taken.pause()).isZero();
		assertThat(SharedReading.parse(taken.format())).isEqualTo(taken);
	}

	private static SharedResult result(SmsAccountState state, @Nullable SmsBalanceException failure) {
		SmsAccountStatus status = new SmsAccountStatus("default", state, new SmsBalanceSnapshot(BALANCE, Instant.EPOCH),
				new SmsBalanceThresholds(0, null), (failure != null) ? failure.getFailure() : null);
		return new SharedResult(status, 0, failure, Duration.ofMillis(57), Duration.ofMillis(2500));
	}

}

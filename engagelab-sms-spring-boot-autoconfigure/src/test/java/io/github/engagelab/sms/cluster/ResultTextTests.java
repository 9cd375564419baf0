package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.monitor.SharedResult;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/**
 * The text of a result in Redis.
 */
class ResultTextTests {

	private static final SmsBalance BALANCE = new SmsBalance(-1, 20000, 19999);

	private final ClusterSimulation cluster = new ClusterSimulation(1);

	private final SmsBalanceMonitor monitor = this.cluster.start().monitor;

	@AfterEach
	void endThreads() {
		this.cluster.close();
	}

	@Test
	void formatWritesEveryFieldInOrder() {
		SmsBalanceException failure = new SmsBalanceException("default", SmsBalanceFailure.RATE_LIMITED, 429, 5001,
				"text of the provider", Duration.ofMillis(2_500));
		assertThat(SharedHash.format(result(BALANCE, failure, 2_500), "a1b2c3d4", Duration.ofMillis(57), millis(930)))
			.isEqualTo("a1b2c3d4;-1;20000;19999;930;57;2500;RATE_LIMITED;429;5001");
		assertThat(SharedHash.format(result(null, null, -1), "a1b2c3d4", Duration.ZERO, 0))
			.isEqualTo("a1b2c3d4;;;;0;0;0;;;");
	}

	@Test
	void formatOfTheLongestTextFitsIntoWhatTheScriptReturns() {
		long longest = Duration.ofDays(3650).toMillis();
		SmsBalanceException failure = new SmsBalanceException("default", SmsBalanceFailure.CREDENTIALS_UNAVAILABLE, 599,
				Integer.MIN_VALUE, null, null);
		String text = SharedHash.format(
				result(new SmsBalance(Long.MIN_VALUE, Long.MIN_VALUE, Long.MIN_VALUE), failure, longest), "a1b2c3d4",
				Duration.ofMillis(longest), millis(longest));
		assertThat(text.length()).isLessThanOrEqualTo(200);
		adopt(text, 0);
	}

	@Test
	void adoptTakesInBalanceWithItsAge() {
		adopt("a;-1;20000;19999;930;57;0;;;", 70);
		assertThat(this.monitor.getStatus().snapshot())
			.isEqualTo(new SmsBalanceSnapshot(BALANCE, Instant.EPOCH.minusMillis(1_000)));
		assertThat(this.monitor.getStatus().failure()).isNull();
	}

	@Test
	void adoptTakesInFailureWithTheRestOfItsPause() {
		adopt("a;-1;20000;19999;930;57;2500;RATE_LIMITED;429;", 2_500);
		assertThat(this.monitor.getPause()).isZero();
		adopt("a;-1;20000;19999;930;57;2500;RATE_LIMITED;429;5001", 70);
		assertThat(this.monitor.getStatus().failure()).isEqualTo(SmsBalanceFailure.RATE_LIMITED);
		assertThat(this.monitor.getPause()).isEqualTo(Duration.ofMillis(2_430));
		adopt("a;;;;0;57;0;TIMEOUT;;", 0);
		assertThat(this.monitor.getStatus().failure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
	}

	@Test
	void adoptWhenNobodyHasFollowedItUpIgnoresIt() {
		adopt("a;-1;20000;19999;0;0;0;;;", 2_001);
		assertThat(this.monitor.getStatus().snapshot()).isNull();
		adopt("a;-1;20000;19999;0;0;5000;RATE_LIMITED;429;", 7_000);
		assertThat(this.monitor.getStatus().snapshot()).isNotNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "garbage", "", "a;1;2;3;0;0;0;;", "a;1;2;3;0;0;0;;;;", "a;1;2;x;0;0;0;;;",
			"a;1;2;3;-1;0;0;;;", "a;1;2;3;0;-1;0;;;", "a;1;2;3;0;0;9223372036854775807;;;", "a;1;2;3;0;0;0;NONE;;",
			"a;1;2;3;0;0;0;TIMEOUT;x;", "a;1;2;3;0;0;0;TIMEOUT;500;x", "a;1;2;9223372036854775808;0;0;0;;;" })
	void adoptWhenTextIsSomebodyElsesThrows(String text) {
		assertThatIllegalArgumentException().isThrownBy(() -> adopt(text, 0));
		assertThat(this.monitor.getStatus().snapshot()).isNull();
	}

	@ParameterizedTest
	@EnumSource
	void concernsOthersUnlessOnlyThisReplicaCouldNotAsk(SmsBalanceFailure failure) {
		SharedResult result = result(null, new SmsBalanceException("default", failure, null), 0);
		assertThat(SharedHash.concernsOthers(result)).isEqualTo(!Set
			.of(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE, SmsBalanceFailure.NOT_CONFIGURED, SmsBalanceFailure.DISABLED)
			.contains(failure));
	}

	@ParameterizedTest
	@EnumSource
	void stateIsThatOfSuccessAndOfFailureWithConsequences(SmsAccountState state) {
		SmsBalanceException failure = new SmsBalanceException("default", SmsBalanceFailure.TIMEOUT, null);
		assertThat(SharedHash.state(result(state, BALANCE, null, 0))).isEqualTo(state);
		boolean consequences = state == SmsAccountState.REJECTED || state == SmsAccountState.UNAVAILABLE;
		assertThat(SharedHash.state(result(state, BALANCE, failure, 0))).isEqualTo(consequences ? state : null);
	}

	private void adopt(String text, long age) {
		SharedHash.adopt(text, millis(age), 0, ClusterSimulation.INTERVAL.toNanos(), this.monitor);
	}

	private static SharedResult result(@Nullable SmsBalance balance, @Nullable SmsBalanceException failure,
			long pause) {
		return result(SmsAccountState.OK, balance, failure, pause);
	}

	private static SharedResult result(SmsAccountState state, @Nullable SmsBalance balance,
			@Nullable SmsBalanceException failure, long pause) {
		SmsBalanceSnapshot snapshot = (balance != null) ? new SmsBalanceSnapshot(balance, Instant.EPOCH) : null;
		return new SharedResult(new SmsAccountStatus("default", state, snapshot, new SmsBalanceThresholds(0, null),
				(failure != null) ? failure.getFailure() : null), 0, failure, Duration.ofMillis(pause));
	}

	private static long millis(long millis) {
		return Duration.ofMillis(millis).toNanos();
	}

}

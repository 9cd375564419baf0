package io.github.engagelab.sms;

import java.time.Duration;
import java.time.Instant;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class SmsBalanceTests {

	@ParameterizedTest
	@CsvSource({ "123456, 12.3456", "20000, 2.0000", "0, 0.0000", "-50, -0.0050", "9007199254740992, 900719925474.0992",
			"-9223372036854775808, -922337203685477.5808" })
	void viewsHaveScaleFour(long amount10000, String expected) {
		SmsBalance balance = new SmsBalance(amount10000, amount10000, amount10000);
		assertThat(balance.balance()).hasToString(expected);
		assertThat(balance.giftBalance()).hasToString(expected);
		assertThat(balance.totalBalance()).hasToString(expected);
	}

	@Test
	void viewsAreOfTheirOwnComponents() {
		SmsBalance balance = new SmsBalance(123456, 20000, 143456);
		assertThat(balance.balance()).hasToString("12.3456");
		assertThat(balance.giftBalance()).hasToString("2.0000");
		assertThat(balance.totalBalance()).hasToString("14.3456");
	}

	@Test
	void ageWhenClockWasSetBackIsZero() {
		Instant readAt = Instant.parse("2026-01-01T00:00:00Z");
		SmsBalanceSnapshot snapshot = new SmsBalanceSnapshot(new SmsBalance(1, 2, 3), readAt);
		assertThat(snapshot.age(readAt.plusSeconds(3))).isEqualTo(Duration.ofSeconds(3));
		assertThat(snapshot.age(readAt.minusSeconds(3))).isZero();
	}

}

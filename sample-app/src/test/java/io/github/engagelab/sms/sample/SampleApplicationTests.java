package io.github.engagelab.sms.sample;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.webmvc.test.autoconfigure.AutoConfigureMockMvc;
import org.springframework.context.ApplicationContext;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.ActiveProfiles;
import org.springframework.test.web.servlet.assertj.MockMvcTester;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class SampleApplicationTests {

	@Nested
	@SpringBootTest
	@AutoConfigureMockMvc
	@DirtiesContext
	class Demo {

		@Autowired
		private MockMvcTester mvc;

		@Autowired
		private SmsBalanceService service;

		@Test
		void storyOfAnAccount() {
			assertBalance("/balance", "default", "12.3456", "2.0000", "14.3456");
			assertThat(this.mvc.post().uri("/demo/spend?amount=5")).hasStatus(204);
			// From the snapshot, until the next refresh
			assertThat(this.mvc.get().uri("/balance")).hasStatusOk().bodyText().contains("\"totalBalance\":14.3456");
			assertBalance("/balance", "default", "9.3456", "0.0000", "9.3456");
			assertThat(this.mvc.post().uri("/demo/top-up?amount=0.0001")).hasStatus(204);
			assertBalance("/balance?account=default", "default", "9.3457", "0.0000", "9.3457");
			assertBalance("/balance?account=marketing", "marketing", "250.0000", "0.0000", "250.0000");
			assertThat(this.mvc.post().uri("/demo/fail?fault=SERVER_ERROR&account=marketing")).hasStatus(204);
			assertThatRefreshFails("SERVER_ERROR (HTTP 500, code 1000, \"internal error\")");
			assertThat(this.mvc.post().uri("/demo/fail?fault=INVALID_CREDENTIALS&account=marketing")).hasStatus(204);
			assertThatRefreshFails("INVALID_CREDENTIALS (HTTP 401, code 2001");
			assertThat(this.mvc.post().uri("/demo/fail?fault=HANG&account=marketing")).hasStatus(204);
			assertThatRefreshFails("TIMEOUT");
			assertThat(this.mvc.post().uri("/demo/recover?account=marketing")).hasStatus(204);
			assertBalance("/balance?account=marketing", "marketing", "250.0000", "0.0000", "250.0000");
		}

		@ParameterizedTest
		@CsvSource({ "/demo/spend?amount=0, 400", "/demo/spend?amount=-1, 400", "/demo/spend?amount=0.00001, 400",
				"/demo/top-up?amount=1e300, 400", "/demo/top-up?amount=much, 400", "/demo/spend, 400",
				"/demo/spend?amount=1&account=nobody, 404", "/demo/fail?fault=NOTHING, 400",
				"/demo/recover?account=nobody, 404" })
		void wrongWishIsRefused(String uri, int status) {
			assertThat(this.mvc.post().uri(uri)).hasStatus(status);
		}

		@Test
		void needsNoRedis(ApplicationContext context) {
			assertThat(context.getBeanNamesForType(RedisConnectionFactory.class)).isEmpty();
		}

		@Test
		void balanceWhenAccountIsUnknownIsNotFound() {
			assertThat(this.mvc.get().uri("/balance?account=nobody")).hasStatus(404)
				.bodyText()
				.contains("[default, marketing]");
		}

		private void assertBalance(String uri, String account, String balance, String giftBalance,
				String totalBalance) {
			this.service.forAccount(account).getBalance();
			assertThat(this.mvc.get().uri(uri)).hasStatusOk()
				.bodyText()
				.isEqualTo("{\"balance\":%s,\"giftBalance\":%s,\"totalBalance\":%s}".formatted(balance, giftBalance,
						totalBalance));
		}

		private void assertThatRefreshFails(String message) {
			assertThatExceptionOfType(SmsBalanceException.class)
				.isThrownBy(this.service.forAccount("marketing")::getBalance)
				.withMessageContaining(message);
			assertThat(this.mvc.get().uri("/balance?account=marketing")).hasStatusOk()
				.bodyText()
				.contains("\"totalBalance\":250.0000");
		}

	}

	@Nested
	@SpringBootTest
	@AutoConfigureMockMvc
	@ActiveProfiles("live")
	class Live {

		@Autowired
		private MockMvcTester mvc;

		@Autowired
		private SmsBalanceService service;

		@Test
		void startsWithoutCredentialsAndSaysWhatIsMissing() {
			assertThatExceptionOfType(SmsBalanceException.class).isThrownBy(this.service::getBalance);
			assertThat(this.mvc.get().uri("/balance")).hasStatus(503)
				.bodyText()
				.contains("NOT_CONFIGURED", "engagelab.sms.dev-key", "engagelab.sms.dev-secret");
		}

		@Test
		void hasNoDemo() {
			assertThat(this.mvc.post().uri("/demo/spend?amount=5")).hasStatus(404);
		}

	}

}

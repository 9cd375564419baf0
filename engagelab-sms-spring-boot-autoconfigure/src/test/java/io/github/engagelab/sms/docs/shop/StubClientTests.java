package io.github.engagelab.sms.docs.shop;

import java.util.concurrent.atomic.AtomicLong;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.client.SmsBalanceClient;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A test of an application with a balance of its own.
 */
@SpringBootTest(properties = "engagelab.sms.threshold.low=5")
class StubClientTests {

	@Autowired
	private Campaign campaign;

	@Autowired
	private AtomicLong total10000;

	@Test
	void isLowWhenBalanceIsBelowThreshold() {
		this.total10000.set(49999);
		assertThat(this.campaign.currentBalance()).isEqualByComparingTo("4.9999");
		assertThat(this.campaign.isLow()).isTrue();
	}

	@TestConfiguration(proxyBeanMethods = false)
	static class StubConfiguration {

		@Bean
		AtomicLong total10000() {
			return new AtomicLong();
		}

		@Bean
		SmsBalanceClient smsBalanceClient(AtomicLong total10000) {
			return (account) -> Mono.fromSupplier(() -> new SmsBalance(total10000.get(), 0, total10000.get()));
		}

	}

}

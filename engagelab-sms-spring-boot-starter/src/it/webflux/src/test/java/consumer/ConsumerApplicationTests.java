package consumer;

import consumer.support.ActuatorTests;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class ConsumerApplicationTests extends ActuatorTests {

	@Test
	void balanceWhenReactiveServiceIsInjectedIsTotal() {
		assertThat(this.http.get("/balance").body()).isEqualTo("14.3456");
	}

	@Test
	void balanceWhenBlockingServiceIsCalledOnNettyThreadIsRefused() {
		assertThat(this.http.get("/blocking").body()).startsWith("Refused: ").contains("ReactiveSmsBalanceService");
	}

}

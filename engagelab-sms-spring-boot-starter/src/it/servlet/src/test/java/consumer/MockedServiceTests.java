package consumer;

import consumer.support.ConsumerTests;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import org.junit.jupiter.api.Test;

import org.springframework.test.context.bean.override.mockito.MockitoBean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;

class MockedServiceTests extends ConsumerTests {

	@MockitoBean
	private SmsBalanceService smsBalanceService;

	@Test
	void balanceWhenServiceIsMockedIsItsAnswer() {
		int requests = provider.getRequests();
		given(this.smsBalanceService.getBalance()).willReturn(new SmsBalance(50000, 0, 50000));
		assertThat(this.http.get("/balance").body()).isEqualTo("5.0000");
		assertThat(this.http.get("/actuator/health").statusCode()).isEqualTo(200);
		assertThat(provider.getRequests()).isEqualTo(requests);
	}

}

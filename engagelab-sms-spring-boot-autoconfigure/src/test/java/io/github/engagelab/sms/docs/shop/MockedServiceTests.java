package io.github.engagelab.sms.docs.shop;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.SmsBalanceThresholds;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.BDDMockito.given;

/**
 * A test of an application with a mock.
 */
@SpringBootTest
class MockedServiceTests {

	@MockitoBean
	private SmsBalanceService smsBalanceService;

	@Autowired
	private Campaign campaign;

	@Test
	void currentBalanceIsThatOfTheService() {
		given(this.smsBalanceService.getBalance()).willReturn(new SmsBalance(123456, 20000, 143456));
		assertThat(this.campaign.currentBalance()).isEqualByComparingTo("14.3456");
	}

	@Test
	void isLowWhenStateIsLow() {
		given(this.smsBalanceService.getStatus()).willReturn(new SmsAccountStatus("default", SmsAccountState.LOW, null,
				new SmsBalanceThresholds(50000, null), null));
		assertThat(this.campaign.isLow()).isTrue();
	}

}

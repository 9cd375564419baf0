package io.github.engagelab.sms.docs.shop;

import java.math.BigDecimal;
import java.time.Duration;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceService;

import org.springframework.stereotype.Service;

/**
 * An application's use of the balance.
 */
@Service
class Campaign {

	private final SmsBalanceService smsBalanceService;

	Campaign(SmsBalanceService smsBalanceService) {
		this.smsBalanceService = smsBalanceService;
	}

	BigDecimal currentBalance() {
		return this.smsBalanceService.getBalance().totalBalance(); // 14.3456
	}

	BigDecimal recentBalance() {
		return this.smsBalanceService.getBalance(Duration.ofMinutes(5)).totalBalance();
	}

	boolean isLow() {
		return this.smsBalanceService.getStatus().state() == SmsAccountState.LOW;
	}

}

package io.github.engagelab.sms.sample;

import java.math.BigDecimal;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Shows the injected {@link SmsBalanceService} at work.
 */
@RestController
class BalanceController {

	private final SmsBalanceService balanceService;

	BalanceController(SmsBalanceService balanceService) {
		this.balanceService = balanceService;
	}

	@GetMapping("/balance")
	Balance balance(@RequestParam(required = false) @Nullable String account) {
		return Balance.of((account != null) ? this.balanceService.forAccount(account).getBalance()
				: this.balanceService.getBalance());
	}

	@ExceptionHandler
	ProblemDetail onUnknownAccount(IllegalArgumentException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, ex.getMessage());
	}

	@ExceptionHandler
	ProblemDetail onFailure(SmsBalanceException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_GATEWAY, ex.getMessage());
	}

	/**
	 * A balance in account currency.
	 *
	 * @param balance the general balance
	 * @param giftBalance the gift balance
	 * @param totalBalance the total balance
	 */
	record Balance(BigDecimal balance, BigDecimal giftBalance, BigDecimal totalBalance) {

		static Balance of(SmsBalance balance) {
			return new Balance(balance.balance(), balance.giftBalance(), balance.totalBalance());
		}

	}

}

package io.github.engagelab.sms.sample;

import java.math.BigDecimal;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.UnknownSmsAccountException;
import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

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
		SmsBalanceService service = (account != null) ? this.balanceService.forAccount(account) : this.balanceService;
		// Open to all, so it must not call the provider for each request
		SmsAccountStatus status = service.getStatus();
		if (status.snapshot() == null) {
			throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE, describe(status.failure()));
		}
		return Balance.of(status.snapshot().balance());
	}

	private static String describe(@Nullable SmsBalanceFailure failure) {
		return (failure != null) ? failure + ": " + failure.getHint() : "No balance has been read yet";
	}

	@ExceptionHandler
	ProblemDetail onUnknownAccount(UnknownSmsAccountException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, ex.getMessage());
	}

	@ExceptionHandler
	ProblemDetail onNoBalance(ResponseStatusException ex) {
		return ex.getBody();
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

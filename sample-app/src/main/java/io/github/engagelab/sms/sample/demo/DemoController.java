package io.github.engagelab.sms.sample.demo;

import java.math.BigDecimal;

import org.springframework.context.annotation.Profile;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.method.annotation.MethodArgumentTypeMismatchException;

/**
 * Changes the simulated accounts. The starter learns of it at its next refresh.
 */
@RestController
@RequestMapping("/demo")
@ResponseStatus(HttpStatus.NO_CONTENT)
@Profile("demo")
class DemoController {

	private static final String DEFAULT = "default";

	private final SimulatedEngageLab engageLab;

	DemoController(SimulatedEngageLab engageLab) {
		this.engageLab = engageLab;
	}

	@PostMapping("/spend")
	void spend(@RequestParam BigDecimal amount, @RequestParam(defaultValue = DEFAULT) String account) {
		this.engageLab.account(account).spend(amount);
	}

	@PostMapping("/top-up")
	void topUp(@RequestParam BigDecimal amount, @RequestParam(defaultValue = DEFAULT) String account) {
		this.engageLab.account(account).topUp(amount);
	}

	@PostMapping("/fail")
	void fail(@RequestParam Fault fault, @RequestParam(defaultValue = DEFAULT) String account) {
		this.engageLab.account(account).fail(fault);
	}

	@PostMapping("/recover")
	void recover(@RequestParam(defaultValue = DEFAULT) String account) {
		this.engageLab.account(account).fail(null);
	}

	@ExceptionHandler
	ProblemDetail onUnknownAccount(IllegalArgumentException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.NOT_FOUND, ex.getMessage());
	}

	@ExceptionHandler
	ProblemDetail onOtherInstance(IllegalStateException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.CONFLICT, ex.getMessage());
	}

	@ExceptionHandler
	ProblemDetail onBadAmount(ArithmeticException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST,
				"The amount must be positive, with at most 4 decimals");
	}

	// Its cause is an IllegalArgumentException, but of no account
	@ExceptionHandler
	ProblemDetail onBadParameter(MethodArgumentTypeMismatchException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, "'%s' cannot be read".formatted(ex.getName()));
	}

}

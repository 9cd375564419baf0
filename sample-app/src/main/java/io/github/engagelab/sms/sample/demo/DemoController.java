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

/**
 * Changes the simulated account. The starter learns of it at its next refresh.
 */
@RestController
@RequestMapping("/demo")
@Profile("demo")
class DemoController {

	private final SimulatedEngageLab engageLab;

	DemoController(SimulatedEngageLab engageLab) {
		this.engageLab = engageLab;
	}

	@PostMapping("/spend")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	void spend(@RequestParam BigDecimal amount) {
		this.engageLab.account().spend(amount);
	}

	@PostMapping("/top-up")
	@ResponseStatus(HttpStatus.NO_CONTENT)
	void topUp(@RequestParam BigDecimal amount) {
		this.engageLab.account().topUp(amount);
	}

	@ExceptionHandler
	ProblemDetail onBadAmount(ArithmeticException ex) {
		return ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST,
				"The amount must be positive, with at most 4 decimals");
	}

}

package consumer;

import java.math.BigDecimal;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import reactor.core.publisher.Mono;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class ConsumerApplication {

	private final ReactiveSmsBalanceService reactiveService;

	private final SmsBalanceService blockingService;

	ConsumerApplication(ReactiveSmsBalanceService reactiveService, SmsBalanceService blockingService) {
		this.reactiveService = reactiveService;
		this.blockingService = blockingService;
	}

	public static void main(String[] args) {
		SpringApplication.run(ConsumerApplication.class, args);
	}

	@GetMapping("/balance")
	Mono<BigDecimal> balance() {
		return this.reactiveService.getBalance().map(SmsBalance::totalBalance);
	}

	@GetMapping("/blocking")
	Mono<String> blocking() {
		return Mono.fromCallable(this.blockingService::getBalance)
			.map(SmsBalance::toString)
			.onErrorResume(IllegalStateException.class, (ex) -> Mono.just("Refused: " + ex.getMessage()));
	}

}

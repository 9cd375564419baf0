package consumer;

import java.math.BigDecimal;

import io.github.engagelab.sms.SmsBalanceService;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class ConsumerApplication {

	private final SmsBalanceService smsBalanceService;

	ConsumerApplication(SmsBalanceService smsBalanceService) {
		this.smsBalanceService = smsBalanceService;
	}

	public static void main(String[] args) {
		SpringApplication.run(ConsumerApplication.class, args);
	}

	@GetMapping("/balance")
	BigDecimal balance() {
		return this.smsBalanceService.getBalance().totalBalance();
	}

}

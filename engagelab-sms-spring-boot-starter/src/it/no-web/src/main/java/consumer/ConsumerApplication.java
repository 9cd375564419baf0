package consumer;

import io.github.engagelab.sms.SmsBalanceService;

import org.springframework.boot.CommandLineRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

@SpringBootApplication
public class ConsumerApplication {

	public static void main(String[] args) {
		SpringApplication.run(ConsumerApplication.class, args);
	}

	@Bean
	CommandLineRunner printBalance(SmsBalanceService service) {
		return (args) -> System.out.println("Balance: " + service.getBalance().totalBalance());
	}

}

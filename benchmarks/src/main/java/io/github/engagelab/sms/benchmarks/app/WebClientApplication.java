package io.github.engagelab.sms.benchmarks.app;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * The hand-written indicator on {@code spring-boot-starter-webclient}.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class WebClientApplication {

	public static void main(String[] args) throws IOException {
		Application.run(WebClientApplication.class, args);
	}

	@Bean
	BalanceHealthIndicator balanceHealthIndicator(WebClient.Builder builder,
			@Value("${engagelab.sms.base-url}") String baseUrl) {
		return new BalanceHealthIndicator(builder.baseUrl(baseUrl)
			.defaultHeaders((headers) -> headers.setBasicAuth("jiguangdev", "dev_secret"))
			.build());
	}

	static final class BalanceHealthIndicator extends AbstractHealthIndicator {

		private final WebClient client;

		BalanceHealthIndicator(WebClient client) {
			this.client = client;
		}

		@Override
		protected void doHealthCheck(Health.Builder builder) {
			Map<?, ?> answer = this.client.get()
				.uri("/v1/balance")
				.retrieve()
				.bodyToMono(Map.class)
				.block(Duration.ofSeconds(5));
			double total = ((Number) answer.get("total_balance")).doubleValue();
			builder.status((total >= 1) ? "UP" : "DOWN").withDetail("balance", total);
		}

	}

}

package io.github.engagelab.sms.benchmarks.app;

import java.io.IOException;
import java.util.Map;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.client.RestClient;

/**
 * What everybody writes: an indicator and a gauge that call the API whenever they are
 * looked at.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class HandWrittenApplication {

	public static void main(String[] args) throws IOException {
		Application.run(HandWrittenApplication.class, args);
	}

	@Bean
	Balance balance(@Value("${engagelab.sms.base-url}") String baseUrl) {
		return new Balance(RestClient.builder()
			.baseUrl(baseUrl)
			.defaultHeaders((headers) -> headers.setBasicAuth("jiguangdev", "dev_secret"))
			.build());
	}

	@Bean
	BalanceHealthIndicator balanceHealthIndicator(Balance balance) {
		return new BalanceHealthIndicator(balance);
	}

	@Bean
	Gauge balanceGauge(Balance balance, MeterRegistry registry) {
		return Gauge.builder("balance", balance::total).register(registry);
	}

	record Balance(RestClient client) {

		double total() {
			Map<?, ?> answer = this.client.get().uri("/v1/balance").retrieve().body(Map.class);
			return ((Number) answer.get("total_balance")).doubleValue();
		}

	}

	static final class BalanceHealthIndicator extends AbstractHealthIndicator {

		private final Balance balance;

		BalanceHealthIndicator(Balance balance) {
			this.balance = balance;
		}

		@Override
		protected void doHealthCheck(Health.Builder builder) {
			double total = this.balance.total();
			builder.status((total >= 1) ? "UP" : "DOWN").withDetail("balance", total);
		}

	}

}

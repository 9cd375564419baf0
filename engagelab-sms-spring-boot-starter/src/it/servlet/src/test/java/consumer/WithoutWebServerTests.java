package consumer;

import java.time.Duration;

import consumer.support.StubProvider;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceService;
import org.junit.jupiter.api.Test;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class WithoutWebServerTests {

	@Test
	void statusWhenNotInWebApplicationIsPolled() {
		try (StubProvider provider = new StubProvider();
				ConfigurableApplicationContext context = new SpringApplicationBuilder(ConsumerApplication.class)
					.web(WebApplicationType.NONE)
					.run("--engagelab.sms.base-url=" + provider.getUrl(),
							"--engagelab.sms.dev-key=" + StubProvider.DEV_KEY,
							"--engagelab.sms.dev-secret=" + StubProvider.DEV_SECRET)) {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			await().atMost(Duration.ofSeconds(30))
				.untilAsserted(() -> assertThat(service.getStatus().state()).isEqualTo(SmsAccountState.OK));
			assertThat(context.getBean(HealthContributorRegistry.class).getContributor("engagelabSms")).isNotNull();
		}
	}

}

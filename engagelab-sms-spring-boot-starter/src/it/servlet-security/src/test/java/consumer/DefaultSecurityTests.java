package consumer;

import java.net.http.HttpResponse;

import consumer.support.ConsumerTests;
import io.github.engagelab.sms.SmsBalanceService;
import io.micrometer.core.instrument.MeterRegistry;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.http.HttpHeaders;
import org.springframework.test.context.TestPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Spring Security as Spring Boot configures it.
 */
@TestPropertySource(properties = { "spring.security.user.name=operator", "spring.security.user.password=secret",
		"management.endpoints.web.exposure.include=health,smsbalance",
		"management.endpoint.health.show-details=when-authorized" })
class DefaultSecurityTests extends ConsumerTests {

	static final String BASIC = "Basic " + HttpHeaders.encodeBasicAuth("operator", "secret", null);

	@Test
	void healthWhenAnonymousShowsNoAmounts(@Autowired SmsBalanceService service) {
		service.getBalance();
		HttpResponse<String> health = this.http.get("/actuator/health");
		assertThat(health.statusCode()).isEqualTo(200);
		assertThat(health.body()).contains("\"status\":\"UP\"").doesNotContainIgnoringCase("balance", "engagelab");
		assertThat(this.http.get("/actuator/health/engagelabSms").statusCode()).isEqualTo(404);
	}

	@Test
	void healthWhenAuthenticatedShowsAmounts(@Autowired SmsBalanceService service) {
		service.getBalance();
		assertThat(this.http.get("/actuator/health/engagelabSms", "Authorization", BASIC).body())
			.contains("\"totalBalance10000\":143456");
	}

	@Test
	void metersWhenReadHaveTheBalance(@Autowired SmsBalanceService service, @Autowired MeterRegistry registry) {
		service.getBalance();
		await().untilAsserted(() -> assertThat(registry.get("engagelab.sms.total.balance10000").gauge().value())
			.isEqualTo(143456));
	}

	@Test
	void endpointWhenAnonymousIsRefused() {
		assertThat(this.http.get("/actuator/smsbalance").statusCode()).isEqualTo(401);
	}

	@Test
	void endpointWhenAuthenticatedIsReadable() {
		assertThat(this.http.get("/actuator/smsbalance", "Authorization", BASIC).statusCode()).isEqualTo(200);
	}

	@Test
	void refreshWhenThereIsNoCsrfTokenIsRefused() {
		int requests = provider.getRequests();
		assertThat(this.http.post("/actuator/smsbalance").statusCode()).isEqualTo(401);
		// Not 403: the error page that would say so asks for authentication
		assertThat(this.http.post("/actuator/smsbalance", "Authorization", BASIC).statusCode()).isEqualTo(401);
		assertThat(provider.getRequests()).isEqualTo(requests);
	}

}

package consumer.support;

import java.net.http.HttpResponse;
import java.time.Duration;

import org.junit.jupiter.api.Test;

import org.springframework.test.context.TestPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * What every application with Actuator and Prometheus shows, without asking for the
 * balance itself.
 */
@TestPropertySource(properties = { "engagelab.sms.refresh.enabled=true",
		"management.endpoints.web.exposure.include=health,prometheus,smsbalance",
		"management.endpoint.health.show-details=always" })
public abstract class ActuatorTests extends ConsumerTests {

	@Test
	void healthWhenPolledIsUpWithAmounts() {
		await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertHealthIsUp(this.http));
	}

	@Test
	void prometheusWhenPolledHasAmountsAndRequests() {
		await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> assertPrometheusHasAmountsAndRequests(this.http));
	}

	@Test
	void endpointWhenRefreshedShowsBalance() {
		HttpResponse<String> refreshed = this.http.post("/actuator/smsbalance");
		assertThat(refreshed.statusCode()).isEqualTo(200);
		assertThat(refreshed.body()).contains("\"default\":{", "\"state\":\"OK\"", "\"totalBalance10000\":143456");
		assertThat(this.http.get("/actuator/smsbalance/default").body()).contains("\"totalBalance\":\"14.3456\"");
	}

	@Test
	void endpointWhenThereIsNoSuchAccountIs404() {
		assertThat(this.http.get("/actuator/smsbalance/other").statusCode()).isEqualTo(404);
		assertThat(this.http.post("/actuator/smsbalance/other").statusCode()).isEqualTo(404);
	}

	public static void assertHealthIsUp(Http http) {
		HttpResponse<String> health = http.get("/actuator/health/engagelabSms");
		assertThat(health.body()).contains("\"status\":\"UP\"", "\"state\":\"OK\"", "\"totalBalance10000\":143456",
				"\"totalBalance\":\"14.3456\"");
		assertThat(health.statusCode()).isEqualTo(200);
	}

	public static void assertPrometheusHasAmountsAndRequests(Http http) {
		assertThat(http.get("/actuator/prometheus").body().lines())
			.anyMatch((line) -> line.matches("engagelab_sms_total_balance10000\\{account=\"default\".*} 143456\\.0"))
			.anyMatch((line) -> line.matches("engagelab_sms_up\\{account=\"default\".*} 1\\.0"))
			.anyMatch((line) -> line.matches("engagelab_sms_refreshes_total\\{.*outcome=\"success\".*} [1-9].*"))
			.anyMatch((line) -> line.matches("http_client_requests_seconds_count\\{.*uri=\"/v1/balance\".*} [1-9].*"));
	}

}

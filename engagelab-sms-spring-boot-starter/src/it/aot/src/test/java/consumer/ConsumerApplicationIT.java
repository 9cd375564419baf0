package consumer;

import java.time.Duration;
import java.util.Map;

import consumer.support.ActuatorTests;
import consumer.support.Http;
import consumer.support.RunningJar;
import consumer.support.StubProvider;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

class ConsumerApplicationIT {

	@Test
	void startWhenCredentialsAreGivenAtRunTimePolls() {
		try (StubProvider provider = new StubProvider();
				RunningJar application = start(RunningJar.credentials(provider))) {
			Http http = connect(application);
			await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> ActuatorTests.assertHealthIsUp(http));
			await().atMost(Duration.ofSeconds(30))
				.untilAsserted(() -> ActuatorTests.assertPrometheusHasAmountsAndRequests(http));
			assertThat(http.post("/actuator/smsbalance/default").body()).contains("\"totalBalance10000\":143456");
		}
	}

	@Test
	void startWhenThereAreNoCredentialsIsUnknown() {
		try (RunningJar application = start(Map.of())) {
			assertThat(connect(application).get("/actuator/health/engagelabSms").body())
				.contains("\"status\":\"UNKNOWN\"");
		}
	}

	private static RunningJar start(Map<String, String> environment) {
		return new RunningJar("target/aot-1.jar", environment, "-Dspring.aot.enabled=true", "-Dserver.port=0");
	}

	private static Http connect(RunningJar application) {
		int port = Integer.parseInt(application.awaitOutput("Tomcat started on port (\\d+)"));
		assertThat(application.getOutput()).contains("Starting AOT-processed ConsumerApplication");
		return new Http(port);
	}

}

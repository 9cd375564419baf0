package io.github.engagelab.sms.autoconfigure;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsHttpClientCustomizer;
import io.github.engagelab.sms.testsupport.RawServer;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.module.SimpleModule;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.jackson.autoconfigure.JsonMapperBuilderCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.web.reactive.function.client.WebClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * The host application's settings do not reach the balance, and the balance does not
 * reach the host application.
 */
class HostImmunityTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	@ParameterizedTest
	@ValueSource(strings = { "spring.jackson.property-naming-strategy=UPPER_CAMEL_CASE",
			"spring.jackson.deserialization.fail-on-unknown-properties=true",
			"spring.jackson.mapper.use-annotations=false", "spring.jackson.deserialization.unwrap-root-value=true",
			"spring.jackson.default-property-inclusion=non_default", "spring.http.codecs.max-in-memory-size=16B",
			"spring.http.codecs.log-request-details=true", "spring.threads.virtual.enabled=true",
			"spring.threads.virtual.enabled=false", "spring.main.lazy-initialization=true",
			"spring.reactor.context-propagation=auto", "spring.task.scheduling.pool.size=1" })
	void getBalanceWhateverTheHostSays(String setting) {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			try (ConfigurableApplicationContext context = start(HostileApplication.class, "--" + setting,
					"--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=jiguangdev",
					"--engagelab.sms.dev-secret=dev_secret")) {
				assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
				assertThat(context.getBean(Observations.class).names).contains("http.client.requests");
			}
			assertThat(server.requests()).isNotEmpty()
				.allSatisfy((request) -> assertThat(request).startsWith("GET /v1/balance HTTP/1.1\r\n")
					.contains("Basic amlndWFuZ2RldjpkZXZfc2VjcmV0")
					.doesNotContain("host-token")
					.doesNotContainIgnoringCase("x-host"));
		}
	}

	@Test
	void getBalanceWhenObservationHandlerThrowsFailsOneReadAndPollsOn() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				ConfigurableApplicationContext context = start(HostileApplication.class, "--hostile.throw=true",
						"--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=jiguangdev",
						"--engagelab.sms.dev-secret=dev_secret", "--engagelab.sms.refresh.interval=1s",
						"--engagelab.sms.http.request-timeout=1s")) {
			Observations observations = context.getBean(Observations.class);
			Awaitility.await().untilAsserted(() -> assertThat(observations.names).hasSizeGreaterThan(1));
			assertThatExceptionOfType(SmsBalanceException.class)
				.isThrownBy(context.getBean(SmsBalanceService.class)::getBalance);
			observations.hostile = false;
			Awaitility.await()
				.untilAsserted(
						() -> assertThat(context.getBean(SmsBalanceService.class).getStatus().snapshot()).isNotNull());
		}
	}

	@Test
	void startLeavesTheHttpClientToAWorker() {
		List<String> threads = new CopyOnWriteArrayList<>();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				ConfigurableApplicationContext context = new SpringApplicationBuilder(PlainApplication.class)
					.web(WebApplicationType.NONE)
					.initializers((application) -> ((GenericApplicationContext) application).registerBean("recording",
							EngageLabSmsHttpClientCustomizer.class,
							() -> (builder) -> threads.add(Thread.currentThread().getName())))
					.run("--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=k",
							"--engagelab.sms.dev-secret=s")) {
			Awaitility.await().untilAsserted(() -> assertThat(server.requests()).hasSize(1));
			context.getBean(SmsBalanceService.class).getBalance(Duration.ofMinutes(1));
			assertThat(threads).singleElement().asString().startsWith("engagelab-sms-account-");
		}
	}

	private static ConfigurableApplicationContext start(Class<?> application, String... arguments) {
		return new SpringApplicationBuilder(application).web(WebApplicationType.NONE).run(arguments);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class PlainApplication {

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class HostileApplication {

		@Bean
		Observations observations(Environment environment) {
			return new Observations(environment.getProperty("hostile.throw", Boolean.class, false));
		}

		@Bean
		JsonMapperBuilderCustomizer ownJson() {
			return (builder) -> builder.disable(MapperFeature.USE_ANNOTATIONS)
				.enable(DeserializationFeature.UNWRAP_ROOT_VALUE)
				.addModule(new SimpleModule().addDeserializer(JsonNode.class, new NoDeserializer()));
		}

		@Bean
		WebClient.Builder ownWebClientBuilder() {
			return WebClient.builder()
				.baseUrl("http://localhost:1")
				.defaultHeader("Authorization", "Bearer host-token")
				.defaultHeader("X-Host", "secret of the host");
		}

		@Bean
		WebClient ownWebClient(WebClient.Builder builder) {
			return builder.build();
		}

		@Bean
		HttpClient ownHttpClient() {
			return HttpClient.newBuilder().connectTimeout(Duration.ofMillis(1)).build();
		}

		@Bean
		Executor taskExecutor() {
			return (task) -> {
				throw new RejectedExecutionException("Not for others");
			};
		}

	}

	private static final class NoDeserializer extends ValueDeserializer<JsonNode> {

		@Override
		public JsonNode deserialize(JsonParser parser, DeserializationContext context) {
			throw new IllegalStateException("Not for others");
		}

	}

	/**
	 * Observes every request, and may want to prevent it.
	 */
	private static final class Observations implements ObservationHandler<Observation.Context> {

		private final Queue<String> names = new ConcurrentLinkedQueue<>();

		private volatile boolean hostile;

		private Observations(boolean hostile) {
			this.hostile = hostile;
		}

		@Override
		public void onStart(Observation.Context context) {
			this.names.add(String.valueOf(context.getName()));
			if (this.hostile) {
				throw new IllegalStateException("No request may be sent");
			}
		}

		@Override
		public boolean supportsContext(Observation.Context context) {
			return true;
		}

	}

}

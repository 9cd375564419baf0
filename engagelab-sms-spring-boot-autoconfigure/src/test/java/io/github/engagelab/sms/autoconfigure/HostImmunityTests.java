package io.github.engagelab.sms.autoconfigure;

import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;
import org.springframework.boot.http.codec.CodecCustomizer;
import org.springframework.boot.webclient.WebClientCustomizer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.ResolvableType;
import org.springframework.core.codec.StringDecoder;
import org.springframework.core.env.Environment;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.web.reactive.function.client.WebClient;

import static org.assertj.core.api.Assertions.assertThat;

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
			"spring.http.codecs.log-request-details=true", "spring.http.clients.read-timeout=1ms",
			"spring.http.clients.connect-timeout=1ms", "spring.http.clients.redirects=follow",
			"spring.threads.virtual.enabled=true", "spring.threads.virtual.enabled=false",
			"spring.main.lazy-initialization=true", "spring.http.clients.reactive.connector=reactor",
			"spring.http.clients.reactive.connector=jetty", "spring.http.clients.reactive.connector=http-components",
			"spring.http.clients.reactive.connector=jdk" })
	void getBalanceWhateverTheHostSays(String setting) {
		try (RawServer elsewhere = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				RawServer server = new RawServer((request, number, out, socket) -> {
					socket.setSoTimeout(50);
					try {
						// Slower than the host's timeouts
						socket.getInputStream().read();
					}
					catch (SocketTimeoutException ex) {
						out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
					}
					socket.setSoTimeout(0);
				})) {
			try (ConfigurableApplicationContext context = start(HostileApplication.class, "--" + setting,
					"--hostile.base-url=" + elsewhere.baseUrl(), "--engagelab.sms.base-url=" + server.baseUrl(),
					"--engagelab.sms.dev-key=jiguangdev", "--engagelab.sms.dev-secret=dev_secret")) {
				assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
			}
			assertThat(elsewhere.requests()).isEmpty();
			assertThat(server.requests()).isNotEmpty()
				.allSatisfy((request) -> assertThat(request).startsWith("GET /v1/balance HTTP/1.1\r\n")
					.contains("Basic amlndWFuZ2RldjpkZXZfc2VjcmV0")
					.doesNotContain("host-token")
					.doesNotContainIgnoringCase("x-host"));
		}
	}

	@Test
	void hostBeansAreTheSameWithAndWithout() {
		List<Map<String, String>> beans = new ArrayList<>();
		for (String enabled : List.of("true", "false")) {
			try (ConfigurableApplicationContext context = start(PlainApplication.class,
					"--engagelab.sms.enabled=" + enabled)) {
				beans.add(Map.of("RestClient factory",
						typesOf(context, ResolvableType.forClass(ClientHttpRequestFactoryBuilder.class)), "connector",
						typesOf(context, ResolvableType.forClass(ClientHttpConnectorBuilder.class)),
						"WebClient.Builder", typesOf(context, ResolvableType.forClass(WebClient.Builder.class)),
						"WebClient", typesOf(context, ResolvableType.forClass(WebClient.class)), "JsonMapper",
						typesOf(context, ResolvableType.forClass(JsonMapper.class)), "TaskScheduler",
						typesOf(context, ResolvableType.forClass(TaskScheduler.class)), "Executor",
						typesOf(context, ResolvableType.forClass(Executor.class))));
			}
		}
		assertThat(beans.get(0)).isEqualTo(beans.get(1));
	}

	@Test
	void startDoesNotCreateTheHttpClient() {
		AtomicInteger built = new AtomicInteger();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				ConfigurableApplicationContext context = new SpringApplicationBuilder(PlainApplication.class)
					.web(WebApplicationType.NONE)
					.initializers((application) -> ((GenericApplicationContext) application).registerBean("counting",
							ClientHttpConnectorBuilder.class, () -> (settings) -> {
								assertThat(Thread.currentThread().getName()).isNotEqualTo("main");
								built.incrementAndGet();
								return ClientHttpConnectorBuilder.jdk().build(settings);
							}))
					.run("--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=k",
							"--engagelab.sms.dev-secret=s")) {
			Awaitility.await().untilAsserted(() -> assertThat(server.requests()).hasSize(1));
			context.getBean(SmsBalanceService.class).getBalance(Duration.ofMinutes(1));
			assertThat(built).hasValue(1);
		}
	}

	private static String typesOf(ConfigurableApplicationContext context, ResolvableType type) {
		return Stream.of(context.getBeanNamesForType(type))
			.sorted()
			.map((name) -> name + "=" + context.getBean(name).getClass().getName().replaceAll("\\$\\$Lambda.*", ""))
			.toList()
			.toString();
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
		WebClientCustomizer ownBaseUrlAndHeaders(Environment environment) {
			return (builder) -> builder.baseUrl(environment.getRequiredProperty("hostile.base-url"))
				.defaultHeader("Authorization", "Bearer host-token")
				.defaultHeader("X-Host", "secret of the host")
				.defaultCookie("x-host", "cookie");
		}

		@Bean
		CodecCustomizer ownCodecs() {
			return (codecs) -> {
				codecs.defaultCodecs().maxInMemorySize(8);
				codecs.registerDefaults(false);
				codecs.customCodecs().register(StringDecoder.textPlainOnly());
			};
		}

	}

}

package io.github.engagelab.sms.actuate.endpoint;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import javax.management.ObjectName;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import reactor.core.publisher.Mono;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.web.reactive.server.WebTestClient;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The endpoint in real servlet and reactive applications, and over JMX.
 */
class SmsBalanceEndpointTests {

	private static final ScriptedClient client = new ScriptedClient();

	private ConfigurableApplicationContext context;

	private WebTestClient web;

	@AfterEach
	void tearDown() {
		if (this.context != null) {
			this.context.close();
		}
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void accountsShowWhatIsKnownWithoutAsking(WebApplicationType type) {
		client.answer(Mono.just(new SmsBalance(123456, 20000, 143456)));
		start(type, "--engagelab.sms.accounts.otp.threshold.low=50");
		awaitState("default", "OK");
		awaitState("otp", "LOW");
		int calls = client.calls().size();
		this.web.get()
			.uri("/actuator/smsbalance")
			.exchange()
			.expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.accounts.default.state")
			.isEqualTo("OK")
			.jsonPath("$.accounts.default.balance10000")
			.isEqualTo(123456)
			.jsonPath("$.accounts.default.giftBalance10000")
			.isEqualTo(20000)
			.jsonPath("$.accounts.default.totalBalance10000")
			.isEqualTo(143456)
			.jsonPath("$.accounts.default.totalBalance")
			.isEqualTo("14.3456")
			.jsonPath("$.accounts.default.threshold.low")
			.isEqualTo("1.0000")
			.jsonPath("$.accounts.default.readAt")
			.isNotEmpty()
			.jsonPath("$.accounts.default.age")
			.isNotEmpty()
			.jsonPath("$.accounts.default.nextRefresh")
			.isNotEmpty()
			.jsonPath("$.accounts.otp.state")
			.isEqualTo("LOW");
		this.web.get()
			.uri("/actuator/smsbalance/otp")
			.exchange()
			.expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.account")
			.isEqualTo("otp")
			.jsonPath("$.threshold.low")
			.isEqualTo("50.0000");
		assertThat(client.calls()).hasSize(calls);
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void accountWhenUnknownIsNotFound(WebApplicationType type) {
		client.balance(100000);
		start(type);
		this.web.get().uri("/actuator/smsbalance/nobody").exchange().expectStatus().isNotFound().expectBody();
		this.web.post().uri("/actuator/smsbalance/nobody").exchange().expectStatus().isNotFound().expectBody();
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void refreshAsksAndShowsTheResultButNotTwiceASecond(WebApplicationType type) {
		client.balance(100000);
		start(type, "--engagelab.sms.refresh.enabled=false");
		int calls = client.calls().size();
		for (String path : List.of("/actuator/smsbalance/default", "/actuator/smsbalance/default")) {
			this.web.post()
				.uri(path)
				.exchange()
				.expectStatus()
				.isOk()
				.expectBody()
				.jsonPath("$.totalBalance")
				.isEqualTo("10.0000")
				.jsonPath("$.nextRefresh")
				.doesNotExist();
		}
		this.web.post()
			.uri("/actuator/smsbalance")
			.exchange()
			.expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.accounts.default.totalBalance")
			.isEqualTo("10.0000");
		assertThat(client.calls()).hasSize(calls + 1);
		client.answer(Mono.error(new IllegalStateException("no")));
		Awaitility.await()
			.pollInterval(Duration.ofMillis(200))
			.untilAsserted(() -> this.web.post()
				.uri("/actuator/smsbalance")
				.exchange()
				.expectStatus()
				.isOk()
				.expectBody()
				.jsonPath("$.accounts.default.failure.name")
				.isEqualTo("UNREACHABLE")
				.jsonPath("$.accounts.default.totalBalance")
				.isEqualTo("10.0000"));
		assertThat(client.calls()).hasSize(calls + 2);
		this.web.post().uri("/actuator/smsbalance").exchange().expectStatus().isOk().expectBody();
		assertThat(client.calls()).hasSize(calls + 2);
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void refreshWhenProviderHangsAnswersWithinTheRequestTimeout(WebApplicationType type) {
		try (RawServer silent = new RawServer((request, number, out, socket) -> socket.getInputStream().read())) {
			start(type, ProviderApplication.class, "--engagelab.sms.base-url=" + silent.baseUrl(),
					"--engagelab.sms.dev-key=key", "--engagelab.sms.dev-secret=secret",
					"--engagelab.sms.http.request-timeout=2s");
			ReactiveSmsBalanceService service = this.context.getBean(ReactiveSmsBalanceService.class);
			Awaitility.await().until(() -> {
				service.getBalance().onErrorComplete().subscribe();
				return !silent.requests().isEmpty();
			});
			long begin = System.nanoTime();
			this.web.post()
				.uri("/actuator/smsbalance/default")
				.exchange()
				.expectStatus()
				.isOk()
				.expectBody()
				.jsonPath("$.failure.name")
				.isEqualTo("TIMEOUT");
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
		}
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void refreshWhenAccessIsReadOnlyIsNotThere(WebApplicationType type) {
		client.balance(100000);
		start(type, "--management.endpoint.smsbalance.access=read-only");
		this.web.get().uri("/actuator/smsbalance").exchange().expectStatus().isOk().expectBody();
		this.web.post().uri("/actuator/smsbalance").exchange().expectStatus().isEqualTo(405).expectBody();
		this.web.post().uri("/actuator/smsbalance/default").exchange().expectStatus().isEqualTo(405).expectBody();
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void endpointWhenAccessIsNoneIsNotThere(WebApplicationType type) {
		client.balance(100000);
		start(type, "--management.endpoint.smsbalance.access=none");
		assertThat(this.context.getBeansOfType(SmsBalanceEndpoint.class)).isEmpty();
		this.web.get().uri("/actuator/smsbalance").exchange().expectStatus().isNotFound().expectBody();
	}

	@Test
	void endpointWhenNotExposedIsNotThere() {
		client.balance(100000);
		start(WebApplicationType.SERVLET, "--management.endpoints.web.exposure.exclude=smsbalance");
		assertThat(this.context.getBeansOfType(SmsBalanceEndpoint.class)).isEmpty();
		this.web.get().uri("/actuator/smsbalance").exchange().expectStatus().isNotFound().expectBody();
	}

	@Test
	void endpointWorksOverJmx() throws Exception {
		client.balance(100000);
		start(WebApplicationType.SERVLET, "--spring.jmx.enabled=true",
				"--management.endpoints.jmx.exposure.include=smsbalance");
		ObjectName name = new ObjectName("org.springframework.boot:type=Endpoint,name=Smsbalance");
		assertThat(jmx(name, "refreshAll")).contains("10.0000");
		assertThat(jmx(name, "accounts")).contains("10.0000");
		assertThat(jmx(name, "account", "default")).contains("10.0000");
		assertThat(jmx(name, "refresh", "default")).contains("10.0000");
	}

	private static String jmx(ObjectName name, String operation, Object... arguments) throws Exception {
		String[] signature = Stream.of(arguments)
			.map((argument) -> argument.getClass().getName())
			.toArray(String[]::new);
		return String.valueOf(ManagementFactory.getPlatformMBeanServer().invoke(name, operation, arguments, signature));
	}

	private void awaitState(String account, String state) {
		Awaitility.await()
			.untilAsserted(() -> this.web.get()
				.uri("/actuator/smsbalance/" + account)
				.exchange()
				.expectBody()
				.jsonPath("$.state")
				.isEqualTo(state));
	}

	private void start(WebApplicationType type, String... arguments) {
		start(type, Application.class,
				Stream
					.concat(Stream.of("--engagelab.sms.dev-key=key", "--engagelab.sms.dev-secret=secret"),
							Stream.of(arguments))
					.toArray(String[]::new));
	}

	private void start(WebApplicationType type, Class<?> application, String... arguments) {
		Set<String> common = Set.of("--server.port=0", "--management.endpoints.web.exposure.include=*",
				"--spring.http.clients.reactive.connector=jdk");
		this.context = new SpringApplicationBuilder(application).web(type)
			.run(Stream.concat(common.stream(), Stream.of(arguments)).toArray(String[]::new));
		this.web = WebTestClient.bindToServer()
			.baseUrl("http://localhost:" + this.context.getEnvironment().getProperty("local.server.port"))
			.responseTimeout(Duration.ofSeconds(10))
			.build();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		SmsBalanceClient client() {
			return client;
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class ProviderApplication {

	}

}

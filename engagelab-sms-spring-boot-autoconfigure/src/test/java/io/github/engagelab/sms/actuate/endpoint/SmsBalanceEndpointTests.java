package io.github.engagelab.sms.actuate.endpoint;

import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.management.ObjectName;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
@Tag("slow")
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
				.isEqualTo("MALFORMED_RESPONSE")
				.jsonPath("$.accounts.default.failure.message")
				.isEqualTo("SmsBalanceClient failed: java.lang.IllegalStateException")
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

	@Test
	void endpointWhenAccountIsUnknownGivesNullOverJmx() throws Exception {
		client.balance(100000);
		start(WebApplicationType.SERVLET, "--spring.jmx.enabled=true", "--engagelab.sms.refresh.enabled=false",
				"--management.endpoints.jmx.exposure.include=smsbalance");
		int calls = client.calls().size();
		ObjectName name = new ObjectName("org.springframework.boot:type=Endpoint,name=Smsbalance");
		assertThat(jmx(name, "account", "nobody")).isEqualTo("null");
		assertThat(jmx(name, "refresh", "nobody")).isEqualTo("null");
		assertThat(client.calls()).hasSize(calls);
	}

	@ParameterizedTest
	@CsvSource({ "SERVLET, true", "SERVLET, false", "REACTIVE, true", "REACTIVE, false" })
	void bodyIsTheSameWhicheverMapperWritesIt(WebApplicationType type, boolean isolated) {
		client.answer(Mono.just(new SmsBalance(123456, 20000, 143456)));
		start(type, "--management.endpoints.jackson.isolated-json-mapper=" + isolated,
				"--engagelab.sms.refresh.interval=10m", "--engagelab.sms.threshold.warning=5");
		awaitState("default", "OK");
		String account = """
				{"account":"default","state":"OK","balance10000":123456,"giftBalance10000":20000,\
				"totalBalance10000":143456,"totalBalance":"14.3456",\
				"threshold":{"low":"1.0000","warning":"5.0000"},"readAt":"T","age":"D","nextRefresh":"T"}""";
		assertThat(body(this.web.get().uri("/actuator/smsbalance/default"))).isEqualTo(account);
		assertThat(body(this.web.post().uri("/actuator/smsbalance/default"))).isEqualTo(account);
		String accounts = "{\"accounts\":{\"default\":" + account + "}}";
		assertThat(body(this.web.get().uri("/actuator/smsbalance"))).isEqualTo(accounts);
		assertThat(body(this.web.post().uri("/actuator/smsbalance"))).isEqualTo(accounts);
	}

	@ParameterizedTest
	@CsvSource({ "SERVLET, true", "SERVLET, false", "REACTIVE, true", "REACTIVE, false" })
	void bodyWhenRefreshFailedIsTheSameWhicheverMapperWritesIt(WebApplicationType type, boolean isolated) {
		client.answer(Mono.error(() -> new SmsBalanceException("default", SmsBalanceFailure.SERVER_ERROR, 500, 1000,
				"internal error", null)));
		start(type, "--management.endpoints.jackson.isolated-json-mapper=" + isolated,
				"--engagelab.sms.refresh.enabled=false");
		assertThat(body(this.web.get().uri("/actuator/smsbalance/default"))).isEqualTo("""
				{"account":"default","state":"UNKNOWN","threshold":{"low":"1.0000"},\
				"hint":"Nothing has been read yet: the first refresh is in flight, \
				or waits for a call of getBalance() as engagelab.sms.refresh.enabled is false."}""");
		assertThat(body(this.web.post().uri("/actuator/smsbalance/default")))
			.isEqualTo("{\"account\":\"default\",\"state\":\"UNKNOWN\",\"threshold\":{\"low\":\"1.0000\"},"
					+ "\"failure\":{\"name\":\"SERVER_ERROR\",\"hint\":\"" + SmsBalanceFailure.SERVER_ERROR.getHint()
					+ "\",\"status\":500,\"code\":1000,\"message\":\"internal error\",\"at\":\"T\"}}");
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void bodyWhenApplicationNamesPropertiesDifferentlyIsTheSame(WebApplicationType type) {
		client.balance(100000);
		start(type, "--spring.jackson.property-naming-strategy=SNAKE_CASE", "--engagelab.sms.refresh.enabled=false");
		String total = "\"totalBalance\":\"10.0000\"";
		assertThat(body(this.web.post().uri("/actuator/smsbalance/default"))).contains(total);
		assertThat(body(this.web.get().uri("/actuator/smsbalance/default"))).contains(total);
		assertThat(body(this.web.post().uri("/actuator/smsbalance"))).contains(total);
		assertThat(body(this.web.get().uri("/actuator/smsbalance"))).contains(total);
	}

	@ParameterizedTest
	@EnumSource(names = { "SERVLET", "REACTIVE" })
	void refreshWhenDisabledSaysSoWithoutAsking(WebApplicationType type) {
		client.balance(100000);
		start(type, "--engagelab.sms.enabled=false");
		int calls = client.calls().size();
		this.web.post()
			.uri("/actuator/smsbalance")
			.exchange()
			.expectStatus()
			.isOk()
			.expectBody()
			.jsonPath("$.accounts.default.failure.name")
			.isEqualTo("DISABLED")
			.jsonPath("$.accounts.default.state")
			.isEqualTo("UNKNOWN")
			.jsonPath("$.accounts.default.nextRefresh")
			.doesNotExist();
		assertThat(client.calls()).hasSize(calls);
	}

	@Test
	void refreshWhenThereAre300AccountsAsks16AtOnceAndAnswersAll() {
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			// Ends by time only: nobody counts down
			new CountDownLatch(1).await(50, TimeUnit.MILLISECONDS);
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		})) {
			List<String> arguments = new ArrayList<>(
					List.of("--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.refresh.enabled=false"));
			for (int i = 0; i < 300; i++) {
				arguments.add("--engagelab.sms.accounts.a" + i + ".dev-key=key" + i);
				arguments.add("--engagelab.sms.accounts.a" + i + ".dev-secret=secret" + i);
			}
			start(WebApplicationType.SERVLET, ProviderApplication.class, arguments.toArray(String[]::new));
			String body = body(this.web.post().uri("/actuator/smsbalance"));
			assertThat(body.split("\"state\":\"OK\"", -1)).hasSize(301);
			assertThat(body).doesNotContain("failure");
			assertThat(server.requests()).hasSize(300);
			assertThat(server.mostAtOnce()).isBetween(2, 16);
		}
	}

	private static String body(WebTestClient.RequestHeadersSpec<?> request) {
		byte[] body = request.exchange().expectStatus().isOk().expectBody().returnResult().getResponseBody();
		return new String(body, StandardCharsets.UTF_8).replaceAll("\"\\d{4}-[0-9T:.-]+Z\"", "\"T\"")
			.replaceAll("\"PT[0-9.]+S\"", "\"D\"");
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

package io.github.engagelab.sms.docs;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.PropertySource;
import org.springframework.core.io.ByteArrayResource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the README shows is what an application with the README's configuration prints.
 */
@Tag("slow")
class OutputBlockTests {

	private static final String[] OPERATOR = { "X-User", "operator" };

	private static final String UP = "engagelab_sms_up{account=\"default\"} 1.0";

	private static final String LOW = RawServer.EXAMPLE.replace("143456", "43456").replace("123456", "23456");

	private final AtomicReference<String> answer = new AtomicReference<>(RawServer.EXAMPLE);

	private final RawServer provider = new RawServer(
			(request, number, out, socket) -> out.write(RawServer.http("200 OK", this.answer.get())));

	@AfterEach
	void stopProvider() {
		this.provider.close();
	}

	@Test
	void outputFollowsFromTheConfiguration() throws Exception {
		try (ConfigurableApplicationContext context = start()) {
			Awaitility.await().until(() -> get(context, "prometheus").body().contains(UP));
			String meters = lines(get(context, "prometheus").body());
			assertThat(comparable(meters))
				.isEqualTo(comparable(Page.README.blockAfter("`/actuator/prometheus`:").content()));
			JsonNode health = json(get(context, "health/engagelabSms", OPERATOR).body());
			assertThat(Page.blocks("json")).hasSize(1);
			assertThat(comparable(health)).isEqualTo(comparable(json(Page.blocks("json").get(0).content())));
		}
	}

	@Test
	void componentIsNotForAnonymousCallers() throws Exception {
		try (ConfigurableApplicationContext context = start()) {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(get(context, "health/engagelabSms").statusCode()).isEqualTo(404);
			assertThat(get(context, "health").body()).doesNotContain("engagelabSms");
			assertThat(get(context, "smsbalance").statusCode()).isEqualTo(404);
		}
		try (ConfigurableApplicationContext context = start("--management.endpoint.health.show-details=always")) {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(get(context, "health/engagelabSms").body()).contains("\"totalBalance10000\":143456");
		}
	}

	@Test
	void healthIsDownWhenBalanceIsLowButProbesAreNot() throws Exception {
		this.answer.set(LOW);
		try (ConfigurableApplicationContext context = start()) {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(get(context, "health").statusCode()).isEqualTo(503);
			assertThat(get(context, "health/engagelabSms", OPERATOR).statusCode()).isEqualTo(503);
			assertThat(get(context, "health/liveness").statusCode()).isEqualTo(200);
			assertThat(get(context, "health/readiness").statusCode()).isEqualTo(200);
		}
		try (ConfigurableApplicationContext context = start("--engagelab.sms.health.status.low=UNKNOWN")) {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(get(context, "health").statusCode()).isEqualTo(200);
		}
	}

	@Test
	void groupsAreThoseOfTheReference() throws Exception {
		this.answer.set(LOW);
		String yaml = Page.REFERENCE.blockAfter("if you list the members of a group").content();
		try (ConfigurableApplicationContext context = start(yaml)) {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(get(context, "health/sms").statusCode()).isEqualTo(503);
			assertThat(get(context, "health/sms").body()).isEqualTo("{\"status\":\"DOWN\"}");
			assertThat(get(context, "health/sms", OPERATOR).body()).contains("\"totalBalance\":\"4.3456\"");
			assertThat(get(context, "health/readiness").statusCode()).isEqualTo(200);
		}
	}

	// Starts with the README's configuration, and what is added to it
	private ConfigurableApplicationContext start(String... added) throws IOException {
		String yaml = Page.README.blockAfter("`application.yaml`, with key and secret").content();
		assertThat(yaml).contains("when-authorized");
		List<PropertySource<?>> configuration = new ArrayList<>(load(yaml));
		List<String> arguments = new ArrayList<>();
		for (String text : added) {
			if (text.startsWith("--")) {
				arguments.add(text);
			}
			else {
				configuration.addAll(0, load(text));
			}
		}
		return new SpringApplicationBuilder(Application.class).web(WebApplicationType.SERVLET)
			.initializers((context) -> configuration.forEach(context.getEnvironment().getPropertySources()::addLast))
			.properties("server.port=0", "spring.main.banner-mode=off", "ENGAGELAB_SMS_DEVKEY=key",
					"ENGAGELAB_SMS_DEVSECRET=secret", "engagelab.sms.base-url=" + this.provider.baseUrl())
			.run(arguments.toArray(String[]::new));
	}

	private static List<PropertySource<?>> load(String yaml) throws IOException {
		return new YamlPropertySourceLoader().load("block " + yaml.hashCode(),
				new ByteArrayResource(yaml.getBytes(StandardCharsets.UTF_8)));
	}

	private static HttpResponse<String> get(ConfigurableApplicationContext context, String path, String... headers)
			throws IOException, InterruptedException {
		int port = ((ServletWebServerApplicationContext) context).getWebServer().getPort();
		HttpRequest.Builder request = HttpRequest
			.newBuilder(URI.create("http://localhost:" + port + "/actuator/" + path));
		if (headers.length > 0) {
			request.headers(headers);
		}
		return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
	}

	private static String lines(String metrics) {
		return metrics.lines()
			.filter((line) -> line.startsWith("engagelab_sms_"))
			.collect(Collectors.joining("\n", "", "\n"));
	}

	private static String comparable(String metrics) {
		return metrics.replaceAll("(timestamp_seconds\\{.*}) .*", "$1 NOW");
	}

	// As text, so that the order counts
	private static String comparable(JsonNode health) {
		ObjectNode details = (ObjectNode) health.get("details");
		assertThat(details.get("readAt").stringValue()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
		assertThat(details.get("age").stringValue()).matches("PT\\d+(\\.\\d{1,3})?S");
		details.put("readAt", "NOW").put("age", "YOUNG");
		return health.toPrettyString();
	}

	private static JsonNode json(String text) {
		return JsonMapper.builder().build().readTree(text);
	}

	/**
	 * An application, in which a header does what Spring Security would.
	 */
	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

		@Bean
		Filter authentication() {
			return (request, response, chain) -> chain
				.doFilter(new HttpServletRequestWrapper((HttpServletRequest) request) {

					@Override
					public Principal getUserPrincipal() {
						String user = getHeader("X-User");
						return (user != null) ? () -> user : null;
					}

				}, response);
		}

	}

}

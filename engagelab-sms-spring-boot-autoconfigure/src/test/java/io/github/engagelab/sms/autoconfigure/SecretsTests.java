package io.github.engagelab.sms.autoconfigure;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.web.reactive.server.WebTestClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Collects everything that can be read of a run with faults, and looks for the secrets.
 */
@ExtendWith(OutputCaptureExtension.class)
class SecretsTests {

	private static final String KEY = "the-Dev-Key-of-all";

	private static final String SECRET = "the-Dev-Secret";

	private static final String BASIC = Base64.getEncoder()
		.encodeToString((KEY + ":" + SECRET).getBytes(StandardCharsets.UTF_8));

	private static final List<String> SECRETS = List.of(SECRET, KEY, BASIC,
			Base64.getEncoder().encodeToString(SECRET.getBytes(StandardCharsets.UTF_8)));

	private static final List<String> PAGES = List.of("/actuator/health", "/actuator/prometheus", "/actuator/metrics",
			"/actuator/smsbalance", "/actuator/env", "/actuator/configprops", "/actuator/beans", "/actuator/conditions",
			"/actuator/mappings", "/actuator/env/engagelab.sms.dev-secret", "/actuator/env/engagelab.sms.devSecret",
			"/actuator/env/ENGAGELAB_SMS_DEVSECRET");

	private final Map<String, String> collected = new TreeMap<>();

	@AfterEach
	void tearDown() {
		System.clearProperty("ENGAGELAB_SMS_ACCOUNTS_OTP_DEVSECRET");
		System.clearProperty("sun.java.command.like");
	}

	@Test
	void secretsAreInNothingThatCanBeRead(CapturedOutput output) {
		collect(output);
		assertThat(this.collected).hasSizeGreaterThan(PAGES.size());
		assertThat(this.collected.get("log")).contains("EngageLab SMS account", "SmsBalanceException");
		assertThat(leaks()).isEmpty();
	}

	@Test
	void secretsAreFoundWhenLeakedOnPurpose(CapturedOutput output) {
		collect(output);
		for (String secret : SECRETS) {
			this.collected.put("leak of " + secret, "Authorization: Basic " + secret);
			assertThat(leaks()).hasSize(1);
			this.collected.remove("leak of " + secret);
		}
		LogFactory.getLog("io.github.engagelab.sms").info("Credentials " + SECRET);
		this.collected.put("log", output.getAll());
		assertThat(leaks()).containsExactly("log: " + SECRET);
	}

	private void collect(CapturedOutput output) {
		System.setProperty("ENGAGELAB_SMS_ACCOUNTS_OTP_DEVSECRET", SECRET);
		System.setProperty("sun.java.command.like", "app.jar --engagelab.sms.dev-secret=" + SECRET);
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			String basic = request.replaceAll("(?s).*Basic (\\S+).*", "$1");
			// Hostile: says everything it was told
			String echo = "{\"code\":2001,\"message\":\"" + basic + " " + SECRET + " " + KEY + "\"}";
			switch (number % 7) {
				case 0 -> out.write(RawServer.http("401 " + basic, echo));
				case 1 -> out.write(RawServer.http("500 Oops", echo));
				case 2 -> out.write(RawServer.http("200 OK", basic + SECRET));
				case 3 -> out
					.write(RawServer.http("302 Found", "", "Location: http://" + KEY + ":" + SECRET + "@localhost/"));
				case 4 -> out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
				case 5 -> socket.close();
				default -> socket.getInputStream().read();
			}
		});
				ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
					.web(WebApplicationType.SERVLET)
					.run("--server.port=0", "--management.endpoints.web.exposure.include=*",
							"--management.endpoint.health.show-details=always",
							"--management.endpoint.env.show-values=always",
							"--management.endpoint.configprops.show-values=always",
							"--logging.level.io.github.engagelab.sms=trace",
							"--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=" + KEY,
							"--engagelab.sms.dev-secret=" + SECRET, "--engagelab.sms.accounts.otp.dev-key=" + KEY,
							"--engagelab.sms.accounts.otp.devSecret=" + SECRET,
							"--spring.application.json.like={\"engagelab\":{\"sms\":{\"dev-secret\":\"" + SECRET
									+ "\"}}}",
							"--engagelab.sms.http.request-timeout=300ms", "--engagelab.sms.retry.max-retries=0",
							"--spring.http.clients.reactive.connector=jdk")) {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			for (int i = 0; i < 14; i++) {
				for (String account : service.getAccounts()) {
					Throwable failure = catchThrowable(service.forAccount(account)::getBalance);
					if (failure != null) {
						assertThat(failure).isInstanceOf(SmsBalanceException.class);
						this.collected.merge("exceptions", stackTrace(failure), String::concat);
					}
				}
			}
			WebTestClient web = WebTestClient.bindToServer()
				.baseUrl("http://localhost:" + context.getEnvironment().getProperty("local.server.port"))
				.codecs((codecs) -> codecs.defaultCodecs().maxInMemorySize(-1))
				.responseTimeout(Duration.ofSeconds(20))
				.build();
			for (String page : PAGES) {
				byte[] body = web.get().uri(page).exchange().expectBody().returnResult().getResponseBodyContent();
				this.collected.put(page, new String(body, StandardCharsets.UTF_8));
			}
			assertThat(this.collected.get("/actuator/configprops")).contains("\"devSecret\":\"******\"");
			assertThat(this.collected.get("/actuator/env")).contains("engagelab.sms.dev-secret",
					"sun.java.command.like");
			for (String name : context.getBeanDefinitionNames()) {
				Object bean = context.getBean(name);
				if (bean.getClass().getName().startsWith("io.github.engagelab.sms")
						&& bean.getClass().getEnclosingClass() != SecretsTests.class) {
					this.collected.put("bean " + name, String.valueOf(bean));
				}
			}
			EngageLabSmsProperties properties = context.getBean(EngageLabSmsProperties.class);
			this.collected.put("accounts", properties.accounts() + " " + properties.http() + properties.threshold());
		}
		this.collected.put("log", output.getAll());
	}

	private List<String> leaks() {
		return this.collected.entrySet()
			.stream()
			.flatMap((entry) -> SECRETS.stream()
				.filter((secret) -> entry.getValue().contains(secret))
				.map((secret) -> entry.getKey() + ": " + secret))
			.toList();
	}

	private static String stackTrace(Throwable failure) {
		StringWriter text = new StringWriter();
		failure.printStackTrace(new PrintWriter(text));
		return text.toString();
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class Application {

	}

}

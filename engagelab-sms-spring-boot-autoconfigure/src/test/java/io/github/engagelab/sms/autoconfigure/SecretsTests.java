package io.github.engagelab.sms.autoconfigure;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.RawServer;
import org.apache.commons.logging.LogFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.reactive.function.client.WebClientRequestException;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Collects everything that can be read of a run with faults, and looks for the secrets.
 */
@Tag("slow")
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

	private final ObjectGraph graph = new ObjectGraph(SECRETS);

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
		assertThat(this.collected.get("exceptions")).contains("INVALID_CREDENTIALS", "SERVER_ERROR",
				"MALFORMED_RESPONSE", "UNREACHABLE", "TIMEOUT");
		assertThat(leaks()).isEmpty();
		assertThat(this.graph.visited()).contains(SmsBalanceException.class.getName(),
				SmsAccountStateChangedEvent.class.getName(), SmsAccountStatus.class.getName(),
				WebClientSmsBalanceClient.class.getName(), SmsBalanceMonitors.class.getName());
		assertThat(this.graph.serialized()).contains(SmsBalanceException.class.getName());
		assertThat(this.graph.leaks()).isEmpty();
	}

	@Test
	void secretsInObjectsAreFoundWhenLeakedOnPurpose() {
		for (String secret : SECRETS) {
			HttpHeaders headers = new HttpHeaders();
			headers.setBasicAuth(secret);
			List<Object> hiding = List.of(headers,
					new WebClientRequestException(new IOException("x"), HttpMethod.GET, URI.create("/"), headers),
					new Exception(secret), new Exception(new IOException("x " + secret)),
					Map.of("k", Optional.of(secret.toCharArray())),
					new AtomicReference<>(List.of(secret.getBytes(StandardCharsets.UTF_8))),
					new Object[] { CharBuffer.wrap(secret) },
					new SmsBalanceException("default", SmsBalanceFailure.TIMEOUT, secret, null), new Holder(secret),
					(Supplier<String>) () -> secret);
			for (Object object : hiding) {
				ObjectGraph own = new ObjectGraph(SECRETS);
				own.walk("root", object);
				assertThat(own.leaks()).as(object.getClass().getName()).isNotEmpty();
			}
		}
		Exception suppressing = new Exception("x");
		suppressing.addSuppressed(new Exception(SECRET));
		this.graph.walk("root", suppressing);
		assertThat(this.graph.leaks()).isNotEmpty();
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
			switch (number % 8) {
				case 0 -> out.write(RawServer.http("401 " + basic, echo));
				case 1 -> out.write(RawServer.http("500 Oops", echo));
				case 2 -> out.write(RawServer.http("200 OK", basic + SECRET));
				case 3 -> out
					.write(RawServer.http("302 Found", "", "Location: http://" + KEY + ":" + SECRET + "@localhost/"));
				case 4 -> out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
				// The JDK's client repeats the request, and gets what comes next
				case 5 -> socket.close();
				case 6 -> {
					out.write("HTTP/1.1 200 OK\r\nContent-Type: appl".getBytes(StandardCharsets.UTF_8));
					socket.close();
				}
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
							"--engagelab.sms.http.request-timeout=300ms", "--engagelab.sms.retry.max-retries=0")) {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			for (int i = 0; i < 14; i++) {
				for (String account : service.getAccounts()) {
					Throwable failure = catchThrowable(service.forAccount(account)::getBalance);
					if (failure != null) {
						assertThat(failure).isInstanceOf(SmsBalanceException.class);
						this.collected.merge("exceptions", stackTrace(failure), String::concat);
						this.graph.walk("exception", failure);
					}
					ReactiveSmsBalanceService reactive = context.getBean(ReactiveSmsBalanceService.class)
						.forAccount(account);
					reactive.getBalance().onErrorResume((ex) -> {
						this.graph.walk("reactive exception", ex);
						return Mono.empty();
					}).block();
					this.graph.walk("status", service.forAccount(account).getStatus());
				}
			}
			context.getBean(Events.class).received.forEach((event) -> this.graph.walk("event", event));
			WebTestClient web = WebTestClient.bindToServer()
				.baseUrl("http://localhost:" + context.getEnvironment().getProperty("local.server.port"))
				.codecs((codecs) -> codecs.defaultCodecs().maxInMemorySize(-1))
				.responseTimeout(Duration.ofMinutes(1))
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
					this.graph.walk("bean " + name, bean);
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
	@Import(Events.class)
	static class Application {

	}

	static class Events {

		private final Queue<SmsAccountStateChangedEvent> received = new ConcurrentLinkedQueue<>();

		@EventListener
		void onEvent(SmsAccountStateChangedEvent event) {
			this.received.add(event);
		}

	}

	private static final class Holder {

		@SuppressWarnings("unused")
		private final Object held;

		private Holder(Object held) {
			this.held = held;
		}

	}

}

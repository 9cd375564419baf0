package io.github.engagelab.sms.docs;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.actuate.endpoint.SmsBalanceEndpoint;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.health.SmsBalanceHealthIndicator;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalanceTurns;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.github.engagelab.sms.testsupport.VirtualTime;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.annotation.AnnotatedElementUtils;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.RETURNS_MOCKS;
import static org.mockito.Mockito.mock;

/**
 * Holds the tables of the pages against the code.
 */
class ReadmeTests {

	private final VirtualTime time = new VirtualTime();

	private final ScriptedClient client = new ScriptedClient(this.time::nanoTime);

	@Test
	void propertiesAreThoseOfTheMetadata() throws IOException {
		JsonNode metadata;
		try (var in = getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
			metadata = JsonMapper.builder().build().readTree(in);
		}
		Map<String, List<String>> expected = new TreeMap<>();
		for (JsonNode property : metadata.get("properties")) {
			String name = property.get("name").stringValue();
			assertThat(property.get("type").stringValue()).as(name).isNotEmpty();
			assertThat(property.path("description").stringValue("")).as(name).matches("[A-Z].*\\.");
			String value = property.path("defaultValue").asString("");
			expected.put(name,
					List.of(value.isEmpty() ? "" : "`" + value + "`", property.get("description").stringValue()));
		}
		assertThat(expected).containsKey("engagelab.sms.dev-key")
			.containsKey("management.health.engagelab-sms.enabled");
		Map<String, List<String>> actual = new TreeMap<>();
		for (List<String> row : Page.REFERENCE.table("Properties")) {
			actual.put(Page.unquote(row.get(0)), row.subList(1, 3));
		}
		assertThat(actual).isEqualTo(expected);
	}

	@Test
	void statesAreThoseOfTheEnumWithTheHealthTheyHave() {
		Map<String, String> health = new TreeMap<>();
		runner().run((context) -> {
			SmsBalanceHealthIndicator indicator = context.getBean(SmsBalanceHealthIndicator.class);
			Runnable note = () -> health.put(String.valueOf(indicator.health().getDetails().get("state")),
					indicator.health().getStatus().getCode());
			note.run();
			var monitor = context.getBean(SmsBalanceMonitors.class).get("default");
			for (long total10000 : new long[] { 0, 20000, 100000 }) {
				this.client.balance(total10000);
				assertThat(monitor.refresh()).isDone();
				note.run();
			}
			this.time.advanceTimeBy(Duration.ofMinutes(5));
			note.run();
			this.client.fail(SmsBalanceFailure.ACCESS_DENIED);
			assertThat(monitor.refresh()).isDone();
			note.run();
		});
		for (List<List<String>> rows : List.of(Page.README.table("What it does"), Page.REFERENCE.table("States"))) {
			assertThat(rows).extracting((row) -> Page.unquote(row.get(0)))
				.containsExactly(Stream.of(SmsAccountState.values()).map(Enum::name).toArray(String[]::new));
			assertThat(rows.stream().collect(Collectors.toMap((row) -> Page.unquote(row.get(0)), (row) -> row.get(2))))
				.isEqualTo(health);
		}
	}

	@Test
	void failuresAreThoseOfTheEnum() {
		assertThat(Page.REFERENCE.table("Failures")).extracting((row) -> Page.unquote(row.get(0)) + " " + row.get(2))
			.containsExactly(Stream.of(SmsBalanceFailure.values())
				.map((failure) -> failure.name() + (failure.isRetryable() ? " yes" : " no"))
				.toArray(String[]::new));
	}

	@Test
	void metersAreThoseThatAreRegistered() {
		TreeSet<String> meters = new TreeSet<>();
		TreeSet<String> series = new TreeSet<>();
		runner().withPropertyValues("engagelab.sms.refresh.enabled=true", "engagelab.sms.cluster.enabled=true")
			.withBean(SmsBalanceTurns.class, () -> mock(SmsBalanceTurns.class, RETURNS_MOCKS))
			.run((context) -> {
				this.client.balance(100000);
				assertThat(context.getBean(SmsBalanceMonitors.class).get("default").refresh()).isDone();
				context.getBean(MeterRegistry.class)
					.getMeters()
					.forEach((meter) -> meters.add(meter.getId().getName()));
				context.getBean(PrometheusMeterRegistry.class)
					.scrape()
					.lines()
					.filter((line) -> line.startsWith("engagelab"))
					.forEach((line) -> series.add(line.substring(0, line.indexOf('{'))));
			});
		meters.removeIf((name) -> !name.startsWith("engagelab"));
		assertThat(Page.REFERENCE.table("Meters")).extracting((row) -> Page.unquote(row.get(0)))
			.containsExactlyInAnyOrderElementsOf(meters);
		assertThat(Page.REFERENCE.table("Meters")).extracting((row) -> Page.unquote(row.get(1)))
			.containsExactlyInAnyOrderElementsOf(series);
	}

	@Test
	void endpointIsThatOfTheCode() {
		String path = "/actuator/" + SmsBalanceEndpoint.class.getAnnotation(Endpoint.class).id();
		List<String> expected = Stream.of(SmsBalanceEndpoint.class.getDeclaredMethods())
			.filter((method) -> AnnotatedElementUtils.hasAnnotation(method, ReadOperation.class)
					|| AnnotatedElementUtils.hasAnnotation(method, WriteOperation.class))
			.map((method) -> (method.isAnnotationPresent(ReadOperation.class) ? "GET " : "POST ") + path
					+ ((method.getParameterCount() > 0) ? "/{account}" : ""))
			.toList();
		assertThat(Page.REFERENCE.table("Endpoint")).extracting((row) -> Page.unquote(row.get(0)))
			.containsExactlyInAnyOrderElementsOf(expected);
	}

	@Test
	void alertsAreThoseOfTheRules() {
		List<String> expected = Pattern.compile("- alert: (\\w+)(?s:.*?)severity: (\\w+)(?s:.*?)runbook: '?([^'\\n]+)")
			.matcher(Page.text("monitoring/prometheus-rules.yaml"))
			.results()
			.peek((alert) -> assertThat(PageTests.resolves(Page.MONITORING, alert.group(3))).isTrue())
			.map((alert) -> alert.group(1) + " " + alert.group(2))
			.toList();
		assertThat(expected).hasSizeGreaterThanOrEqualTo(7);
		assertThat(Page.MONITORING.table("Runbook")).extracting((row) -> Page.unquote(row.get(0)) + " " + row.get(1))
			.containsExactlyElementsOf(expected);
	}

	@Test
	void eventsAreThoseOfTheCode() {
		assertThat(Page.REFERENCE.table("Events")).extracting((row) -> Page.unquote(row.get(0)) + ".java")
			.containsExactlyElementsOf(Page.files("Event.java")
				.stream()
				.filter((path) -> path.startsWith("engagelab-sms-spring-boot-autoconfigure/src/main"))
				.map((path) -> path.getFileName().toString())
				.toList());
	}

	@Test
	void callsAreThoseOfTheService() {
		assertThat(Page.REFERENCE.table("The service")).extracting((row) -> Page.unquote(row.get(0)).split("\\(")[0])
			.containsExactlyInAnyOrderElementsOf(
					Stream.of(SmsBalanceService.class.getMethods()).map(Method::getName).toList());
	}

	@Test
	void requestsAreThoseOfTheSample() {
		Path demo = Path.of("sample-app/src/main/java/io/github/engagelab/sms/sample/demo");
		String controller = Page.text(demo.resolve("DemoController.java").toString());
		List<List<String>> rows = Page.SAMPLE.table("With a simulated EngageLab");
		assertThat(controller).contains("@RequestMapping(\"/demo\")");
		assertThat(rows).extracting((row) -> Page.unquote(row.get(0)))
			.containsExactlyElementsOf(Pattern.compile("@PostMapping\\(\"(.+)\"\\)")
				.matcher(controller)
				.results()
				.map((mapping) -> "POST /demo" + mapping.group(1))
				.toList());
		assertThat(Pattern.compile("[A-Z]+(_[A-Z]+)*")
			.matcher(String.join(" ", rows.get(2)).replace("POST", ""))
			.results()
			.map(MatchResult::group))
			.containsExactlyElementsOf(Pattern.compile("(?m)^\t([A-Z_]+),?$")
				.matcher(Page.text(demo.resolve("Fault.java").toString()))
				.results()
				.map((fault) -> fault.group(1))
				.toList());
	}

	@Test
	void applicationsAreThoseOfTheMatrix() throws IOException {
		List<String> header = Page.README.text()
			.lines()
			.filter((line) -> line.startsWith("| Spring Boot | JDK |"))
			.flatMap((line) -> Stream.of(line.split("\\|")).skip(3))
			.map((cell) -> Page.unquote(cell).strip())
			.toList();
		try (Stream<Path> directories = Files.list(Page.ROOT.resolve("engagelab-sms-spring-boot-starter/src/it"))) {
			assertThat(header).containsExactlyInAnyOrderElementsOf(
					directories.filter((directory) -> Files.exists(directory.resolve("src/test")))
						.map((directory) -> directory.getFileName().toString())
						.toList());
		}
	}

	private ApplicationContextRunner runner() {
		return new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.warning=5")
			.withBean(EngageLabSmsThreads.class, this.time::threads)
			.withBean(SmsBalanceClient.class, () -> this.client);
	}

}

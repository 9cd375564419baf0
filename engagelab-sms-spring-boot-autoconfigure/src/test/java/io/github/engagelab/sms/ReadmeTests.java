package io.github.engagelab.sms;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.actuate.endpoint.SmsBalanceEndpoint;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.cluster.SmsBalanceStore;
import io.github.engagelab.sms.health.SmsBalanceHealthIndicator;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
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
import static org.mockito.Mockito.mock;

/**
 * Holds the README's tables against the code.
 */
class ReadmeTests {

	private static final Path ROOT = Path.of("..");

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
		for (List<String> row : table("Properties")) {
			actual.put(unquote(row.get(0)), row.subList(1, 3));
		}
		assertThat(actual).isEqualTo(expected);
	}

	@Test
	void statesAreThoseOfTheEnumWithTheHealthTheyHave() throws IOException {
		List<List<String>> rows = table("States");
		assertThat(rows).extracting((row) -> unquote(row.get(0)))
			.containsExactly(Stream.of(SmsAccountState.values()).map(Enum::name).toArray(String[]::new));
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
		assertThat(rows.stream().collect(Collectors.toMap((row) -> unquote(row.get(0)), (row) -> row.get(2))))
			.isEqualTo(health);
	}

	@Test
	void failuresAreThoseOfTheEnum() throws IOException {
		assertThat(table("Failures")).extracting((row) -> unquote(row.get(0)) + " " + row.get(2))
			.containsExactly(Stream.of(SmsBalanceFailure.values())
				.map((failure) -> failure.name() + (failure.isRetryable() ? " yes" : " no"))
				.toArray(String[]::new));
	}

	@Test
	void metersAreThoseThatAreRegistered() throws IOException {
		TreeSet<String> meters = new TreeSet<>();
		TreeSet<String> series = new TreeSet<>();
		runner().withPropertyValues("engagelab.sms.refresh.enabled=true", "engagelab.sms.cluster.enabled=true")
			.withBean(SmsBalanceStore.class, () -> mock(SmsBalanceStore.class))
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
		assertThat(table("Meters")).extracting((row) -> unquote(row.get(0)))
			.containsExactlyInAnyOrderElementsOf(meters);
		assertThat(table("Meters")).extracting((row) -> unquote(row.get(1)))
			.containsExactlyInAnyOrderElementsOf(series);
	}

	@Test
	void endpointIsThatOfTheCode() throws IOException {
		String path = "/actuator/" + SmsBalanceEndpoint.class.getAnnotation(Endpoint.class).id();
		List<String> expected = Stream.of(SmsBalanceEndpoint.class.getDeclaredMethods())
			.filter((method) -> AnnotatedElementUtils.hasAnnotation(method, ReadOperation.class)
					|| AnnotatedElementUtils.hasAnnotation(method, WriteOperation.class))
			.map((method) -> (method.isAnnotationPresent(ReadOperation.class) ? "GET " : "POST ") + path
					+ ((method.getParameterCount() > 0) ? "/{account}" : ""))
			.toList();
		assertThat(table("Endpoint")).extracting((row) -> unquote(row.get(0)))
			.containsExactlyInAnyOrderElementsOf(expected);
	}

	@Test
	void alertsAreThoseOfTheRules() throws IOException {
		String rules = Files.readString(ROOT.resolve("monitoring/prometheus-rules.yaml"));
		List<String> expected = Pattern.compile("- alert: (\\w+)(?s:.*?)severity: (\\w+)(?s:.*?)runbook: '?([^'\\n]+)")
			.matcher(rules)
			.results()
			.peek((alert) -> assertThat(alert.group(3)).isEqualTo("README.md#runbook"))
			.map((alert) -> alert.group(1) + " " + alert.group(2))
			.toList();
		assertThat(expected).hasSizeGreaterThanOrEqualTo(7);
		assertThat(table("Runbook")).extracting((row) -> unquote(row.get(0)) + " " + row.get(1))
			.containsExactlyElementsOf(expected);
	}

	@Test
	void eventsAreThoseOfTheCode() throws IOException {
		assertThat(readme()).contains("| `" + SmsAccountStateChangedEvent.class.getSimpleName() + "` | once for every");
		try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
			assertThat(
					sources.map((path) -> path.getFileName().toString()).filter((name) -> name.endsWith("Event.java")))
				.containsExactly("SmsAccountStateChangedEvent.java");
		}
	}

	@Test
	void listenerIsTheOneThatIsCompiledAndRun() throws IOException {
		String listener = fence("java", "BalanceListener");
		String compiled = Files.readString(Path.of("src/test/java/io/github/engagelab/sms/ReadmeListenerTests.java"));
		assertThat(normalize(compiled)).contains(normalize(listener));
	}

	@Test
	void storeIsTheOneThatIsCompiledAndRun() throws IOException {
		Path tests = Path.of("src/test/java/io/github/engagelab/sms/cluster");
		String compiled = Files.readString(tests.resolve("JdbcSmsBalanceStore.java"));
		assertThat(normalize(compiled)).contains(normalize(fence("java", "JdbcSmsBalanceStore")));
		String table = Pattern.compile("`(sms_balance \\([^`]+)`")
			.matcher(readme())
			.results()
			.findFirst()
			.orElseThrow()
			.group(1);
		assertThat(normalize(Files.readString(tests.resolve("SmsBalanceStoreTests.java")))).contains(normalize(table));
	}

	private String fence(String language, String content) throws IOException {
		return Pattern.compile("(?s)```" + language + "\\n(.*?)```")
			.matcher(readme())
			.results()
			.map((result) -> result.group(1))
			.filter((text) -> text.contains(content))
			.findFirst()
			.orElseThrow();
	}

	private static String normalize(String code) {
		return code.replaceAll("\\bstatic\\b", "").replaceAll("\\s+", "");
	}

	private ApplicationContextRunner runner() {
		return new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.warning=5")
			.withBean(EngageLabSmsThreads.class, this.time::threads)
			.withBean(SmsBalanceClient.class, () -> this.client);
	}

	/**
	 * Return the rows of the first table under a heading.
	 */
	private static List<List<String>> table(String heading) throws IOException {
		List<List<String>> rows = new ArrayList<>();
		String section = Pattern.compile("(?s)\\n### " + heading + "\\n(.*?)(\\n#|$)")
			.matcher(readme())
			.results()
			.map((MatchResult result) -> result.group(1))
			.findFirst()
			.orElseThrow();
		for (String line : section.lines().filter((candidate) -> candidate.startsWith("|")).skip(2).toList()) {
			rows.add(Stream.of(line.substring(1, line.length() - 1).split("\\|")).map(String::strip).toList());
		}
		assertThat(rows).isNotEmpty();
		return rows;
	}

	private static String unquote(String cell) {
		return cell.replace("`", "");
	}

	private static String readme() throws IOException {
		return Files.readString(ROOT.resolve("README.md"));
	}

}

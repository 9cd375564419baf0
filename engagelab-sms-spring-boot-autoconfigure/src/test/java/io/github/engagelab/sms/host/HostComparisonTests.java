package io.github.engagelab.sms.host;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import javax.xml.parsers.DocumentBuilderFactory;

import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Element;

import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What an application gains by the starter beside the balance, by all its beans, jars,
 * threads and loaded classes with and without it.
 */
@Tag("slow")
public class HostComparisonTests {

	private static final String PLAIN = "test-classes|spring-boot|spring-boot-autoconfigure|spring-(core|beans|context|aop|expression)|jspecify"
			+ "|commons-logging|micrometer-(commons|observation)|snakeyaml|jakarta.annotation-api"
			+ "|logback-(core|classic)|log4j-(api|to-slf4j)|jul-to-slf4j|slf4j-api";

	private static final String ACTUATOR = PLAIN
			+ "|spring-boot-(actuator|actuator-autoconfigure|health|micrometer-metrics|micrometer-observation|jackson"
			+ "|web-server)|micrometer-(core|jakarta9)|HdrHistogram|LatencyUtils|jackson-(core|databind|annotations)"
			+ "|spring-web";

	private static final String SERVLET = ACTUATOR
			+ "|spring-boot-(servlet|tomcat|webmvc|http-converter)|spring-webmvc|tomcat-embed-.*";

	private static final String REACTIVE = ACTUATOR
			+ "|spring-boot-(http-codec|netty|reactor|reactor-netty|webflux)|spring-webflux|netty-.*|reactor-.*"
			+ "|reactive-streams";

	/**
	 * What the starter brings, as its POM says and Maven resolves it.
	 */
	private static final String STARTER = "|classes|spring-webflux|spring-web|reactor-core|reactive-streams"
			+ "|jackson-(core|databind|annotations)";

	@TempDir
	private static Path directory;

	private static RawServer server;

	private static Pair servlet;

	private static Pair starting;

	private static Pair reactive;

	private static Pair none;

	@BeforeAll
	static void startAll() {
		server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
		servlet = start("servlet", SERVLET);
		// The first poll would come while a busy machine is still starting
		starting = start("servlet", SERVLET, "--engagelab.sms.refresh.enabled=false");
		reactive = start("reactive", REACTIVE);
		none = start("none", PLAIN);
	}

	@AfterAll
	static void close() {
		server.close();
	}

	@Test
	void startWhenServletHostAddsNextToNothing() throws Exception {
		assertThat(servlet.foreign("jar ")).satisfiesExactlyInAnyOrder(
				(jar) -> assertThat(jar).startsWith("spring-webflux-"),
				(jar) -> assertThat(jar).startsWith("reactor-core-"),
				(jar) -> assertThat(jar).startsWith("reactive-streams-"));
		assertThat(servlet.foreign("bean ")).hasSize(2)
			.allMatch((bean) -> bean.contains("eactiveHealthContributorRegistry"));
		assertBeansAndThreads(servlet);
	}

	@Test
	void startWhenReactiveHostAddsNextToNothing() throws Exception {
		assertThat(reactive.foreign("jar ")).isEmpty();
		assertThat(reactive.foreign("bean ")).isEmpty();
		assertBeansAndThreads(reactive);
	}

	@Test
	void startWhenNoWebAddsNextToNothing() throws Exception {
		assertThat(none.foreign("jar ")).allMatch((jar) -> jar.matches(name(STARTER.substring(1))));
		assertThat(none.foreign("bean ")).isEmpty();
		assertBeansAndThreads(none);
	}

	@Test
	void starterBringsWhatIsComparedHere() throws Exception {
		assertThat(compileDependencies(Path.of("..", "engagelab-sms-spring-boot-starter", "pom.xml")))
			.containsExactlyInAnyOrder("engagelab-sms-spring-boot-autoconfigure", "spring-webflux", "jackson-databind");
		assertThat(compileDependencies(Path.of("pom.xml"))).containsExactlyInAnyOrder("spring-boot-autoconfigure",
				"spring-webflux", "jackson-databind");
	}

	@Test
	void startWhenServletHostLoadsFewClasses() throws Exception {
		List<String> with = starting.loadedClasses(true);
		List<String> without = starting.loadedClasses(false);
		System.out.printf("measured classes up to Started: %d with, %d without, %d more%n", with.size(), without.size(),
				with.size() - without.size());
		assertThat(with.size() - without.size()).isLessThanOrEqualTo(500);
		assertThat(with).contains("io.github.engagelab.sms.monitor.SmsBalancePoller")
			.doesNotContain("jdk.internal.net.http.HttpClientImpl", "reactor.core.scheduler.Schedulers",
					"org.springframework.web.reactive.function.client.DefaultWebClient",
					"io.github.engagelab.sms.client.EngageLabSmsAnswer");
		assertThat(starting.with()).contains("early main")
			.doesNotContain("early engagelab-sms-worker-N", "early engagelab-sms-account-default",
					"early HttpClient-N-SelectorManager");
	}

	private static void assertBeansAndThreads(Pair pair) throws Exception {
		assertThat(pair.foreign("kind ")).isEmpty();
		assertThat(pair.added("thread ")).hasSizeLessThanOrEqualTo(2)
			.allMatch((thread) -> thread.matches("engagelab-sms-timer-N|HttpClient-N-SelectorManager"));
		// None of ours may be what a framework or the host collects
		assertThat(pair.added("kind ")).isEmpty();
		assertThat(pair.with()).contains("poller engagelab-sms-account-default");
	}

	private static Pair start(String type, String names, String... arguments) {
		Path with = directory.resolve(type + arguments.length + "-with.txt");
		Path without = directory.resolve(type + arguments.length + "-without.txt");
		return new Pair(start(type, names + STARTER, with, arguments), start(type, names, without, arguments), with,
				without);
	}

	private static ChildJvm start(String type, String names, Path classes, String... arguments) {
		List<String> all = new ArrayList<>(List.of(type, "--engagelab.sms.base-url=" + server.baseUrl(),
				"--engagelab.sms.dev-key=key", "--engagelab.sms.dev-secret=secret"));
		all.addAll(List.of(arguments));
		return ChildJvm.start(ChildJvm.Jdk.current(),
				(arguments.length > 0) ? List.of("-Xlog:class+load:file=" + classes) : List.of(),
				ChildJvm.classPath(named(names)), Application.class, all.toArray(String[]::new));
	}

	private static Predicate<String> named(String names) {
		return Pattern.compile(name(names)).asMatchPredicate();
	}

	private static String name(String names) {
		return "(" + names + ")(-\\d.*)?";
	}

	private static List<String> compileDependencies(Path pom) throws Exception {
		List<String> dependencies = new ArrayList<>();
		Element project = DocumentBuilderFactory.newInstance()
			.newDocumentBuilder()
			.parse(pom.toFile())
			.getDocumentElement();
		for (Element dependency : children(children(project, "dependencies").get(0), "dependency")) {
			if (children(dependency, "scope").isEmpty() && children(dependency, "optional").isEmpty()) {
				dependencies.add(children(dependency, "artifactId").get(0).getTextContent());
			}
		}
		return dependencies;
	}

	private static List<Element> children(Element parent, String name) {
		List<Element> children = new ArrayList<>();
		for (int i = 0; i < parent.getChildNodes().getLength(); i++) {
			if (parent.getChildNodes().item(i) instanceof Element child && child.getTagName().equals(name)) {
				children.add(child);
			}
		}
		return children;
	}

	/**
	 * The same application with and without the starter.
	 */
	private static final class Pair {

		private final ChildJvm with;

		private final ChildJvm without;

		private final Path classesWith;

		private final Path classesWithout;

		private List<String> outputWith;

		private List<String> outputWithout;

		Pair(ChildJvm with, ChildJvm without, Path classesWith, Path classesWithout) {
			this.with = with;
			this.without = without;
			this.classesWith = classesWith;
			this.classesWithout = classesWithout;
		}

		List<String> with() {
			if (this.outputWith == null) {
				this.outputWithout = this.without.waitForSuccess().lines().toList();
				this.outputWith = this.with.waitForSuccess().lines().toList();
			}
			return this.outputWith;
		}

		List<String> added(String prefix) {
			List<String> added = new ArrayList<>(with());
			this.outputWithout.forEach(added::remove);
			return added.stream()
				.filter((line) -> line.startsWith(prefix))
				.map((line) -> line.substring(prefix.length()))
				.toList();
		}

		List<String> foreign(String prefix) {
			return added(prefix).stream()
				.filter((line) -> !line.equals("classes") && !line.contains("io.github.engagelab"))
				.toList();
		}

		/**
		 * Return what was loaded up to the start.
		 * @param with with the starter or without it
		 * @return the names of the classes
		 */
		List<String> loadedClasses(boolean with) throws IOException {
			with();
			try (Stream<String> lines = Files.lines(with ? this.classesWith : this.classesWithout)) {
				return lines.filter((line) -> line.contains(" source: "))
					.map((line) -> line.replaceAll("^(\\[[^]]*])*\\s*| source: .*$", ""))
					.takeWhile((name) -> !name.equals(Marker.class.getName()))
					.toList();
			}
		}

	}

	/**
	 * Loaded at the moment of the start.
	 */
	static final class Marker {

		static void load() {
		}

	}

	/**
	 * A host that does not know the starter.
	 */
	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	public static class Application {

		private static final long BOUND = 60_000_000_000L;

		public static void main(String[] args) throws Exception {
			boolean starter = Files.exists(classes());
			ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
				.web(WebApplicationType.valueOf(args[0].toUpperCase(Locale.ROOT)))
				.listeners((ApplicationListener<ApplicationStartedEvent>) (event) -> {
					Marker.load();
					threads().forEach((thread) -> System.out.println("early " + thread));
				})
				.run(Stream
					.concat(Stream.of("--spring.main.banner-mode=off", "--server.port=0"), Stream.of(args).skip(1))
					.toArray(String[]::new));
			if (starter && args.length == 4) {
				Set<String> seen = new TreeSet<>();
				long end = System.nanoTime() + BOUND;
				while (!isIdle(seen) && System.nanoTime() < end) {
					LockSupport.parkNanos(50_000_000);
				}
				seen.forEach((thread) -> System.out.println("poller " + thread));
			}
			print(context.getBeanFactory());
			Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
				.forEach((entry) -> System.out.println("jar " + Path.of(entry).getFileName()));
			threads().forEach((thread) -> System.out.println("thread " + thread));
			Runtime.getRuntime().halt(0);
		}

		private static Path classes() {
			return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
				.map(Path::of)
				.filter((path) -> path.endsWith("classes"))
				.findAny()
				.orElse(Path.of("none"));
		}

		private static boolean isIdle(Set<String> seen) {
			List<String> threads = threads();
			seen.addAll(threads);
			return seen.contains("HttpClient-N-SelectorManager") && threads.stream()
				.noneMatch((thread) -> thread.matches("engagelab-sms-(worker-N|account-.*|events)"));
		}

		private static List<String> threads() {
			return Thread.getAllStackTraces()
				.keySet()
				.stream()
				.map((thread) -> thread.getName().replaceAll("\\d+", "N"))
				.sorted()
				.collect(Collectors.toList());
		}

		private static void print(ConfigurableListableBeanFactory factory) {
			for (String name : factory.getBeanDefinitionNames()) {
				Class<?> type = factory.getType(name);
				System.out.println("bean " + name + "=" + name(type));
				kinds(type).forEach((kind) -> System.out.println("kind " + kind + " " + name));
			}
			Stream.of(factory.getSingletonNames())
				.filter((name) -> !factory.containsBeanDefinition(name))
				.forEach((name) -> System.out.println("bean " + name + "=" + name(factory.getType(name))));
		}

		/**
		 * Lambdas have another name in each process.
		 */
		private static String name(Class<?> type) {
			return (type != null) ? type.getName().replaceAll("\\$\\$Lambda.*", "\\$\\$Lambda") : "null";
		}

		/**
		 * Return the types that frameworks and hosts collect or look for.
		 */
		private static Set<String> kinds(Class<?> type) {
			Set<String> kinds = new TreeSet<>();
			for (Class<?> current = type; current != null; current = current.getSuperclass()) {
				addInterfaces(current, kinds);
				kinds.add(current.getName());
			}
			kinds.removeIf(
					(kind) -> !kind.startsWith("java.util.function.") && !Arrays
						.asList("java.util.concurrent.Executor", "org.springframework.scheduling.TaskScheduler",
								"org.springframework.web.reactive.function.client.WebClient",
								"org.springframework.web.reactive.function.client.WebClient$Builder",
								"tools.jackson.databind.ObjectMapper", "java.net.http.HttpClient",
								"org.springframework.http.client.reactive.ClientHttpConnector")
						.contains(kind));
			return kinds;
		}

		private static void addInterfaces(Class<?> type, Set<String> kinds) {
			for (Class<?> current : type.getInterfaces()) {
				kinds.add(current.getName());
				addInterfaces(current, kinds);
			}
		}

	}

}

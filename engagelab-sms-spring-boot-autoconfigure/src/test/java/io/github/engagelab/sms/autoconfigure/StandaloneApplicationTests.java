package io.github.engagelab.sms.autoconfigure;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application that has the starter and nothing else, neither a web server nor Actuator
 * nor Micrometer, in a JVM of its own.
 */
@Tag("slow")
public class StandaloneApplicationTests {

	private static final Pattern STARTER = Pattern.compile("(test-)?classes|(spring-boot|spring-boot-autoconfigure"
			+ "|spring-(core|beans|context|aop|expression|web|webflux)|reactor-core|reactive-streams"
			+ "|jackson-(core|databind|annotations)|micrometer-(commons|observation)|commons-logging|jspecify)"
			+ "-\\d.*\\.jar");

	@TempDir
	Path directory;

	private Path output;

	@BeforeEach
	void setUp() {
		this.output = this.directory.resolve("output.txt");
	}

	@Test
	void applicationOpensNoPortAndEndsWithItsMain() throws Exception {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			Process process = start("--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=key",
					"--engagelab.sms.dev-secret=secret");
			boolean ended = process.waitFor(2, TimeUnit.MINUTES);
			process.destroyForcibly();
			assertThat(this.output).content().satisfies((text) -> assertThat(ended).as(text).isTrue());
			assertThat(process.exitValue()).isZero();
			assertThat(this.output).content()
				.contains("context=org.springframework.context.annotation.AnnotationConfigApplicationContext",
						"total=14.3456")
				.doesNotContain("port");
		}
	}

	private Process start(String... arguments) throws IOException {
		String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> STARTER.matcher(Path.of(entry).getFileName().toString()).matches())
			.collect(Collectors.joining(File.pathSeparator));
		Stream<String> command = Stream.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				classPath, Application.class.getName());
		return new ProcessBuilder(Stream.concat(command, Stream.of(arguments)).toList()).redirectErrorStream(true)
			.redirectOutput(this.output.toFile())
			.start();
	}

	@EnableAutoConfiguration
	public static class Application {

		public static void main(String[] args) {
			// Not closed: it is the JVM that ends
			ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class).run(args);
			System.out.println("context=" + context.getClass().getName());
			System.out.println("total=" + context.getBean(SmsBalanceService.class).getBalance().totalBalance());
		}

	}

}

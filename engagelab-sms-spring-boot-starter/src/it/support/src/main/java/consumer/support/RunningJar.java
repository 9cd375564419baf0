package consumer.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import static org.awaitility.Awaitility.await;

/**
 * An application that was started by {@code java -jar}, with its credentials, if any, in
 * environment variables.
 */
public final class RunningJar implements AutoCloseable {

	private final Process process;

	private final Path log;

	public RunningJar(String jar, Map<String, String> environment, String... options) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.add("-XX:TieredStopAtLevel=1");
		command.addAll(List.of(options));
		command.addAll(List.of("-jar", jar));
		try {
			this.log = Files.createTempFile(Path.of("target"), "jar-", ".log");
			ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(this.log.toFile());
			builder.environment().keySet().removeIf((name) -> name.startsWith("ENGAGELAB_SMS"));
			builder.environment().putAll(environment);
			this.process = builder.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Return the environment variables that let an application use a provider.
	 * @param provider the provider
	 * @return the variables
	 */
	public static Map<String, String> credentials(StubProvider provider) {
		return Map.of("ENGAGELAB_SMS_BASEURL", provider.getUrl(), "ENGAGELAB_SMS_DEVKEY", StubProvider.DEV_KEY,
				"ENGAGELAB_SMS_DEVSECRET", StubProvider.DEV_SECRET);
	}

	public String getOutput() {
		try {
			return Files.readString(this.log);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Wait until the application has written what matches.
	 * @param pattern what to look for
	 * @return the first group
	 */
	public String awaitOutput(String pattern) {
		return await().atMost(Duration.ofSeconds(60))
			.until(() -> Pattern.compile(pattern).matcher(getOutput()).results().findFirst(),
					(match) -> match.isPresent())
			.map((MatchResult match) -> match.group(1))
			.orElseThrow();
	}

	/**
	 * Wait for the application to end by itself.
	 * @return its exit code
	 */
	public int awaitExit() {
		return await().atMost(Duration.ofSeconds(60)).until(this::exitCode, (code) -> code >= 0);
	}

	private int exitCode() {
		return this.process.isAlive() ? -1 : this.process.exitValue();
	}

	@Override
	public void close() {
		this.process.destroyForcibly();
	}

}

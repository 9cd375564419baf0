package io.github.engagelab.sms.host;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A JVM of its own, for what depends on the number of processors, the class path or the
 * JDK. Its main class makes the assertions.
 */
public final class ChildJvm {

	// More than anything that its main class waits for
	private static final Duration TIMEOUT = Duration.ofMinutes(5);

	private final String name;

	private final Process process;

	private final Path output;

	private ChildJvm(String name, Process process, Path output) {
		this.name = name;
		this.process = process;
		this.output = output;
	}

	/**
	 * Run a main class on the JDK of this test and on another one, if there is one, at
	 * the same time.
	 * @param options the options of the JVMs
	 * @param classPath which entries of the class path to use, by their file names
	 * @param main the main class
	 * @param arguments the arguments
	 */
	public static void runOnEachJdk(List<String> options, Predicate<String> classPath, Class<?> main,
			String... arguments) {
		List<ChildJvm> jvms = Jdk.all()
			.stream()
			.map((jdk) -> start(jdk, options, classPath(classPath), main, arguments))
			.toList();
		jvms.forEach(ChildJvm::waitForSuccess);
	}

	static ChildJvm start(Jdk jdk, List<String> options, String classPath, Class<?> main, String... arguments) {
		List<String> command = new ArrayList<>();
		command.add(jdk.home().resolve(Path.of("bin", "java")).toString());
		// Start-up matters here, not speed
		command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"));
		command.addAll(options);
		command.addAll(List.of("-cp", classPath, main.getName()));
		command.addAll(List.of(arguments));
		try {
			Path output = Files.createTempFile("child-jvm", ".txt");
			output.toFile().deleteOnExit();
			Process process = new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(output.toFile())
				.start();
			return new ChildJvm("JDK %d %s %s".formatted(jdk.feature(), options, main.getName()), process, output);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * Return a part of the class path of this test.
	 * @param included which entries to use, by their file names
	 * @return the class path
	 */
	static String classPath(Predicate<String> included) {
		return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> included.test(Path.of(entry).getFileName().toString()))
			.collect(Collectors.joining(File.pathSeparator));
	}

	/**
	 * Wait until the main class has ended, and fail if an assertion of it has failed.
	 * @return what it has printed
	 */
	String waitForSuccess() {
		try {
			boolean ended = this.process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
			this.process.destroyForcibly().waitFor();
			String text = Files.readString(this.output);
			Files.deleteIfExists(this.output);
			assertThat(ended).as("%s ended%n%s", this.name, text).isTrue();
			assertThat(this.process.exitValue()).as("%s%n%s", this.name, text).isZero();
			text.lines()
				.filter((line) -> line.startsWith("measured "))
				.forEach((line) -> System.out.println(this.name + " " + line));
			return text;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			this.process.destroyForcibly();
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Run the body of a main class and end the JVM, whatever threads are left.
	 * @param body the body
	 */
	public static void main(Body body) {
		Thread watchdog = new Thread(() -> {
			LockSupport.parkNanos(TIMEOUT.toNanos());
			Runtime.getRuntime().halt(2);
		}, "watchdog");
		watchdog.setDaemon(true);
		watchdog.start();
		int status = 0;
		try {
			body.run();
		}
		catch (Throwable ex) {
			ex.printStackTrace(System.out);
			status = 1;
		}
		System.out.flush();
		Runtime.getRuntime().halt(status);
	}

	/**
	 * Print a figure that the test shows.
	 * @param format the format
	 * @param arguments the arguments
	 */
	static void measured(String format, Object... arguments) {
		System.out.println("measured " + format.formatted(arguments));
	}

	static Duration since(long nanoTime) {
		return Duration.ofNanos(System.nanoTime() - nanoTime);
	}

	/**
	 * A body that may throw.
	 */
	@FunctionalInterface
	public interface Body {

		void run() throws Throwable;

	}

	/**
	 * An installed JDK.
	 *
	 * @param home its directory
	 * @param feature its feature release
	 */
	record Jdk(Path home, int feature) {

		static Jdk current() {
			return new Jdk(Path.of(System.getProperty("java.home")), Runtime.version().feature());
		}

		/**
		 * Return the JDK of this test and, if there is one beside it or in a variable
		 * such as {@code JAVA_HOME_25}, the newest other one.
		 * @return the JDKs
		 */
		static List<Jdk> all() {
			Jdk current = current();
			try (Stream<Path> siblings = Files.list(current.home().getParent())) {
				Stream<Path> named = System.getenv()
					.entrySet()
					.stream()
					.filter((variable) -> variable.getKey().startsWith("JAVA_HOME_"))
					.map((variable) -> Path.of(variable.getValue()));
				return Stream
					.concat(Stream.of(current),
							Stream.concat(named, siblings)
								.filter((home) -> Files.isExecutable(home.resolve(Path.of("bin", "java"))))
								.map((home) -> new Jdk(home, featureOf(home)))
								.filter((jdk) -> jdk.feature() >= 17 && jdk.feature() != current.feature())
								.sorted(Comparator.comparingInt(Jdk::feature).reversed())
								.limit(1))
					.toList();
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}

		private static int featureOf(Path home) {
			Properties release = new Properties();
			try (InputStream in = Files.newInputStream(home.resolve("release"))) {
				release.load(in);
				return Runtime.Version.parse(release.getProperty("JAVA_VERSION").replace("\"", "")).feature();
			}
			catch (IOException | RuntimeException ex) {
				return 0;
			}
		}

	}

}

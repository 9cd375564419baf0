package io.github.engagelab.sms.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

import org.springframework.boot.SpringBootVersion;

/**
 * Prints tables in Markdown, and at the end what must hold and whether it does.
 */
final class Report {

	private final List<String> claims = new ArrayList<>();

	Report() {
		Runtime runtime = Runtime.getRuntime();
		System.out.printf("%s; %s, %d cores; Linux %s; JDK %s; Spring Boot %s%n", LocalDate.now(ZoneOffset.UTC),
				processor(), runtime.availableProcessors(), System.getProperty("os.version"), Runtime.version(),
				SpringBootVersion.getVersion());
	}

	void table(String title, String... columns) {
		System.out.printf("%n%s%n%n", title);
		row((Object[]) columns);
		System.out.println("| --- ".repeat(columns.length) + "|");
	}

	void row(Object... cells) {
		System.out.println("| " + String.join(" | ", List.of(cells).stream().map(String::valueOf).toList()) + " |");
	}

	void mustHold(String claim, boolean holds, String format, Object... figures) {
		this.claims.add("- " + (holds ? "holds" : "DOES NOT HOLD") + ": " + claim + ": "
				+ String.format(Locale.ROOT, format, figures));
	}

	void end() {
		System.out.println();
		this.claims.forEach(System.out::println);
	}

	private static String processor() {
		Path info = Path.of("/proc/cpuinfo");
		try {
			return Files.isReadable(info) ? Files.readAllLines(info)
				.stream()
				.filter((line) -> line.startsWith("model name"))
				.map((line) -> line.substring(line.indexOf(':') + 2))
				.findFirst()
				.orElse("unknown processor") : "unknown processor";
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}

package io.github.engagelab.sms.benchmarks;

import java.util.List;

import org.springframework.boot.SpringBootVersion;

/**
 * Prints tables in Markdown.
 */
final class Report {

	Report() {
		System.out.printf("JDK %s; Spring Boot %s%n", Runtime.version(), SpringBootVersion.getVersion());
	}

	void table(String title, String... columns) {
		System.out.printf("%n%s%n%n", title);
		row((Object[]) columns);
		System.out.println("| --- ".repeat(columns.length) + "|");
	}

	void row(Object... cells) {
		System.out.println("| " + String.join(" | ", List.of(cells).stream().map(String::valueOf).toList()) + " |");
	}

}

package io.github.engagelab.sms.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

import io.github.engagelab.sms.benchmarks.Main.Arguments;
import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * Starts an application without the starter, with only the foreign jars, with the
 * starter, and with the hand-written indicator, in random order.
 */
final class StartUp {

	private static final long SEED = 20261101;

	private StartUp() {
	}

	static void run(Report report, Arguments arguments) throws Exception {
		int rounds = arguments.get(0, 60);
		Path directory = Files.createDirectories(Path.of("start-up").toAbsolutePath());
		try (JavaProcess provider = JavaProcess.provider()) {
			for (Mode mode : Mode.values()) {
				measure(report, mode, directory, provider, rounds);
			}
			listClasses(directory, provider);
		}
	}

	private static void measure(Report report, Mode mode, Path directory, JavaProcess provider, int rounds)
			throws IOException {
		Map<Kind, List<String>> options = new EnumMap<>(Kind.class);
		for (Kind kind : Kind.values()) {
			options.put(kind, mode.prepare(kind, directory.resolve(mode + "-" + kind), provider));
		}
		Samples time = new Samples();
		Samples cpu = new Samples();
		Samples classes = new Samples();
		Random random = new Random(SEED);
		List<Kind> order = new ArrayList<>(List.of(Kind.values()));
		for (int round = -1; round < rounds; round++) {
			Collections.shuffle(order, random);
			for (Kind kind : order) {
				try (JavaProcess process = kind.start(options.get(kind), provider)) {
					// The first round fills the file system's cache
					if (round >= 0) {
						time.add(kind.name(), process.startedAfterMillis());
						cpu.add(kind.name(), process.started(1) / 1e6);
						classes.add(kind.name(), process.started(2));
					}
				}
			}
		}
		report.table("%s, JDK %d, %d rounds".formatted(mode, Runtime.version().feature(), rounds), "", "ms to Started",
				"CPU ms to Started", "classes loaded", "ms over FOREIGN in the same round: mean, 95 %",
				"CPU ms over FOREIGN: mean, 95 %", "classes over FOREIGN");
		for (Kind kind : Kind.values()) {
			String name = kind.name();
			report.row(kind, time.get(name).text(0), cpu.get(name).text(0), classes.get(name).text(0),
					time.get(name).minus(time.get("FOREIGN")).interval(),
					cpu.get(name).minus(cpu.get("FOREIGN")).interval(),
					"%.0f".formatted(classes.get(name).minus(classes.get("FOREIGN")).median()));
		}
	}

	// Writes down what is loaded until "Started", and not with the foreign jars alone
	private static void listClasses(Path directory, JavaProcess provider) throws IOException {
		Set<String> added = loadedClasses(Kind.STARTER, directory, provider);
		added.removeAll(loadedClasses(Kind.FOREIGN, directory, provider));
		Path list = Files.write(directory.resolve("added-classes.txt"), added);
		Map<String, Integer> packages = new TreeMap<>();
		added.forEach((name) -> packages.merge(name.replaceAll("\\.[^.]*$", ""), 1, Integer::sum));
		System.out.printf("%nLoaded until Started with the starter, not with the foreign jars alone: "
				+ "%d classes, listed in %s%n%n", added.size(), list);
		packages.forEach((name, count) -> System.out.println("- " + name + ": " + count));
	}

	private static Set<String> loadedClasses(Kind kind, Path directory, JavaProcess provider) throws IOException {
		Path log = directory.resolve(kind + "-classes.log");
		kind.start(List.of("-Xlog:class+load:file=" + log), provider).exit();
		Set<String> classes = new TreeSet<>();
		try (Stream<String> lines = Files.lines(log)) {
			lines.filter((line) -> line.contains(" source: "))
				.map((line) -> line.replaceAll("^(\\[[^]]*])*\\s*| source: .*$", ""))
				.takeWhile((name) -> !name.endsWith("$Marker"))
				.map((name) -> name.replaceAll("(\\$\\$Lambda|/0x|\\$Proxy\\d|LambdaForm\\$).*", "$1"))
				.forEach(classes::add);
		}
		return classes;
	}

	/**
	 * What is started.
	 */
	enum Kind {

		WITHOUT(Variant.WITHOUT, Application.class),

		FOREIGN(Variant.FOREIGN, Application.class),

		STARTER(Variant.STARTER, Application.class),

		HAND_WRITTEN(Variant.WITHOUT, HandWrittenApplication.class);

		private final Variant variant;

		private final Class<?> main;

		Kind(Variant variant, Class<?> main) {
			this.variant = variant;
			this.main = main;
		}

		JavaProcess start(List<String> options, JavaProcess provider) {
			return this.variant.start(options, this.main, provider);
		}

	}

	/**
	 * How it is started.
	 */
	enum Mode {

		/**
		 * As everybody does.
		 */
		PLAIN,

		/**
		 * With a cache of the classes that an earlier start has loaded.
		 */
		CACHED;

		// The options with which to start
		List<String> prepare(Kind kind, Path cache, JavaProcess provider) throws IOException {
			if (this == PLAIN) {
				return List.of();
			}
			Files.deleteIfExists(cache);
			boolean aotCache = Runtime.version().feature() >= 25;
			String write = aotCache ? "-XX:AOTCacheOutput=" : "-XX:ArchiveClassesAtExit=";
			String text = kind.start(List.of(write + cache), provider).exit();
			if (!Files.exists(cache)) {
				throw new IllegalStateException("No cache: " + text);
			}
			return List.of((aotCache ? "-XX:AOTCache=" : "-XX:SharedArchiveFile=") + cache);
		}

	}

}

package io.github.engagelab.sms.benchmarks;

import java.io.File;
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
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import javax.tools.ToolProvider;

import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.WebClientApplication;

/**
 * Starts an application without, with only the foreign jars, with the starter, and with
 * the hand-written indicator on {@code spring-boot-starter-webclient}, in random order.
 */
final class StartUp {

	private static final Variant[] VARIANTS = { Variant.WITHOUT, Variant.FOREIGN, Variant.STARTER, Variant.WEB_CLIENT };

	private static final long SEED = 20261101;

	private StartUp() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int rounds = arguments.isEmpty() ? 60 : Integer.parseInt(arguments.get(0));
		List<Mode> modes = (arguments.size() < 2) ? List.of(Mode.values())
				: arguments.subList(1, arguments.size()).stream().map(Mode::valueOf).toList();
		Path directory = Files.createDirectories(Path.of("start-up").toAbsolutePath());
		try (JavaProcess provider = JavaProcess.provider()) {
			for (Mode mode : modes) {
				Path home = mode.home();
				if (home == null) {
					System.out.printf("%nNot measured: %s, as there is no such JDK beside this one%n", mode);
					continue;
				}
				measure(report, mode, home, directory, provider, rounds);
			}
			listClasses(directory, provider);
		}
	}

	private static void measure(Report report, Mode mode, Path home, Path directory, JavaProcess provider, int rounds)
			throws Exception {
		Map<Variant, Prepared> prepared = new EnumMap<>(Variant.class);
		Map<Variant, Figures> figures = new EnumMap<>(Variant.class);
		for (Variant variant : VARIANTS) {
			prepared.put(variant, mode.prepare(variant, home, directory, provider));
			figures.put(variant, new Figures(new Sample(), new Sample(), new Sample()));
		}
		Random random = new Random(SEED);
		List<Variant> order = new ArrayList<>(List.of(VARIANTS));
		for (int round = -1; round < rounds; round++) {
			Collections.shuffle(order, random);
			for (Variant variant : order) {
				try (JavaProcess process = prepared.get(variant).start(home, variant, provider)) {
					// The first round fills the file system's cache
					if (round >= 0) {
						figures.get(variant).add(process);
					}
				}
			}
		}
		print(report, mode, figures, rounds);
	}

	private static void print(Report report, Mode mode, Map<Variant, Figures> figures, int rounds) {
		Figures foreign = figures.get(Variant.FOREIGN);
		report.table("%s, JDK %s, %d rounds".formatted(mode, mode.feature(), rounds), "", "ms to Started",
				"CPU ms to Started", "classes loaded", "ms over FOREIGN in the same round: mean, 95 %",
				"CPU ms over FOREIGN: mean, 95 %");
		figures.forEach((variant, figure) -> report.row(variant, figure.time().text(0), figure.cpu().text(0),
				figure.classes().text(0), interval(figure.time().minus(foreign.time())),
				interval(figure.cpu().minus(foreign.cpu()))));
		Figures starter = figures.get(Variant.STARTER);
		double classes = starter.classes().minus(foreign.classes()).median();
		double cpu = starter.cpu().minus(foreign.cpu()).dividedBy(starter.cpu()).median();
		Sample time = starter.time().minus(foreign.time());
		double webClient = figures.get(Variant.WEB_CLIENT).time().minus(foreign.time()).mean();
		report.mustHold(mode + ": <= 180 classes over the foreign jars alone", classes <= 180, "%.0f", classes);
		report.mustHold(mode + ": <= 15 % of the CPU of the start-up", cpu <= 0.15, "%.1f %%", 100 * cpu);
		report.mustHold(mode + ": <= 60 ms over the foreign jars alone", time.mean() <= 60 && rounds >= 60,
				"%s over %d rounds", interval(time), rounds);
		report.mustHold(mode + ": less than half of the hand-written variant's", time.mean() < webClient / 2,
				"%.0f against %.0f ms", time.mean(), webClient);
	}

	private static String interval(Sample differences) {
		return "%.0f ± %.0f".formatted(differences.mean(), differences.interval());
	}

	// Writes down what is loaded until "Started", and not with the foreign jars alone
	private static void listClasses(Path directory, JavaProcess provider) throws IOException {
		Set<String> added = loadedClasses(Variant.STARTER, directory, provider);
		added.removeAll(loadedClasses(Variant.FOREIGN, directory, provider));
		Path list = Files.write(directory.resolve("added-classes.txt"), added);
		Map<String, Integer> packages = new TreeMap<>();
		added.forEach((name) -> packages.merge(name.replaceAll("\\.[^.]*$", ""), 1, Integer::sum));
		System.out
			.printf("%nLoaded until Started with the starter, not with the foreign jars alone: %d classes, listed "
					+ "in %s%n%n", added.size(), list);
		packages.forEach((name, count) -> System.out.println("- " + name + ": " + count));
	}

	private static Set<String> loadedClasses(Variant variant, Path directory, JavaProcess provider) throws IOException {
		Path log = directory.resolve(variant + "-classes.log");
		new Prepared(List.of("-Xlog:class+load:file=" + log), variant.classPath())
			.start(Path.of(System.getProperty("java.home")), variant, provider)
			.exit();
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

	private static Class<?> main(Variant variant) {
		return (variant != Variant.WEB_CLIENT) ? Application.class : WebClientApplication.class;
	}

	/**
	 * How an application is started.
	 */
	enum Mode {

		/**
		 * As everybody does.
		 */
		PLAIN(17),

		/**
		 * With Spring's ahead-of-time processing.
		 */
		AOT(17),

		/**
		 * With an archive of the classes that an earlier start has loaded.
		 */
		CDS(17),

		/**
		 * With the cache of JDK 25.
		 */
		AOT_CACHE(25);

		private final int feature;

		Mode(int feature) {
			this.feature = feature;
		}

		int feature() {
			return this.feature;
		}

		Path home() throws IOException {
			if (Runtime.version().feature() == this.feature) {
				return Path.of(System.getProperty("java.home"));
			}
			try (Stream<Path> homes = Files.list(Path.of(System.getProperty("java.home")).getParent())) {
				return homes.filter((home) -> isFeature(home.resolve("release"))).findFirst().orElse(null);
			}
		}

		private boolean isFeature(Path release) {
			try {
				return Files.exists(release)
						&& Files.readString(release).contains("JAVA_VERSION=\"" + this.feature + ".");
			}
			catch (IOException ex) {
				return false;
			}
		}

		Prepared prepare(Variant variant, Path home, Path directory, JavaProcess provider) throws Exception {
			String classPath = variant.classPath();
			Path cache = directory.resolve(this + "-" + variant);
			Files.deleteIfExists(cache);
			return switch (this) {
				case PLAIN -> new Prepared(List.of(), classPath);
				case AOT -> new Prepared(List.of("-Dspring.aot.enabled=true"),
						processAheadOfTime(variant, directory, provider) + File.pathSeparator + classPath);
				case CDS ->
					train(variant, home, provider, cache, "-XX:ArchiveClassesAtExit=", "-XX:SharedArchiveFile=");
				case AOT_CACHE -> train(variant, home, provider, cache, "-XX:AOTCacheOutput=", "-XX:AOTCache=");
			};
		}

		private static Prepared train(Variant variant, Path home, JavaProcess provider, Path cache, String write,
				String read) {
			String text = new Prepared(List.of(write + cache), variant.classPath()).start(home, variant, provider)
				.exit();
			if (!Files.exists(cache)) {
				throw new IllegalStateException("No cache: " + text);
			}
			return new Prepared(List.of(read + cache), variant.classPath());
		}

		// As the Maven plugin does, whose goal knows one class path only
		private static Path processAheadOfTime(Variant variant, Path directory, JavaProcess provider) throws Exception {
			Path sources = directory.resolve("aot-sources-" + variant);
			Path classes = directory.resolve("aot-classes-" + variant);
			List<String> command = new ArrayList<>(List.of(
					Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp", variant.classPath(),
					"org.springframework.boot.SpringApplicationAotProcessor", main(variant).getName(),
					sources.toString(), classes.toString(), classes.toString(), "benchmarks", "application"));
			command.addAll(Variant.arguments(provider));
			Process process = new ProcessBuilder(command).inheritIO().start();
			if (!process.waitFor(120, TimeUnit.SECONDS) || process.exitValue() != 0) {
				process.destroyForcibly();
				throw new IllegalStateException("Not processed ahead of time");
			}
			List<String> options = new ArrayList<>(
					List.of("-nowarn", "-proc:none", "-cp", variant.classPath(), "-d", classes.toString()));
			try (Stream<Path> files = Files.walk(sources)) {
				files.map(Path::toString).filter((name) -> name.endsWith(".java")).forEach(options::add);
			}
			if (ToolProvider.getSystemJavaCompiler().run(null, null, null, options.toArray(String[]::new)) != 0) {
				throw new IllegalStateException("Not compiled");
			}
			return classes;
		}

	}

	/**
	 * What a start needs.
	 */
	private record Prepared(List<String> options, String classPath) {

		JavaProcess start(Path home, Variant variant, JavaProcess provider) {
			return Variant.start(home, this.options, this.classPath, main(variant), provider);
		}

	}

	/**
	 * What the starts brought.
	 */
	private record Figures(Sample time, Sample cpu, Sample classes) {

		void add(JavaProcess process) {
			this.time.add(process.startedAfterMillis());
			this.cpu.add(process.started(1) / 1e6);
			this.classes.add(process.started(2));
		}

	}

}

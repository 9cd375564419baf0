package io.github.engagelab.sms.benchmarks;

import java.util.List;
import java.util.Map;

/**
 * Runs one of the benchmarks.
 */
public final class Main {

	private static final Map<String, Benchmark> BENCHMARKS = Map.of("probes", Probes::run, "scrapes", Scrapes::run,
			"reads", Reads::run, "start-up", StartUp::run, "growth", Growth::run, "soak", Soak::run);

	private Main() {
	}

	public static void main(String[] args) throws Exception {
		if (args.length == 0 || !BENCHMARKS.containsKey(args[0])) {
			System.err.println("Which benchmark? One of " + BENCHMARKS.keySet());
			System.exit(2);
		}
		BENCHMARKS.get(args[0]).run(new Report(), new Arguments(List.of(args).subList(1, args.length)));
		System.exit(0);
	}

	/**
	 * A benchmark.
	 */
	@FunctionalInterface
	interface Benchmark {

		void run(Report report, Arguments arguments) throws Exception;

	}

	/**
	 * The arguments of a benchmark, each of which has a default.
	 */
	record Arguments(List<String> values) {

		int get(int index, int defaultValue) {
			return (index < this.values.size()) ? Integer.parseInt(this.values.get(index)) : defaultValue;
		}

	}

}

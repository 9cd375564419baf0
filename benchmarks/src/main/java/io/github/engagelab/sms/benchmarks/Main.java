package io.github.engagelab.sms.benchmarks;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs one of the benchmarks.
 */
public final class Main {

	private static final Duration LIMIT = Duration.ofHours(4);

	private static final Map<String, Benchmark> BENCHMARKS = Map.of("probes", Probes::run, "scrapes", Scrapes::run,
			"reads", Reads::run, "calls", Calls::run, "start-up", StartUp::run, "footprint", Growth::footprint, "day",
			Growth::day, "replicas", Replicas::run, "soak", Soak::run, "accounts", ManyAccounts::run);

	private Main() {
	}

	public static void main(String[] args) throws Exception {
		if (args.length == 0 || !BENCHMARKS.containsKey(args[0])) {
			System.err.println("Which benchmark? One of " + BENCHMARKS.keySet());
			System.exit(2);
		}
		limit();
		Report report = new Report();
		BENCHMARKS.get(args[0]).run(report, List.of(args).subList(1, args.length));
		report.end();
		System.exit(0);
	}

	private static void limit() {
		Thread watchdog = new Thread(() -> {
			long end = System.nanoTime() + LIMIT.toNanos();
			for (long left = LIMIT.toNanos(); left > 0; left = end - System.nanoTime()) {
				LockSupport.parkNanos(left);
			}
			System.err.println("Not finished within " + LIMIT);
			System.exit(1);
		}, "watchdog");
		watchdog.setDaemon(true);
		watchdog.start();
	}

	/**
	 * A benchmark.
	 */
	@FunctionalInterface
	interface Benchmark {

		void run(Report report, List<String> arguments) throws Exception;

	}

}

package io.github.engagelab.sms.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs {@link CallsBenchmark}, all of it in each round, and each benchmark of it in a JVM
 * of its own.
 */
final class Calls {

	private Calls() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int rounds = arguments.isEmpty() ? 7 : Integer.parseInt(arguments.get(0));
		Map<String, Sample> times = new LinkedHashMap<>();
		Map<String, Sample> bytes = new LinkedHashMap<>();
		for (int round = 0; round < rounds; round++) {
			for (RunResult result : new Runner(new OptionsBuilder().include(CallsBenchmark.class.getName())
				.addProfiler(GCProfiler.class)
				.shouldFailOnError(true)
				.verbosity(VerboseMode.SILENT)
				.build()).run()) {
				String name = result.getPrimaryResult().getLabel();
				times.computeIfAbsent(name, (key) -> new Sample()).add(result.getPrimaryResult().getScore());
				bytes.computeIfAbsent(name, (key) -> new Sample())
					.add(result.getSecondaryResults().get("gc.alloc.rate.norm").getScore());
			}
		}
		report.table("One thread, " + rounds + " JVMs each", "", "ns, median (quartiles)", "bytes allocated",
				"ratio to nanoTime");
		times.forEach((name, sample) -> report.row(name, sample.text(1), bytes.get(name).text(0),
				sample.dividedBy(times.get("nanoTime")).text(2)));
		double balance = times.get("getBalance").median();
		double allocated = bytes.get("getBalance").median();
		report.mustHold("getBalance(Duration) from the snapshot: under 60 ns and 0 bytes",
				balance < 60 && Math.round(allocated) == 0, "%.1f ns, %.0f bytes", balance, allocated);
		double status = times.get("getStatus").median();
		report.mustHold("getStatus() under 100 ns", status < 100, "%.1f ns", status);
	}

}

package io.github.engagelab.sms.load;

import java.util.Collection;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.util.Statistics;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Runs the benchmark and compares. The times are printed, not tested: they depend on the
 * machine.
 */
@Tag("benchmark")
class ProbeBenchmarkTests {

	@Test
	void run() throws Exception {
		Collection<RunResult> results = new Runner(
				new OptionsBuilder().include(ProbeBenchmark.class.getName()).shouldFailOnError(true).build())
			.run();
		for (RunResult result : results) {
			String group = result.getParams().getBenchmark().replaceAll(".*\\.", "");
			Statistics with = result.getSecondaryResults().get(group + "With").getStatistics();
			Statistics without = result.getSecondaryResults().get(group + "Without").getStatistics();
			System.out.printf("probe while the provider hangs: %s: %s, %s%n", group, compare(50, with, without),
					compare(99, with, without));
		}
		assertThat(results).hasSize(3);
	}

	private static String compare(int percentile, Statistics with, Statistics without) {
		double ours = with.getPercentile(percentile);
		double theirs = without.getPercentile(percentile);
		return "%dth percentile %.0f us with us and %.0f us without (ratio %.2f)".formatted(percentile, ours, theirs,
				ours / theirs);
	}

}

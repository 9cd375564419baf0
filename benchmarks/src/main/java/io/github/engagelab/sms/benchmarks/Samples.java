package io.github.engagelab.sms.benchmarks;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What is compared: samples by name, in the order of a table.
 */
final class Samples {

	private final Map<String, Sample> samples = new LinkedHashMap<>();

	void add(String name, double value) {
		this.samples.computeIfAbsent(name, (key) -> new Sample()).add(value);
	}

	Sample get(String name) {
		return this.samples.get(name);
	}

	void print(Report report, String title, int decimals, String baseline, int ratioDecimals) {
		report.table(title, "", "median (quartiles)", "ratio to " + baseline);
		this.samples.forEach((name, sample) -> report.row(name, sample.text(decimals),
				sample.dividedBy(get(baseline)).text(ratioDecimals)));
	}

}

package io.github.engagelab.sms.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Figures of one kind, measured in turn with others.
 */
final class Sample {

	private double[] values = {};

	void add(double value) {
		this.values = DoubleStream.concat(Arrays.stream(this.values), DoubleStream.of(value)).toArray();
	}

	double median() {
		return quantile(0.5);
	}

	double quantile(double fraction) {
		double[] sorted = Arrays.stream(this.values).sorted().toArray();
		double position = fraction * (sorted.length - 1);
		int below = (int) position;
		int above = Math.min(below + 1, sorted.length - 1);
		return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
	}

	/**
	 * Return the differences from figures that were measured in the same rounds.
	 * @param other the other figures
	 * @return the differences
	 */
	Sample minus(Sample other) {
		Sample differences = new Sample();
		for (int i = 0; i < this.values.length; i++) {
			differences.add(this.values[i] - other.values[i]);
		}
		return differences;
	}

	/**
	 * Return the ratios to figures that were measured in the same rounds.
	 * @param other the other figures
	 * @return the ratios
	 */
	Sample dividedBy(Sample other) {
		Sample ratios = new Sample();
		for (int i = 0; i < this.values.length; i++) {
			ratios.add(this.values[i] / other.values[i]);
		}
		return ratios;
	}

	/**
	 * Return some of the figures, by the order in which they were measured.
	 * @param from the index of the first, in 24ths of all
	 * @param to the index of the first that is none of them, in 24ths of all
	 * @return the figures
	 */
	Sample part(int from, int to) {
		Sample part = new Sample();
		part.values = Arrays.copyOfRange(this.values, from * this.values.length / 24, to * this.values.length / 24);
		return part;
	}

	double mean() {
		return Arrays.stream(this.values).average().orElseThrow();
	}

	/**
	 * Return half the width of the 95 % interval of the mean: two standard errors, which
	 * is right for 60 rounds and too little for a few.
	 * @return half the width
	 */
	double interval() {
		double mean = mean();
		double squares = Arrays.stream(this.values).map((value) -> (value - mean) * (value - mean)).sum();
		return 2 * Math.sqrt(squares / (this.values.length - 1) / this.values.length);
	}

	/**
	 * Return the median and the quartiles.
	 * @param decimals how many decimals to show
	 * @return a text for a table
	 */
	String text(int decimals) {
		String format = "%." + decimals + "f";
		return String.format(Locale.ROOT, format + " (" + format + "-" + format + ")", median(), quantile(0.25),
				quantile(0.75));
	}

}

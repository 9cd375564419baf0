package io.github.engagelab.sms.benchmarks;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

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

	double mean() {
		return Arrays.stream(this.values).average().orElseThrow();
	}

	private double quantile(double fraction) {
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
		return with(other, (value, otherValue) -> value - otherValue);
	}

	/**
	 * Return the ratios to figures that were measured in the same rounds.
	 * @param other the other figures
	 * @return the ratios
	 */
	Sample dividedBy(Sample other) {
		return with(other, (value, otherValue) -> value / otherValue);
	}

	private Sample with(Sample other, DoubleBinaryOperator operator) {
		Sample result = new Sample();
		result.values = IntStream.range(0, this.values.length)
			.mapToDouble((i) -> operator.applyAsDouble(this.values[i], other.values[i]))
			.toArray();
		return result;
	}

	/**
	 * Return the mean and half the width of its 95 % interval: two standard errors, which
	 * is too little for a few rounds.
	 * @return a text for a table
	 */
	String interval() {
		double mean = mean();
		double squares = Arrays.stream(this.values).map((value) -> (value - mean) * (value - mean)).sum();
		double half = 2 * Math.sqrt(squares / (this.values.length - 1) / this.values.length);
		return String.format(Locale.ROOT, "%.0f ± %.0f", mean, half);
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

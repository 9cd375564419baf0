package io.github.engagelab.sms.benchmarks;

import java.util.LinkedHashSet;
import java.util.Set;

import io.github.engagelab.sms.benchmarks.Main.Arguments;
import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * What an application holds with the starter that it does not hold without, for more and
 * more accounts.
 */
final class Growth {

	private static final String WITHOUT = "without the starter";

	private final Set<String> names = new LinkedHashSet<>();

	private final Samples heap = new Samples();

	private final Samples threads = new Samples();

	private final Samples connections = new Samples();

	private final Samples beans = new Samples();

	private final Samples classes = new Samples();

	private final int seconds;

	private Growth(int seconds) {
		this.seconds = seconds;
	}

	static void run(Report report, Arguments arguments) throws Exception {
		int rounds = arguments.get(0, 5);
		Growth growth = new Growth(arguments.get(1, 20));
		for (int round = 0; round < rounds; round++) {
			try (JavaProcess provider = JavaProcess.provider()) {
				growth.measureAll(provider);
			}
		}
		growth.print(report, rounds);
	}

	private void measureAll(JavaProcess provider) throws Exception {
		measure(WITHOUT, provider, Variant.WITHOUT, Application.class, 0);
		measure("only the foreign jars", provider, Variant.FOREIGN, Application.class, 0);
		measure("hand-written, probed once", provider, Variant.WITHOUT, HandWrittenApplication.class, 1);
		for (int interval : new int[] { 60, 1 }) {
			for (int accounts : new int[] { 1, 10, 100, 1_000 }) {
				measure(accounts + ((accounts != 1) ? " accounts, " : " account, ") + interval + " s", provider,
						Variant.STARTER, Application.class, accounts,
						Variant.accounts(accounts, "--engagelab.sms.refresh.interval=" + interval + "s"));
			}
		}
	}

	private void measure(String name, JavaProcess provider, Variant variant, Class<?> main, int requests,
			String... arguments) throws Exception {
		provider.ask("reset");
		try (JavaProcess application = variant.start(main, provider, arguments)) {
			// All that an application loads for its first probe and scrape
			Wrk.get(application.baseUrl() + "/actuator/health");
			Wrk.get(application.baseUrl() + "/actuator/prometheus");
			Scrapes.awaitRequests(provider, requests);
			// Threads end after a while
			Thread.sleep(this.seconds * 1000L);
			long[] footprint = application.ask("footprint");
			this.names.add(name);
			this.heap.add(name, footprint[0] / 1024.0);
			this.threads.add(name, footprint[1]);
			this.beans.add(name, footprint[2]);
			this.classes.add(name, footprint[3]);
			this.connections.add(name, provider.ask("connections")[0]);
		}
	}

	private void print(Report report, int rounds) {
		report.table("More than without the starter, " + rounds + " starts each", "", "retained heap, KiB", "threads",
				"connections at once at most", "beans", "classes");
		for (String name : this.names) {
			report.row(name, more(this.heap, name), more(this.threads, name), this.connections.get(name).text(0),
					more(this.beans, name), more(this.classes, name));
		}
	}

	private static String more(Samples samples, String name) {
		return samples.get(name).minus(samples.get(WITHOUT)).text(0);
	}

}

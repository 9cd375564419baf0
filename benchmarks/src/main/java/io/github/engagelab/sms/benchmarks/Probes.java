package io.github.engagelab.sms.benchmarks;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * Health probes against the least component there is, while the provider answers and
 * while it hangs, and against the indicator that everybody writes.
 */
final class Probes {

	private static final String PING = "/ping";

	private static final String OURS = "/engagelabSms";

	private static final String PING_WITH_DETAILS = "/ping, details shown";

	private static final String OURS_WITH_DETAILS = "/engagelabSms, details shown";

	private static final String HANGING = "/engagelabSms, the provider hangs";

	private static final String HAND_WRITTEN = "hand-written indicator, provider 50 ms";

	private static final int PROBES = 100_000;

	// As many probes as that are there for each scrape
	private static final int SCRAPE = 10;

	private Probes() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int rounds = arguments.isEmpty() ? 15 : Integer.parseInt(arguments.get(0));
		int seconds = (arguments.size() < 2) ? 5 : Integer.parseInt(arguments.get(1));
		int least = (arguments.size() < 3) ? PROBES : Integer.parseInt(arguments.get(2));
		try (JavaProcess provider = JavaProcess.provider();
				JavaProcess application = Variant.STARTER.start(Application.class, provider,
						"--engagelab.sms.refresh.interval=1s", "--engagelab.sms.refresh.max-age=1d",
						"--engagelab.sms.http.read-timeout=1h", "--engagelab.sms.http.request-timeout=1h");
				JavaProcess slow = JavaProcess.provider();
				JavaProcess handWritten = Variant.WITHOUT.start(HandWrittenApplication.class, slow)) {
			slow.ask("latency 50");
			check(application, "OK");
			for (int connections : new int[] { 1, 64 }) {
				// Warm
				measure(provider, application, handWritten, slow, connections, 1, 2 * seconds);
				Measurement measurement = measure(provider, application, handWritten, slow, connections, rounds,
						seconds);
				print(report, connections, measurement);
			}
		}
		count(report, least);
	}

	private static Measurement measure(JavaProcess provider, JavaProcess application, JavaProcess handWritten,
			JavaProcess slow, int connections, int rounds, int seconds) throws Exception {
		String health = application.baseUrl() + "/actuator/health";
		Map<String, Sample> samples = new LinkedHashMap<>();
		long hangingRequests = 0;
		slow.ask("reset");
		long handWrittenProbes = 0;
		for (int round = 0; round < rounds; round++) {
			add(samples, PING, Wrk.run(connections, seconds, health + "/ping"));
			add(samples, OURS, Wrk.run(connections, seconds, health + "/engagelabSms"));
			add(samples, PING_WITH_DETAILS, Wrk.run(connections, seconds, health + "/details/ping"));
			add(samples, OURS_WITH_DETAILS, Wrk.run(connections, seconds, health + "/details/engagelabSms"));
			provider.ask("hang");
			// A poll is due within a second
			provider.ask("reset");
			Wrk.run(connections, 2, health + "/engagelabSms");
			add(samples, HANGING, Wrk.run(connections, seconds, health + "/engagelabSms"));
			hangingRequests += provider.ask("requests")[0];
			provider.ask("latency 0");
			Wrk probes = Wrk.run(connections, seconds, handWritten.baseUrl() + "/actuator/health/balance");
			handWrittenProbes += probes.requests();
			add(samples, HAND_WRITTEN, probes);
		}
		return new Measurement(samples, hangingRequests / (double) rounds, handWrittenProbes, slow.ask("requests")[0]);
	}

	private static void print(Report report, int connections, Measurement measurement) {
		Map<String, Sample> samples = measurement.samples();
		report.table("With " + connections + " at once, probes a second", "", "median (quartiles)", "ratio to /ping");
		samples
			.forEach((name, sample) -> report.row(name, sample.text(0), sample.dividedBy(samples.get(PING)).text(3)));
		System.out.printf(
				"%nRequests to the provider: %.1f a round while it hangs (a poll); %d by %d probes of the "
						+ "hand-written indicator%n",
				measurement.hangingRequests(), measurement.handWrittenRequests(), measurement.handWrittenProbes());
		double factor = samples.get(OURS).dividedBy(samples.get(HAND_WRITTEN)).median();
		System.out.printf("%nFactor over the hand-written indicator: %.0f%n", factor);
		if (connections == 64) {
			double toPing = samples.get(OURS).dividedBy(samples.get(PING)).median();
			double hanging = samples.get(HANGING).dividedBy(samples.get(OURS)).median();
			report.mustHold("probes at 64 connections >= 0.97 of /ping", toPing >= 0.97, "%.3f", toPing);
			double details = samples.get(OURS_WITH_DETAILS).dividedBy(samples.get(PING_WITH_DETAILS)).median();
			System.out.printf("%nWith all details: %.3f of /ping, which has none%n", details);
			report.mustHold("and >= 0.97 of themselves while the provider hangs", hanging >= 0.97, "%.3f", hanging);
		}
	}

	private static void count(Report report, int least) throws Exception {
		try (JavaProcess provider = JavaProcess.provider();
				JavaProcess application = Variant.STARTER.start(Application.class, provider,
						"--engagelab.sms.refresh.interval=1h")) {
			String actuator = application.baseUrl() + "/actuator";
			check(application, "OK");
			provider.ask("reset");
			long probes = count(actuator + "/health/engagelabSms", least);
			long scrapes = count(actuator + "/prometheus", least / SCRAPE);
			long requests = provider.ask("requests")[0];
			report.mustHold("provider requests caused by 100,000 probes and 10,000 scrapes: 0",
					requests == 0 && least >= PROBES, "%d by %d probes and %d scrapes", requests, probes, scrapes);
		}
	}

	private static long count(String url, int least) {
		long count = 0;
		while (count < least) {
			count += Wrk.run(64, 5, url).requests();
		}
		return count;
	}

	/**
	 * Wait until the account of an application is in a state.
	 * @param application the application
	 * @param state the state
	 */
	static void check(JavaProcess application, String state) throws Exception {
		String url = application.baseUrl() + "/actuator/health/details/engagelabSms";
		long end = System.nanoTime() + 20_000_000_000L;
		while (!Wrk.get(url).contains("\"state\":\"" + state + "\"")) {
			if (System.nanoTime() > end) {
				throw new IllegalStateException(Wrk.get(url));
			}
			Thread.sleep(100);
		}
	}

	private static void add(Map<String, Sample> samples, String name, Wrk wrk) {
		samples.computeIfAbsent(name, (key) -> new Sample()).add(wrk.perSecond());
	}

	/**
	 * What the rounds brought.
	 */
	private record Measurement(Map<String, Sample> samples, double hangingRequests, long handWrittenProbes,
			long handWrittenRequests) {
	}

}

package io.github.engagelab.sms.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

import io.github.engagelab.sms.benchmarks.Main.Arguments;
import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * Scrapes of an application with and without the starter, with more and more accounts,
 * while the provider hangs, and with the gauge that everybody writes.
 */
final class Scrapes {

	private static final String WITHOUT = "without the starter";

	private static final String ONE = "1 account";

	private static final int[] MANY = { 100, 1_000 };

	private static final int WARM_UP = 10;

	private Scrapes() {
	}

	static void run(Report report, Arguments arguments) throws Exception {
		int starts = arguments.get(0, 3);
		int rounds = arguments.get(1, 7);
		int seconds = arguments.get(2, 4);
		Samples samples = new Samples();
		for (int start = 0; start < starts; start++) {
			measure(samples, rounds, seconds);
		}
		samples.print(report, "Microseconds a scrape, " + starts + " starts of " + rounds + " rounds each", 0, WITHOUT,
				3);
	}

	private static void measure(Samples samples, int rounds, int seconds) throws Exception {
		try (JavaProcess provider = JavaProcess.provider();
				JavaProcess many = JavaProcess.provider();
				JavaProcess slow = JavaProcess.provider();
				JavaProcess without = Variant.WITHOUT.start(Application.class, provider);
				JavaProcess one = Variant.STARTER.start(Application.class, provider, Variant.POLLED_EACH_SECOND);
				JavaProcess hundred = accounts(many, MANY[0]);
				JavaProcess thousand = accounts(many, MANY[1]);
				JavaProcess handWritten = Variant.WITHOUT.start(HandWrittenApplication.class, slow)) {
			slow.ask("latency 50");
			Probes.awaitBalance(one);
			awaitRequests(many, MANY[0] + MANY[1]);
			// Both as warm as they get, so that neither is ahead
			for (JavaProcess application : List.of(without, one, without, one)) {
				Wrk.perSecond(1, WARM_UP, application.baseUrl() + "/actuator/prometheus");
			}
			List<Map.Entry<String, JavaProcess>> compared = new ArrayList<>(
					List.of(Map.entry(WITHOUT, without), Map.entry(ONE, one)));
			for (int round = -1; round < rounds; round++) {
				// The first is warm-up
				Samples target = (round < 0) ? new Samples() : samples;
				Collections.reverse(compared);
				for (Map.Entry<String, JavaProcess> application : compared) {
					scrape(target, application.getKey(), application.getValue(), seconds);
				}
				provider.ask("hang");
				Wrk.perSecond(1, 2, one.baseUrl() + "/actuator/prometheus");
				scrape(target, "1 account, the provider hangs", one, seconds);
				provider.ask("latency 0");
				scrape(target, MANY[0] + " accounts", hundred, seconds);
				scrape(target, MANY[1] + " accounts", thousand, seconds);
				scrape(target, "hand-written gauge, provider 50 ms", handWritten, seconds);
			}
		}
	}

	private static JavaProcess accounts(JavaProcess provider, int accounts) {
		return Variant.STARTER.start(Application.class, provider,
				Variant.accounts(accounts, "--engagelab.sms.refresh.interval=1h"));
	}

	/**
	 * Wait until every account has been read.
	 * @param provider the provider
	 * @param least the number of requests
	 */
	static void awaitRequests(JavaProcess provider, int least) throws InterruptedException {
		long end = System.nanoTime() + 60_000_000_000L;
		for (long requests = 0; requests < least; requests = provider.ask("requests")[0]) {
			if (System.nanoTime() > end) {
				throw new IllegalStateException("%d requests rather than %d".formatted(requests, least));
			}
			Thread.sleep(100);
		}
	}

	private static void scrape(Samples samples, String name, JavaProcess application, int seconds) throws Exception {
		samples.add(name, 1e6 / Wrk.perSecond(1, seconds, application.baseUrl() + "/actuator/prometheus"));
	}

}

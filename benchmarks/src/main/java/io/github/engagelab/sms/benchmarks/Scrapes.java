package io.github.engagelab.sms.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.github.engagelab.sms.benchmarks.app.AccountsApplication;
import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * Scrapes of an application with and without the starter, with more and more accounts,
 * while the provider hangs, and with the gauge that everybody writes.
 */
final class Scrapes {

	private static final String WITHOUT = "without the starter";

	private static final String ONE = "1 account";

	private static final String HANGING = "1 account, the provider hangs";

	private static final int[] MANY = { 100, 1_000 };

	private static final int WARM_UP = 10;

	private Scrapes() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int starts = arguments.isEmpty() ? 3 : Integer.parseInt(arguments.get(0));
		int rounds = (arguments.size() < 2) ? 7 : Integer.parseInt(arguments.get(1));
		int seconds = (arguments.size() < 3) ? 4 : Integer.parseInt(arguments.get(2));
		Map<String, Sample> samples = new LinkedHashMap<>();
		for (int start = 0; start < starts; start++) {
			measure(samples, rounds, seconds);
		}
		report.table("One connection, microseconds a scrape, " + starts + " starts of " + rounds + " rounds each", "",
				"median (quartiles)", "ratio to the application without");
		samples.forEach(
				(name, sample) -> report.row(name, sample.text(0), sample.dividedBy(samples.get(WITHOUT)).text(3)));
		report.table("Microseconds an account", "accounts", "median (quartiles)");
		Map<Integer, Double> perAccount = new LinkedHashMap<>();
		for (int accounts : MANY) {
			Sample differences = samples.get(accounts + " accounts").minus(samples.get(WITHOUT));
			report.row(accounts,
					differences.text(1) + " in all, " + "%.2f an account".formatted(differences.median() / accounts));
			perAccount.put(accounts, differences.median() / accounts);
		}
		double ratio = samples.get(ONE).dividedBy(samples.get(WITHOUT)).median();
		report.mustHold("scrape <= 1.02 of the same application without the starter at one account", ratio <= 1.02,
				"%.3f", ratio);
		double growth = perAccount.get(MANY[1]) / perAccount.get(MANY[0]);
		report.mustHold("the cost per account is linear", Math.abs(growth - 1) <= 0.2,
				"%.2f us an account with 1,000, %.2f times that with 100", perAccount.get(MANY[1]), growth);
	}

	private static void measure(Map<String, Sample> samples, int rounds, int seconds) throws Exception {
		try (JavaProcess provider = JavaProcess.provider();
				JavaProcess many = JavaProcess.provider();
				JavaProcess slow = JavaProcess.provider();
				JavaProcess without = Variant.WITHOUT.start(Application.class, provider);
				JavaProcess one = Variant.STARTER.start(Application.class, provider,
						"--engagelab.sms.refresh.interval=1s", "--engagelab.sms.refresh.max-age=1d",
						"--engagelab.sms.http.read-timeout=1h", "--engagelab.sms.http.request-timeout=1h");
				JavaProcess hundred = accounts(many, MANY[0]);
				JavaProcess thousand = accounts(many, MANY[1]);
				JavaProcess handWritten = Variant.WITHOUT.start(HandWrittenApplication.class, slow)) {
			slow.ask("latency 50");
			Probes.check(one, "OK");
			awaitRequests(many, MANY[0] + MANY[1]);
			// Both as warm as they get, so that neither is ahead
			for (JavaProcess application : List.of(without, one, without, one)) {
				Wrk.run(1, WARM_UP, application.baseUrl() + "/actuator/prometheus");
			}
			List<Map.Entry<String, JavaProcess>> compared = new ArrayList<>(
					List.of(Map.entry(WITHOUT, without), Map.entry(ONE, one)));
			for (int round = -1; round < rounds; round++) {
				// The first is warm-up
				Map<String, Sample> target = (round < 0) ? new LinkedHashMap<>() : samples;
				Collections.reverse(compared);
				for (Map.Entry<String, JavaProcess> application : compared) {
					scrape(target, application.getKey(), application.getValue(), seconds);
				}
				provider.ask("hang");
				Wrk.run(1, 2, one.baseUrl() + "/actuator/prometheus");
				scrape(target, HANGING, one, seconds);
				provider.ask("latency 0");
				scrape(target, MANY[0] + " accounts", hundred, seconds);
				scrape(target, MANY[1] + " accounts", thousand, seconds);
				scrape(target, "hand-written gauge, provider 50 ms", handWritten, seconds);
			}
		}
	}

	private static JavaProcess accounts(JavaProcess provider, int accounts) {
		return Variant.STARTER.start(AccountsApplication.class, provider, "--accounts=" + accounts,
				"--engagelab.sms.primary-account=account-0", "--engagelab.sms.refresh.interval=1h");
	}

	/**
	 * Wait until every account has been read.
	 * @param provider the provider
	 * @param least the number of requests
	 */
	static void awaitRequests(JavaProcess provider, int least) throws InterruptedException {
		long end = System.nanoTime() + 60_000_000_000L;
		while (provider.ask("requests")[0] < least) {
			if (System.nanoTime() > end) {
				throw new IllegalStateException(
						"%d requests rather than %d".formatted(provider.ask("requests")[0], least));
			}
			Thread.sleep(100);
		}
	}

	private static void scrape(Map<String, Sample> samples, String name, JavaProcess application, int seconds) {
		double perSecond = Wrk.run(1, seconds, application.baseUrl() + "/actuator/prometheus").perSecond();
		samples.computeIfAbsent(name, (key) -> new Sample()).add(1e6 / perSecond);
	}

}

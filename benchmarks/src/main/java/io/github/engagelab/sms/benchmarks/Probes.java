package io.github.engagelab.sms.benchmarks;

import io.github.engagelab.sms.benchmarks.Main.Arguments;
import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * Health probes against the least component there is, while the provider answers and
 * while it hangs, and against the indicator that everybody writes.
 */
final class Probes {

	private static final String PING = "/ping";

	private Probes() {
	}

	static void run(Report report, Arguments arguments) throws Exception {
		int rounds = arguments.get(0, 15);
		int seconds = arguments.get(1, 5);
		try (JavaProcess provider = JavaProcess.provider();
				JavaProcess application = Variant.STARTER.start(Application.class, provider,
						Variant.POLLED_EACH_SECOND);
				JavaProcess slow = JavaProcess.provider();
				JavaProcess handWritten = Variant.WITHOUT.start(HandWrittenApplication.class, slow)) {
			slow.ask("latency 50");
			awaitBalance(application);
			for (int connections : new int[] { 1, 64 }) {
				Samples samples = new Samples();
				for (int round = -1; round < rounds; round++) {
					// The first is warm-up
					Samples target = (round < 0) ? new Samples() : samples;
					measure(target, provider, application, handWritten, connections, seconds);
				}
				samples.print(report, "With " + connections + " at once, probes a second", 0, PING, 3);
			}
		}
	}

	private static void measure(Samples samples, JavaProcess provider, JavaProcess application, JavaProcess handWritten,
			int connections, int seconds) throws Exception {
		String health = application.baseUrl() + "/actuator/health";
		samples.add(PING, Wrk.perSecond(connections, seconds, health + "/ping"));
		samples.add("/engagelabSms", Wrk.perSecond(connections, seconds, health + "/engagelabSms"));
		samples.add("/ping, details shown", Wrk.perSecond(connections, seconds, health + "/details/ping"));
		samples.add("/engagelabSms, details shown",
				Wrk.perSecond(connections, seconds, health + "/details/engagelabSms"));
		provider.ask("hang");
		// A poll is due within a second
		Wrk.perSecond(connections, 2, health + "/engagelabSms");
		samples.add("/engagelabSms, the provider hangs", Wrk.perSecond(connections, seconds, health + "/engagelabSms"));
		provider.ask("latency 0");
		samples.add("hand-written indicator, provider 50 ms",
				Wrk.perSecond(connections, seconds, handWritten.baseUrl() + "/actuator/health/balance"));
	}

	/**
	 * Wait until the balance of an application has been read.
	 * @param application the application
	 */
	static void awaitBalance(JavaProcess application) throws Exception {
		String url = application.baseUrl() + "/actuator/health/details/engagelabSms";
		long end = System.nanoTime() + 20_000_000_000L;
		while (!Wrk.get(url).contains("\"state\":\"OK\"")) {
			if (System.nanoTime() > end) {
				throw new IllegalStateException(Wrk.get(url));
			}
			Thread.sleep(100);
		}
	}

}

package io.github.engagelab.sms.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.github.engagelab.sms.benchmarks.app.AccountsApplication;
import io.github.engagelab.sms.benchmarks.app.Application;
import io.github.engagelab.sms.benchmarks.app.HandWrittenApplication;

/**
 * What an application holds with the starter that it does not hold without, for more and
 * more accounts, and after a day's polls.
 */
final class Growth {

	private static final int[] ACCOUNTS = { 1, 10, 100, 1_000 };

	private static final String WITHOUT = "without the starter";

	private static final String FOREIGN = "only the foreign jars";

	private static final int POLLS_OF_A_DAY = 1_440;

	private static final double MEBIBYTE = 1024 * 1024;

	private Growth() {
	}

	static void footprint(Report report, List<String> arguments) throws Exception {
		int rounds = arguments.isEmpty() ? 5 : Integer.parseInt(arguments.get(0));
		int seconds = (arguments.size() < 2) ? 20 : Integer.parseInt(arguments.get(1));
		jars(report);
		Map<String, Figures> figures = new LinkedHashMap<>();
		for (int round = 0; round < rounds; round++) {
			try (JavaProcess provider = JavaProcess.provider()) {
				measure(figures, WITHOUT, provider, seconds, Variant.WITHOUT, Application.class, 0);
				measure(figures, FOREIGN, provider, seconds, Variant.FOREIGN, Application.class, 0);
				measure(figures, "hand-written, probed once", provider, seconds, Variant.WITHOUT,
						HandWrittenApplication.class, 0);
				for (int interval : new int[] { 60, 1 }) {
					for (int accounts : ACCOUNTS) {
						measure(figures, name(accounts, interval), provider, seconds, Variant.STARTER,
								AccountsApplication.class, accounts, "--accounts=" + accounts,
								"--engagelab.sms.primary-account=account-0",
								"--engagelab.sms.refresh.interval=" + interval + "s");
					}
				}
			}
		}
		print(report, figures, rounds);
	}

	static void day(Report report, List<String> arguments) throws Exception {
		int polls = arguments.isEmpty() ? POLLS_OF_A_DAY : Integer.parseInt(arguments.get(0));
		int every = Math.max(1, polls / 24);
		Sample heap = new Sample();
		Sample threads = new Sample();
		Sample sockets = new Sample();
		report.table("A poll a second, " + polls + " polls, a probe and a scrape after each " + every, "polls",
				"heap after GC, MiB", "threads", "sockets");
		try (JavaProcess provider = JavaProcess.provider();
				JavaProcess application = Variant.STARTER.start(Application.class, provider,
						"--engagelab.sms.refresh.interval=1s")) {
			for (int poll = every; poll <= polls; poll += every) {
				Thread.sleep(every * 1000L);
				Wrk.get(application.baseUrl() + "/actuator/health/engagelabSms");
				Wrk.get(application.baseUrl() + "/actuator/prometheus");
				long[] footprint = application.ask("footprint");
				heap.add(footprint[0] / MEBIBYTE);
				threads.add(footprint[1]);
				sockets.add(footprint[2]);
				report.row(provider.ask("requests")[0], "%.2f".formatted(footprint[0] / MEBIBYTE), footprint[1],
						footprint[2]);
			}
		}
		// Not the first hours, in which the JVM still settles
		double moreHeap = 1024 * (heap.part(16, 24).median() - heap.part(4, 12).median());
		double moreThreads = threads.part(16, 24).median() - threads.part(4, 12).median();
		double moreSockets = sockets.part(16, 24).median() - sockets.part(4, 12).median();
		report.mustHold("no growth over the shortened day", moreHeap < 128 && moreThreads <= 0 && moreSockets <= 0,
				"%.0f KiB of heap, %.0f threads, %.0f sockets more in its last third than in its second sixth to its half",
				moreHeap, moreThreads, moreSockets);
	}

	private static void jars(Report report) {
		List<String> without = Variant.WITHOUT.jars();
		report.table("Jars", "", "more than without", "KiB", "which");
		for (Variant variant : new Variant[] { Variant.FOREIGN, Variant.STARTER, Variant.WEB_CLIENT }) {
			List<Path> more = new ArrayList<>();
			variant.jars().stream().filter((jar) -> !without.contains(jar)).map(Path::of).forEach(more::add);
			report.row(variant, more.size(), more.stream().mapToLong(Growth::size).sum() / 1024,
					String.join(", ", more.stream().map((jar) -> jar.getFileName().toString()).toList()));
		}
	}

	private static long size(Path file) {
		try {
			return Files.size(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void measure(Map<String, Figures> figures, String name, JavaProcess provider, int seconds,
			Variant variant, Class<?> main, int accounts, String... arguments) throws Exception {
		provider.ask("reset");
		try (JavaProcess application = variant.start(main, provider, arguments)) {
			if (main == HandWrittenApplication.class) {
				Wrk.get(application.baseUrl() + "/actuator/health/balance");
			}
			// All that an application loads for its first probe and scrape
			Wrk.get(application.baseUrl() + "/actuator/health");
			Wrk.get(application.baseUrl() + "/actuator/prometheus");
			Scrapes.awaitRequests(provider, accounts);
			// Workers end after a while
			Thread.sleep(seconds * 1000L);
			long[] footprint = application.ask("footprint");
			figures.computeIfAbsent(name, (key) -> new Figures()).add(footprint, provider.ask("connections")[0]);
		}
	}

	private static void print(Report report, Map<String, Figures> figures, int rounds) {
		Figures without = figures.get(WITHOUT);
		report.table("More than without the starter, " + rounds + " starts each", "", "retained heap, KiB", "threads",
				"connections at once at most", "beans", "classes");
		figures.forEach((name, figure) -> report.row(name, figure.heap.minus(without.heap).text(0),
				figure.threads.minus(without.threads).text(0), figure.connections.text(0),
				figure.beans.minus(without.beans).text(0), figure.classes.minus(without.classes).text(0)));
		Figures one = figures.get(name(1, 60));
		Figures most = figures.get(name(ACCOUNTS[3], 60));
		Figures busiest = figures.get(name(ACCOUNTS[3], 1));
		double heap = one.heap.minus(without.heap).median();
		report.mustHold("retained heap <= 3 MiB with one account", heap <= 3 * 1024, "%.0f KiB", heap);
		double further = most.heap.minus(one.heap).median() / (ACCOUNTS[3] - 1);
		report.mustHold("and <= 12 KiB a further one", further <= 12, "%.1f KiB", further);
		double threads = one.threads.minus(without.threads).median();
		report.mustHold("at most 2 more threads at idle", threads <= 2, "%.0f", threads);
		double moreThreads = most.threads.minus(one.threads).median();
		double connections = Math.max(most.connections.median(), busiest.connections.median());
		report.mustHold("threads and connections (<= 16) flat from 1 to 1,000 accounts",
				moreThreads <= 0 && connections <= 16,
				"%.0f more threads at idle, at most %.0f connections, %.0f more threads at 1 s", moreThreads,
				connections, busiest.threads.minus(figures.get(name(1, 1)).threads).median());
	}

	private static String name(int accounts, int interval) {
		return accounts + ((accounts != 1) ? " accounts" : " account") + ", " + interval + " s";
	}

	/**
	 * What the starts brought.
	 */
	private static final class Figures {

		private final Sample heap = new Sample();

		private final Sample threads = new Sample();

		private final Sample connections = new Sample();

		private final Sample beans = new Sample();

		private final Sample classes = new Sample();

		private void add(long[] footprint, long mostConnections) {
			this.heap.add(footprint[0] / 1024.0);
			this.threads.add(footprint[1]);
			this.beans.add(footprint[3]);
			this.classes.add(footprint[4]);
			this.connections.add(mostConnections);
		}

	}

}

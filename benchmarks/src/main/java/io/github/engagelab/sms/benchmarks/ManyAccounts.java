package io.github.engagelab.sms.benchmarks;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import io.github.engagelab.sms.benchmarks.app.AccountsApplication.Accounts;
import io.github.engagelab.sms.benchmarks.app.Footprint;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A thousand accounts read every second: on time, and with no thread, connection or
 * noteworthy memory for each.
 */
final class ManyAccounts {

	private static final int FEW = 10;

	private static final int MANY = 1_000;

	private static final Duration INTERVAL = Duration.ofSeconds(1);

	private static final double LATE = 1.5;

	private static final double ON_TIME = 0.99;

	/**
	 * Most of it is Micrometer's: about 500 bytes for each of 14 series, six of which are
	 * those of the state.
	 */
	private static final int HEAP_PER_ACCOUNT = 12 * 1024;

	/**
	 * Workers and the HTTP client have some threads for each of the 16 exchanges that are
	 * under way at once at most.
	 */
	private static final int THREAD_TOLERANCE = 10 * Runtime.getRuntime().availableProcessors() + 4 * 16;

	private static final int CONNECTION_TOLERANCE = 16;

	private ManyAccounts() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int seconds = arguments.isEmpty() ? 30 : Integer.parseInt(arguments.get(0));
		Measurement few = measure(FEW, Duration.ofSeconds(10));
		Measurement many = measure(MANY, Duration.ofSeconds(seconds));
		System.out.printf("%n%s%n%s%n", few, many);
		report.mustHold("1,000 accounts are read on time every second",
				many.reads().accounts() == MANY && many.reads().onTime() >= ON_TIME, "%d, %.1f %% of the gaps on time",
				many.reads().accounts(), 100 * many.reads().onTime());
		int threads = many.threads() - few.threads();
		report.mustHold("without a thread for each", threads <= THREAD_TOLERANCE, "%d more", threads);
		int connections = many.connections() - few.connections();
		report.mustHold("or a connection", connections <= CONNECTION_TOLERANCE, "%d more", connections);
		double heap = (many.heap() - few.heap()) / 1024.0 / (MANY - FEW);
		report.mustHold("or noteworthy memory: meters in a Prometheus registry, health indicator, name and place in "
				+ "the schedule", heap < HEAP_PER_ACCOUNT / 1024.0, "%.1f KiB", heap);
	}

	private static Measurement measure(int accounts, Duration time) throws Exception {
		try (CountingServer server = new CountingServer();
				ConfigurableApplicationContext context = new SpringApplicationBuilder(CallsBenchmark.Observed.class)
					.web(WebApplicationType.NONE)
					.initializers((target) -> target.getBeanFactory()
						.registerSingleton("accounts", new Accounts(accounts, URI.create(server.baseUrl()))))
					.run("--spring.main.banner-mode=off", "--logging.level.root=warn",
							"--engagelab.sms.refresh.interval=" + INTERVAL.toSeconds() + "s",
							"--engagelab.sms.primary-account=account-0")) {
			ThreadMXBean threads = ManagementFactory.getThreadMXBean();
			threads.resetPeakThreadCount();
			pass(time);
			int mostThreads = threads.getPeakThreadCount();
			Reads reads = Reads.of(server.takeReads());
			long up = context.getBean(PrometheusMeterRegistry.class)
				.scrape()
				.lines()
				.filter((line) -> line.startsWith("engagelab_sms_up"))
				.count();
			if (up != accounts) {
				throw new IllegalStateException("Meters of " + up + " accounts");
			}
			server.takeReads();
			return new Measurement(accounts, reads, mostThreads, server.mostConnections(),
					Footprint.heapAfterCollection());
		}
	}

	private static void pass(Duration time) throws InterruptedException {
		// Ends by time only: nobody counts down
		new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
	}

	/**
	 * What one run brought.
	 */
	private record Measurement(int accounts, Reads reads, int threads, int connections, long heap) {

		@Override
		public String toString() {
			return "many accounts: %d accounts: %s; at most %d threads and %d connections; heap after GC %.2f MiB"
				.formatted(this.accounts, this.reads, this.threads, this.connections, this.heap / 1048576.0);
		}

	}

	/**
	 * What the server saw, without the moments themselves, which would be on the heap.
	 */
	private record Reads(int accounts, int count, double onTime, double percentile99, double longest) {

		static Reads of(Map<String, List<Long>> reads) {
			long[] gaps = reads.values().stream().flatMapToLong(Reads::gaps).sorted().toArray();
			long onTime = (long) (INTERVAL.toNanos() * LATE);
			return new Reads(reads.size(), reads.values().stream().mapToInt(List::size).sum(),
					LongStream.of(gaps).filter((gap) -> gap <= onTime).count() / (double) gaps.length,
					gaps[(int) Math.ceil(0.99 * gaps.length) - 1] / 1e6, gaps[gaps.length - 1] / 1e6);
		}

		private static LongStream gaps(List<Long> moments) {
			return IntStream.range(1, moments.size()).mapToLong((i) -> moments.get(i) - moments.get(i - 1));
		}

		@Override
		public String toString() {
			return ("%d read, %d reads; gaps: %.3f %% within %.1f intervals, 99th percentile %.0f ms, longest %.0f ms")
				.formatted(this.accounts, this.count, 100 * this.onTime, LATE, this.percentile99, this.longest);
		}

	}

}

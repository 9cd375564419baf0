package io.github.engagelab.sms.load;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.boot.health.registry.HealthContributorRegistry;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A thousand accounts read every second: on time, and with no thread, connection or
 * noteworthy memory for each.
 */
@Tag("soak")
class ManyAccountsTests {

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

	@Test
	void refreshWhenThereAreManyAccountsIsOnTimeAndCheap() throws Exception {
		Measurement few = measure(FEW, Duration.ofSeconds(10));
		Measurement many = measure(MANY, Duration.ofSeconds(30));
		long heapPerAccount = (many.heap() - few.heap()) / (MANY - FEW);
		System.out.println(few);
		System.out.println(many);
		System.out
			.printf("many accounts: %d bytes of heap per account, its meters in a Prometheus registry, its health "
					+ "indicator, its name and its place in the schedule included%n", heapPerAccount);
		assertThat(many.reads().accounts()).isEqualTo(MANY);
		assertThat(many.reads().onTime()).isGreaterThanOrEqualTo(ON_TIME);
		assertThat(many.threads()).isLessThanOrEqualTo(few.threads() + THREAD_TOLERANCE);
		assertThat(many.connections()).isLessThanOrEqualTo(few.connections() + CONNECTION_TOLERANCE);
		assertThat(heapPerAccount).isLessThan(HEAP_PER_ACCOUNT);
	}

	private static Measurement measure(int accounts, Duration time) throws Exception {
		AtomicReference<Measurement> measurement = new AtomicReference<>();
		try (CountingServer server = new CountingServer()) {
			TestContexts.runner()
				.withBean(EngageLabSmsConnectionDetails.class, () -> new Accounts(accounts, server.baseUrl()))
				.withPropertyValues("engagelab.sms.refresh.interval=" + INTERVAL.toSeconds() + "s",
						"engagelab.sms.primary-account=account-0")
				.run((context) -> {
					ThreadMXBean threads = ManagementFactory.getThreadMXBean();
					threads.resetPeakThreadCount();
					pass(time);
					int mostThreads = threads.getPeakThreadCount();
					Reads reads = Reads.of(server.takeReads());
					assertThat(context.getBean(PrometheusMeterRegistry.class)
						.scrape()
						.lines()
						.filter((line) -> line.startsWith("engagelab_sms_up"))).hasSize(accounts);
					assertThat(context.getBean(HealthContributorRegistry.class).getContributor("engagelabSms"))
						.isNotNull();
					server.takeReads();
					measurement.set(new Measurement(accounts, reads, mostThreads, server.mostConnections(),
							Footprint.heapAfterCollection()));
				});
		}
		return measurement.get();
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

	/**
	 * Accounts that an application gets from elsewhere.
	 */
	private static final class Accounts implements EngageLabSmsConnectionDetails {

		private final Set<String> names = new LinkedHashSet<>();

		private final URI baseUrl;

		private Accounts(int count, String baseUrl) {
			this.baseUrl = URI.create(baseUrl);
			IntStream.range(0, count).forEach((number) -> this.names.add("account-" + number));
		}

		@Override
		public Set<String> getAccounts() {
			return Collections.unmodifiableSet(this.names);
		}

		@Override
		public URI getBaseUrl(String account) {
			return this.baseUrl;
		}

		@Override
		public Credentials getCredentials(String account) {
			return new Credentials(account, "secret-of-" + account);
		}

	}

}

package io.github.engagelab.sms.metrics;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.github.engagelab.sms.testsupport.VirtualTime;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;

import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

class SmsBalanceMetricsTests {

	private static final Duration MAX_AGE = Duration.ofMinutes(5);

	private static final String[] NOTHING_READ = {
			"engagelab_sms_balance_threshold{account=\"default\",level=\"low\"} 5.0",
			"engagelab_sms_balance_threshold{account=\"default\",level=\"warning\"} 10.5",
			"engagelab_sms_last_success_timestamp_seconds{account=\"default\"} 0.0",
			"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 0.0",
			"engagelab_sms_spent_total{account=\"default\"} 0.0",
			"engagelab_sms_state{account=\"default\",state=\"low\"} 0.0",
			"engagelab_sms_state{account=\"default\",state=\"ok\"} 0.0",
			"engagelab_sms_state{account=\"default\",state=\"rejected\"} 0.0",
			"engagelab_sms_state{account=\"default\",state=\"unavailable\"} 0.0",
			"engagelab_sms_state{account=\"default\",state=\"unknown\"} 1.0",
			"engagelab_sms_state{account=\"default\",state=\"warning\"} 0.0",
			"engagelab_sms_up{account=\"default\"} 0.0" };

	private final VirtualTime time = new VirtualTime();

	private final ScriptedClient client = new ScriptedClient(this.time::nanoTime);

	private SmsBalanceMetrics binder;

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.refresh.max-age=" + MAX_AGE,
				"engagelab.sms.threshold.low=5", "engagelab.sms.threshold.warning=10.5")
		.withBean(EngageLabSmsThreads.class, this.time::threads)
		.withBean(SmsBalanceClient.class, () -> this.client);

	@Test
	void scrapeWhenReadShowsAllMeters() {
		run((monitor, prometheus) -> {
			this.client.answer(Mono.just(new SmsBalance(123456, 20000, 143456)));
			this.time.advanceTimeTo(Instant.parse("2026-01-01T00:00:00Z"));
			refresh(monitor);
			assertThat(series(prometheus)).containsExactlyInAnyOrder(
					"engagelab_sms_balance{account=\"default\",type=\"general\"} 12.3456",
					"engagelab_sms_balance{account=\"default\",type=\"gift\"} 2.0",
					"engagelab_sms_balance_threshold{account=\"default\",level=\"low\"} 5.0",
					"engagelab_sms_balance_threshold{account=\"default\",level=\"warning\"} 10.5",
					"engagelab_sms_last_success_timestamp_seconds{account=\"default\"} 1.7672256E9",
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 1.0",
					"engagelab_sms_spent_total{account=\"default\"} 0.0",
					"engagelab_sms_state{account=\"default\",state=\"low\"} 0.0",
					"engagelab_sms_state{account=\"default\",state=\"ok\"} 1.0",
					"engagelab_sms_state{account=\"default\",state=\"rejected\"} 0.0",
					"engagelab_sms_state{account=\"default\",state=\"unavailable\"} 0.0",
					"engagelab_sms_state{account=\"default\",state=\"unknown\"} 0.0",
					"engagelab_sms_state{account=\"default\",state=\"warning\"} 0.0",
					"engagelab_sms_total_balance10000{account=\"default\"} 143456.0",
					"engagelab_sms_up{account=\"default\"} 1.0");
			assertThat(prometheus.scrape()).contains("# HELP engagelab_sms_total_balance10000");
		});
	}

	@Test
	void scrapeWhenNothingWasReadShowsAllButTheBalance() {
		run((monitor, prometheus) -> {
			assertThat(series(prometheus)).containsExactlyInAnyOrder(NOTHING_READ);
			assertThat(this.client.calls()).isEmpty();
		});
	}

	@Test
	void scrapeWhenNotConfiguredShowsAllButTheBalance() {
		new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.threshold.low=5", "engagelab.sms.threshold.warning=10.5")
			.withBean(EngageLabSmsThreads.class, this.time::threads)
			.run((context) -> {
				PrometheusMeterRegistry prometheus = context.getBean(PrometheusMeterRegistry.class);
				assertThat(series(prometheus)).containsExactlyInAnyOrder(NOTHING_READ);
				this.time.advanceTimeBy(Duration.ofMinutes(10));
				assertThat(context.getBean(SmsBalanceMonitors.class).get("default").getStatus().failure())
					.isEqualTo(SmsBalanceFailure.NOT_CONFIGURED);
				assertThat(series(prometheus)).hasSize(NOTHING_READ.length + 1)
					.contains(Stream.of(NOTHING_READ).toArray(String[]::new))
					.anyMatch((line) -> line
						.startsWith("engagelab_sms_refreshes_total{account=\"default\",outcome=\"not_configured\"}"));
			});
	}

	@Test
	void scrapeWhenOneOfSeveralAccountsIsNotConfiguredShowsAll() {
		this.runner
			.withPropertyValues("engagelab.sms.accounts.otp.threshold.low=50",
					"engagelab.sms.accounts.otp.threshold.warning=60", "engagelab.sms.dev-key=key",
					"engagelab.sms.dev-secret=secret")
			.run((context) -> {
				this.client.balance(70000);
				refresh(context.getBean(SmsBalanceMonitors.class).get("default"));
				this.client.fail(SmsBalanceFailure.NOT_CONFIGURED);
				refresh(context.getBean(SmsBalanceMonitors.class).get("otp"));
				assertThat(series(context.getBean(PrometheusMeterRegistry.class))).contains(
						"engagelab_sms_up{account=\"default\"} 1.0", "engagelab_sms_up{account=\"otp\"} 0.0",
						"engagelab_sms_state{account=\"default\",state=\"warning\"} 1.0",
						"engagelab_sms_state{account=\"otp\",state=\"unknown\"} 1.0",
						"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 1.0",
						"engagelab_sms_refreshes_total{account=\"otp\",outcome=\"success\"} 0.0",
						"engagelab_sms_refreshes_total{account=\"otp\",outcome=\"not_configured\"} 1.0",
						"engagelab_sms_balance_threshold{account=\"otp\",level=\"low\"} 50.0");
			});
	}

	@Test
	void scrapeWhenDisabledShowsNothing() {
		this.runner.withPropertyValues("engagelab.sms.enabled=false", "engagelab.sms.refresh.enabled=true")
			.run((context) -> {
				this.time.advanceTimeBy(Duration.ofMinutes(10));
				refresh(context.getBean(SmsBalanceMonitors.class).get("default"));
				assertThat(series(context.getBean(PrometheusMeterRegistry.class))).isEmpty();
				assertThat(context.getBean(PrometheusMeterRegistry.class).getMeters()).extracting(Meter::getId)
					.noneMatch((id) -> id.getName().startsWith("engagelab"));
				assertThat(this.client.calls()).isEmpty();
			});
	}

	@Test
	void scrapeWhenLazyShowsAllMetersFromTheStart() {
		this.runner
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.run((context) -> {
				PrometheusMeterRegistry prometheus = context.getBean(PrometheusMeterRegistry.class);
				assertThat(series(prometheus)).containsExactlyInAnyOrder(NOTHING_READ);
				this.client.balance(70000);
				refresh(context.getBean(SmsBalanceMonitors.class).get("default"));
				assertThat(series(prometheus)).hasSize(NOTHING_READ.length + 3)
					.contains("engagelab_sms_up{account=\"default\"} 1.0");
			});
	}

	@ParameterizedTest
	@CsvSource({ "110000, ok", "104999, warning", "49999, low" })
	void stateIsOneSeriesPerStateOfWhichOneIsOne(long total10000, String state) {
		run((monitor, prometheus) -> {
			this.client.balance(total10000);
			refresh(monitor);
			assertThat(states(prometheus)).containsExactly(state);
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(states(prometheus)).containsExactly(state);
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(states(prometheus)).containsExactly("unavailable");
			this.client.fail(SmsBalanceFailure.ACCESS_DENIED);
			refresh(monitor);
			assertThat(states(prometheus)).containsExactly("rejected");
		});
	}

	@Test
	void scrapeWhenNothingCouldBeReadShowsNoBalance() {
		run((monitor, prometheus) -> {
			this.client.fail(SmsBalanceFailure.UNREACHABLE);
			refresh(monitor);
			assertThat(series(prometheus))
				.contains("engagelab_sms_up{account=\"default\"} 0.0",
						"engagelab_sms_last_success_timestamp_seconds{account=\"default\"} 0.0",
						"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 0.0",
						"engagelab_sms_refreshes_total{account=\"default\",outcome=\"unreachable\"} 1.0",
						"engagelab_sms_balance_threshold{account=\"default\",level=\"low\"} 5.0")
				.noneMatch((line) -> line.startsWith("engagelab_sms_total_balance10000")
						|| line.startsWith("engagelab_sms_balance{"));
		});
	}

	@Test
	void scrapeWhenMaxAgeIsReachedWithdrawsTheBalanceUntilTheNextSuccess() {
		run((monitor, prometheus) -> {
			this.client.balance(70000);
			refresh(monitor);
			this.time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(series(prometheus)).contains("engagelab_sms_total_balance10000{account=\"default\"} 70000.0");
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			assertThat(series(prometheus)).contains("engagelab_sms_total_balance10000{account=\"default\"} 70000.0",
					"engagelab_sms_up{account=\"default\"} 0.0");
			this.time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(series(prometheus)).hasSize(13)
				.noneMatch((line) -> line.contains("total_balance10000") || line.contains("type="));
			this.client.balance(60000);
			refresh(monitor);
			assertThat(series(prometheus)).hasSize(16)
				.contains("engagelab_sms_total_balance10000{account=\"default\"} 60000.0",
						"engagelab_sms_balance{account=\"default\",type=\"general\"} 6.0");
		});
	}

	@Test
	void spentCountsDecreasesOnly() {
		run((monitor, prometheus) -> {
			for (long total10000 : new long[] { 100000, 95000, 95000, 500000, 499999, -1 }) {
				this.client.balance(total10000);
				refresh(monitor);
				this.client.fail(SmsBalanceFailure.SERVER_ERROR);
				refresh(monitor);
			}
			assertThat(series(prometheus)).contains("engagelab_sms_spent_total{account=\"default\"} 50.5001",
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 6.0",
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"server_error\"} 6.0");
		});
	}

	@Test
	void spentAndRefreshesAreMonotonic() {
		run((monitor, prometheus) -> {
			double before = 0;
			for (long total10000 : new long[] { 10, 5, 100, 99, 99, 0, -7, 1000 }) {
				this.client.balance(total10000);
				refresh(monitor);
				double now = prometheus.get("engagelab.sms.spent").functionCounter().count();
				assertThat(now).isGreaterThanOrEqualTo(before);
				before = now;
			}
			assertThat(before).isEqualTo(0.0112);
		});
	}

	@Test
	void bindToWhenLateShowsAllThatHasBeen() {
		run((monitor, prometheus) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.client.balance(70000);
			refresh(monitor);
			this.client.fail(SmsBalanceFailure.SERVER_ERROR);
			refresh(monitor);
			PrometheusMeterRegistry late = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
			this.binder.bindTo(late);
			assertThat(series(late)).containsExactlyInAnyOrderElementsOf(series(prometheus))
				.contains("engagelab_sms_spent_total{account=\"default\"} 3.0",
						"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 2.0",
						"engagelab_sms_refreshes_total{account=\"default\",outcome=\"server_error\"} 1.0",
						"engagelab_sms_total_balance10000{account=\"default\"} 70000.0");
			this.time.advanceTimeBy(MAX_AGE);
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			refresh(monitor);
			assertThat(series(late)).containsExactlyInAnyOrderElementsOf(series(prometheus))
				.contains("engagelab_sms_refreshes_total{account=\"default\",outcome=\"timeout\"} 1.0")
				.noneMatch((line) -> line.startsWith("engagelab_sms_total_balance10000"));
		});
	}

	@Test
	void bindToWhenBoundTwiceCountsOnce() {
		run((monitor, prometheus) -> {
			this.client.balance(100000);
			refresh(monitor);
			this.binder.bindTo(prometheus);
			this.client.balance(70000);
			refresh(monitor);
			assertThat(series(prometheus)).hasSize(15)
				.doesNotHaveDuplicates()
				.contains("engagelab_sms_spent_total{account=\"default\"} 3.0",
						"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 2.0",
						"engagelab_sms_total_balance10000{account=\"default\"} 70000.0");
		});
	}

	@Test
	void metersWhenRegisteringFailsOnceAreThereAfterTheNextRefresh() {
		run((monitor, prometheus) -> {
			AtomicInteger failures = new AtomicInteger();
			prometheus.config().meterFilter(new MeterFilter() {
				@Override
				public MeterFilterReply accept(Meter.Id id) {
					if (id.getName().matches("engagelab.sms.(total.balance10000|refreshes)")
							&& failures.incrementAndGet() <= 2) {
						throw new IllegalStateException("no memory");
					}
					return MeterFilterReply.NEUTRAL;
				}
			});
			this.client.balance(70000);
			for (int i = 0; i < 3; i++) {
				refresh(monitor);
			}
			assertThat(failures).hasValueGreaterThan(2);
			assertThat(series(prometheus)).contains(
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 3.0",
					"engagelab_sms_total_balance10000{account=\"default\"} 70000.0",
					"engagelab_sms_balance{account=\"default\",type=\"gift\"} 0.0");
		});
	}

	@Test
	void metersAreInEveryRegistry() {
		this.runner.withBean("second", SimpleMeterRegistry.class, SimpleMeterRegistry::new).run((context) -> {
			this.client.balance(70000);
			refresh(context.getBean(SmsBalanceMonitors.class).get("default"));
			for (MeterRegistry registry : List.of(context.getBean(PrometheusMeterRegistry.class),
					context.getBean("second", MeterRegistry.class))) {
				assertThat(registry.get("engagelab.sms.total.balance10000").gauge().value()).isEqualTo(70000);
				assertThat(registry.get("engagelab.sms.refreshes").tag("outcome", "success").functionCounter().count())
					.isEqualTo(1);
			}
		});
	}

	@Test
	void httpClientRequestsShowPathOnly() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			TestContexts.runner()
				.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> Awaitility.await()
					.untilAsserted(() -> assertThat(context.getBean(PrometheusMeterRegistry.class).scrape())
						.containsPattern("http_client_requests_seconds_count\\{[^}]*uri=\"/v1/balance\"")));
		}
	}

	@Test
	void runWhenMetersAreFilteredOutWorks() {
		this.runner.withPropertyValues("management.metrics.enable.engagelab=false").run((context) -> {
			this.client.balance(70000);
			SmsBalanceMonitor monitor = context.getBean(SmsBalanceMonitors.class).get("default");
			assertThat(monitor.refresh()).isCompletedWithValue(monitor.getStatus().snapshot());
			assertThat(monitor.getStatus().snapshot()).isNotNull();
			assertThat(context.getBean(PrometheusMeterRegistry.class).getMeters()).extracting(Meter::getId)
				.noneMatch((id) -> id.getName().startsWith("engagelab"));
		});
	}

	private void run(BiConsumer<SmsBalanceMonitor, PrometheusMeterRegistry> test) {
		this.runner.run((context) -> {
			this.binder = context.getBean(SmsBalanceMetrics.class);
			test.accept(context.getBean(SmsBalanceMonitors.class).get("default"),
					context.getBean(PrometheusMeterRegistry.class));
		});
	}

	private static void refresh(SmsBalanceMonitor monitor) {
		assertThat(monitor.refresh()).isDone();
	}

	private static List<String> series(PrometheusMeterRegistry prometheus) {
		return prometheus.scrape().lines().filter((line) -> line.startsWith("engagelab")).toList();
	}

	private static List<String> states(PrometheusMeterRegistry prometheus) {
		List<String> lines = series(prometheus).stream()
			.filter((line) -> line.startsWith("engagelab_sms_state{"))
			.toList();
		assertThat(lines).hasSize(SmsAccountState.values().length).allMatch((line) -> line.matches(".* [01]\\.0"));
		return lines.stream()
			.filter((line) -> line.endsWith(" 1.0"))
			.map((line) -> line.replaceAll(".*state=\"(\\w+)\".*", "$1"))
			.toList();
	}

}

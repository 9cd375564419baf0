package io.github.engagelab.sms.metrics;

import java.time.Duration;
import java.util.List;
import java.util.function.BiConsumer;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

class SmsBalanceMetricsTests {

	private static final Duration MAX_AGE = Duration.ofMinutes(5);

	private final ScriptedClient client = new ScriptedClient();

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.refresh.max-age=" + MAX_AGE,
				"engagelab.sms.threshold.low=5", "engagelab.sms.threshold.warning=10.5")
		.withBean(SmsBalanceClient.class, () -> this.client);

	@AfterEach
	void tearDown() {
		VirtualTimeScheduler.reset();
	}

	@Test
	void scrapeWhenReadShowsAllMeters() {
		run((monitor, prometheus) -> {
			this.client.answer(Mono.just(new SmsBalance(123456, 20000, 143456)));
			monitor.refresh().block();
			String seconds = String.valueOf((double) monitor.getStatus().snapshot().readAt().getEpochSecond());
			assertThat(series(prometheus)).containsExactlyInAnyOrder(
					"engagelab_sms_balance{account=\"default\",type=\"general\"} 12.3456",
					"engagelab_sms_balance{account=\"default\",type=\"gift\"} 2.0",
					"engagelab_sms_balance_threshold{account=\"default\",level=\"low\"} 5.0",
					"engagelab_sms_balance_threshold{account=\"default\",level=\"warning\"} 10.5",
					"engagelab_sms_last_success_timestamp_seconds{account=\"default\"} " + seconds,
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 1.0",
					"engagelab_sms_spent_total{account=\"default\"} 0.0",
					"engagelab_sms_total_balance10000{account=\"default\"} 143456.0",
					"engagelab_sms_up{account=\"default\"} 1.0");
			assertThat(prometheus.scrape()).contains("# HELP engagelab_sms_total_balance10000", "polled");
		});
	}

	@Test
	void scrapeWhenNotConfiguredShowsNothing() {
		run((monitor, prometheus) -> {
			this.client.fail(SmsBalanceFailure.NOT_CONFIGURED);
			monitor.refresh().onErrorComplete().block();
			assertThat(series(prometheus)).isEmpty();
			this.client.balance(1);
			monitor.refresh().block();
			assertThat(series(prometheus)).hasSize(9);
		});
	}

	@Test
	void scrapeWhenNothingCouldBeReadShowsNoBalance() {
		run((monitor, prometheus) -> {
			this.client.fail(SmsBalanceFailure.UNREACHABLE);
			monitor.refresh().onErrorComplete().block();
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
		VirtualTimeScheduler time = VirtualTimeScheduler.getOrSet();
		run((monitor, prometheus) -> {
			this.client.balance(70000);
			monitor.refresh().block();
			time.advanceTimeBy(MAX_AGE.minusMillis(1));
			assertThat(series(prometheus)).contains("engagelab_sms_total_balance10000{account=\"default\"} 70000.0");
			this.client.fail(SmsBalanceFailure.TIMEOUT);
			monitor.refresh().onErrorComplete().block();
			assertThat(series(prometheus)).contains("engagelab_sms_total_balance10000{account=\"default\"} 70000.0",
					"engagelab_sms_up{account=\"default\"} 0.0");
			time.advanceTimeBy(Duration.ofMillis(1));
			assertThat(series(prometheus)).hasSize(7)
				.noneMatch((line) -> line.contains("total_balance10000") || line.contains("type="));
			this.client.balance(60000);
			monitor.refresh().block();
			assertThat(series(prometheus)).hasSize(10)
				.contains("engagelab_sms_total_balance10000{account=\"default\"} 60000.0",
						"engagelab_sms_balance{account=\"default\",type=\"general\"} 6.0");
		});
	}

	@Test
	void spentCountsDecreasesOnly() {
		run((monitor, prometheus) -> {
			for (long total10000 : new long[] { 100000, 95000, 95000, 500000, 499999, -1 }) {
				this.client.balance(total10000);
				monitor.refresh().block();
				this.client.fail(SmsBalanceFailure.SERVER_ERROR);
				monitor.refresh().onErrorComplete().block();
			}
			assertThat(series(prometheus)).contains("engagelab_sms_spent_total{account=\"default\"} 50.5001",
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"success\"} 6.0",
					"engagelab_sms_refreshes_total{account=\"default\",outcome=\"server_error\"} 6.0");
		});
	}

	@Test
	void metersAreInEveryRegistry() {
		this.runner.withBean("second", SimpleMeterRegistry.class, SimpleMeterRegistry::new).run((context) -> {
			this.client.balance(70000);
			context.getBean(SmsBalanceMonitors.class).get("default").refresh().block();
			for (MeterRegistry registry : List.of(context.getBean(PrometheusMeterRegistry.class),
					context.getBean("second", MeterRegistry.class))) {
				assertThat(registry.get("engagelab.sms.total.balance10000").gauge().value()).isEqualTo(70000);
				assertThat(registry.get("engagelab.sms.refreshes").tag("outcome", "success").counter().count())
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
			assertThat(context.getBean(SmsBalanceMonitors.class).get("default").refresh().block()).isNotNull();
			assertThat(context.getBean(PrometheusMeterRegistry.class).getMeters()).extracting(Meter::getId)
				.noneMatch((id) -> id.getName().startsWith("engagelab"));
		});
	}

	private void run(BiConsumer<SmsBalanceMonitor, PrometheusMeterRegistry> test) {
		this.runner.run((context) -> test.accept(context.getBean(SmsBalanceMonitors.class).get("default"),
				context.getBean(PrometheusMeterRegistry.class)));
	}

	private static List<String> series(PrometheusMeterRegistry prometheus) {
		return prometheus.scrape().lines().filter((line) -> line.startsWith("engagelab")).toList();
	}

}

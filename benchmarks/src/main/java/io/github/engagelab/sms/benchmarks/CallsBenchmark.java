package io.github.engagelab.sms.benchmarks;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.health.EngageLabSmsHealthContributorAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.metrics.EngageLabSmsMetricsAutoConfiguration;
import io.github.engagelab.sms.client.Decoding;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * What is answered without the provider, and the decoding of its answer. For JMH.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
public class CallsBenchmark {

	private static final byte[] BODY = Provider.EXAMPLE.getBytes(StandardCharsets.US_ASCII);

	private static final Duration MAX_AGE = Duration.ofHours(1);

	private final JsonMapper mapper = Reads.strictMapper();

	private JavaProcess provider;

	private ConfigurableApplicationContext context;

	private SmsBalanceService service;

	private HealthIndicator healthIndicator;

	private PrometheusMeterRegistry registry;

	@Setup
	public void start() {
		this.provider = JavaProcess.provider();
		this.context = new SpringApplicationBuilder(Observed.class).web(WebApplicationType.NONE)
			.run(Variant.arguments(this.provider, "--engagelab.sms.refresh.enabled=false").toArray(String[]::new));
		this.service = this.context.getBean(SmsBalanceService.class);
		this.healthIndicator = (HealthIndicator) this.context.getBean(HealthContributorRegistry.class)
			.getContributor("engagelabSms");
		this.registry = this.context.getBean(PrometheusMeterRegistry.class);
		this.service.getBalance();
	}

	@TearDown
	public void stop() {
		long requests = this.provider.ask("requests")[0];
		this.context.close();
		this.provider.close();
		if (requests != 1) {
			throw new IllegalStateException(requests + " requests");
		}
	}

	// The least that can be asked of a balance with an age
	@Benchmark
	public long nanoTime() {
		return System.nanoTime();
	}

	@Benchmark
	public SmsBalance getBalance() {
		return this.service.getBalance(MAX_AGE);
	}

	@Benchmark
	public SmsAccountStatus getStatus() {
		return this.service.getStatus();
	}

	@Benchmark
	public SmsBalance decode() {
		return Decoding.decode(BODY);
	}

	// Into a record, with a mapper as strict
	@Benchmark
	public Reads.Answer decodeByReadValue() {
		return this.mapper.readValue(BODY, Reads.Answer.class);
	}

	@Benchmark
	public Health health() {
		return this.healthIndicator.health();
	}

	@Benchmark
	public String scrape() {
		return this.registry.scrape();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration({ EngageLabSmsAutoConfiguration.class,
			EngageLabSmsHealthContributorAutoConfiguration.class, EngageLabSmsMetricsAutoConfiguration.class,
			MetricsAutoConfiguration.class, CompositeMeterRegistryAutoConfiguration.class,
			PrometheusMetricsExportAutoConfiguration.class, HealthContributorRegistryAutoConfiguration.class })
	static class Observed {

	}

}

package io.github.engagelab.sms.load;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsEndpointAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsSanitizingAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.health.EngageLabSmsHealthContributorAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.metrics.EngageLabSmsMetricsAutoConfiguration;
import io.github.engagelab.sms.testsupport.RawServer;
import org.awaitility.Awaitility;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * What probes and scrapes take over HTTP while the provider hangs: of an application that
 * watches a balance and of the same one that does not, at the same time, so that both
 * have the same from the machine.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 5)
public class ProbeBenchmark {

	private RawServer provider;

	private App with;

	private App without;

	@Setup
	public void startApplications() {
		this.provider = new RawServer((request, number, out, socket) -> {
			if (number == 1) {
				out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
			}
			else {
				socket.getInputStream().read();
			}
		});
		this.without = new App(false, this.provider.baseUrl());
		this.with = new App(true, this.provider.baseUrl());
		// One good answer, and the second read hangs from now on
		Awaitility.await().until(() -> this.provider.requests().size() == 2);
	}

	@TearDown
	public void stopApplications() {
		if (this.provider.requests().size() != 2 || this.provider.connections() != 1) {
			throw new IllegalStateException("The provider did not hang all the time");
		}
		this.with.context.close();
		this.without.context.close();
		this.provider.close();
	}

	@Benchmark
	@Group("component")
	public String componentWith() throws Exception {
		return this.with.get("health/engagelabSms");
	}

	/**
	 * The least component there is to compare ours with.
	 */
	@Benchmark
	@Group("component")
	public String componentWithout() throws Exception {
		return this.without.get("health/ping");
	}

	@Benchmark
	@Group("health")
	public String healthWith() throws Exception {
		return this.with.get("health");
	}

	@Benchmark
	@Group("health")
	public String healthWithout() throws Exception {
		return this.without.get("health");
	}

	@Benchmark
	@Group("prometheus")
	public String prometheusWith() throws Exception {
		return this.with.get("prometheus");
	}

	@Benchmark
	@Group("prometheus")
	public String prometheusWithout() throws Exception {
		return this.without.get("prometheus");
	}

	private static final class App {

		private static final String OURS = Stream
			.of(EngageLabSmsAutoConfiguration.class, EngageLabSmsEndpointAutoConfiguration.class,
					EngageLabSmsSanitizingAutoConfiguration.class, EngageLabSmsHealthContributorAutoConfiguration.class,
					EngageLabSmsMetricsAutoConfiguration.class)
			.map(Class::getName)
			.collect(Collectors.joining(","));

		private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

		private final ConfigurableApplicationContext context;

		private final URI actuator;

		private App(boolean with, String baseUrl) {
			this.context = new SpringApplicationBuilder(Configuration.class).web(WebApplicationType.SERVLET)
				.run("--server.port=0", "--spring.autoconfigure.exclude=" + (with ? "" : OURS),
						"--spring.main.banner-mode=off", "--spring.jmx.enabled=false", "--logging.level.root=warn",
						"--management.endpoints.web.exposure.include=health,prometheus",
						"--management.endpoint.health.show-details=always", "--engagelab.sms.base-url=" + baseUrl,
						"--engagelab.sms.dev-key=jiguangdev", "--engagelab.sms.dev-secret=dev_secret",
						"--engagelab.sms.http.read-timeout=1h", "--engagelab.sms.http.request-timeout=1h",
						"--engagelab.sms.refresh.interval=1s", "--engagelab.sms.refresh.max-age=1h");
			if (this.context.getBeanNamesForType(SmsBalanceService.class).length != (with ? 1 : 0)) {
				throw new IllegalStateException("It is not with and without");
			}
			int port = ((WebServerApplicationContext) this.context).getWebServer().getPort();
			this.actuator = URI.create("http://localhost:" + port + "/actuator/");
		}

		private String get(String path) throws Exception {
			HttpResponse<String> response = this.client
				.send(HttpRequest.newBuilder(this.actuator.resolve(path)).build(), BodyHandlers.ofString());
			if (response.statusCode() != 200) {
				throw new IllegalStateException(path + ": " + response.statusCode() + " " + response.body());
			}
			return response.body();
		}

	}

	@EnableAutoConfiguration
	static class Configuration {

	}

}

package io.github.engagelab.sms.host;

import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import org.hamcrest.Matchers;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A WebFlux application on two processors, whose {@code boundedElastic} has 20 threads,
 * keeps its balance and its endpoints, whatever it does with these threads.
 */
@Tag("slow")
public class WebFluxHostTests {

	@Test
	void getBalanceWhenBoundedElasticIsInUseAnswersAndDelaysNobody() {
		// On Spring Boot 4.0, a request on a connection that is kept alive was not always
		// read, although all threads of the server were idle
		ChildJvm.runOnEachJdk(List.of("-XX:ActiveProcessorCount=2", "-Dhttp.keepAlive=false"),
				(file) -> !file.matches("(tomcat|wiremock|spring-webmvc|spring-boot-(webmvc|servlet|tomcat)).*"),
				Application.class);
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	public static class Application {

		private static final int CALLERS = 60;

		private static final int BOUNDED_ELASTIC = 20;

		private static final AtomicInteger arrived = new AtomicInteger();

		private static final ExecutorService threads = Executors.newCachedThreadPool();

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				try (RawServer server = new RawServer(HostApplications.exampleAfter(Duration.ofMillis(200)));
						ConfigurableApplicationContext context = new SpringApplicationBuilder(Application.class)
							.web(WebApplicationType.REACTIVE)
							.run("--spring.main.banner-mode=off", "--server.port=0",
									"--management.endpoints.web.exposure.include=*",
									"--management.endpoint.health.probes.enabled=true",
									"--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=key",
									"--engagelab.sms.dev-secret=secret", "--engagelab.sms.refresh.interval=1s",
									"--engagelab.sms.http.read-timeout=1m",
									"--engagelab.sms.http.request-timeout=1m")) {
					assertThat(Schedulers.DEFAULT_BOUNDED_ELASTIC_SIZE).isEqualTo(BOUNDED_ELASTIC);
					String url = "http://localhost:" + context.getEnvironment().getProperty("local.server.port");
					// Once each: first times are slow
					get(url + "/actuator/health/liveness");
					get(url + "/actuator/prometheus");
					manyCallers(url);
					blockedByTheApplication(url, server, context);
				}
			});
		}

		private static void manyCallers(String url) throws Exception {
			List<Future<String>> callers = IntStream.range(0, CALLERS)
				.mapToObj((caller) -> threads.submit(() -> get(url + "/blocking")))
				.toList();
			HostApplications.await().untilAtomic(arrived, Matchers.equalTo(CALLERS));
			do {
				get(url + "/actuator/health/liveness");
				get(url + "/actuator/prometheus");
			}
			while (!callers.stream().allMatch(Future::isDone));
			for (Future<String> caller : callers) {
				assertThat(caller.get(HostApplications.PATIENCE.toSeconds(), TimeUnit.SECONDS)).isEqualTo("14.3456");
			}
		}

		private static void blockedByTheApplication(String url, RawServer server,
				ConfigurableApplicationContext context) throws Exception {
			CountDownLatch release = new CountDownLatch(1);
			AtomicInteger blocked = new AtomicInteger();
			for (int i = 0; i < 10 * BOUNDED_ELASTIC; i++) {
				Schedulers.boundedElastic().schedule(() -> {
					blocked.incrementAndGet();
					awaitUninterruptibly(release);
				});
			}
			HostApplications.await().untilAtomic(blocked, Matchers.equalTo(BOUNDED_ELASTIC));
			long start = System.nanoTime();
			int polls = server.requests().size();
			HostApplications.await().until(() -> server.requests().size() >= polls + 2);
			ChildJvm.measured("2 polls while blocked: %s", ChildJvm.since(start));
			start = System.nanoTime();
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			Future<SmsBalance> blocking = threads.submit(() -> service.getBalance());
			Future<SmsBalance> reactive = context.getBean(ReactiveSmsBalanceService.class).getBalance().toFuture();
			Future<String> overHttp = threads.submit(() -> get(url + "/reactive"));
			for (Future<?> answer : List.of(blocking, reactive, overHttp)) {
				assertThat(String.valueOf(answer.get(HostApplications.PATIENCE.toSeconds(), TimeUnit.SECONDS)))
					.contains("14");
			}
			ChildJvm.measured("callers while blocked: %s", ChildJvm.since(start));
			release.countDown();
		}

		private static void awaitUninterruptibly(CountDownLatch latch) {
			while (latch.getCount() > 0) {
				try {
					latch.await();
				}
				catch (InterruptedException ex) {
					// Blocked is blocked
				}
			}
		}

		private static String get(String url) throws Exception {
			HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
			connection.setConnectTimeout((int) HostApplications.PATIENCE.toMillis());
			connection.setReadTimeout((int) HostApplications.PATIENCE.toMillis());
			assertThat(connection.getResponseCode()).as(url).isEqualTo(200);
			try (InputStream in = connection.getInputStream()) {
				return new String(in.readAllBytes(), StandardCharsets.UTF_8);
			}
		}

		@Bean
		RouterFunction<ServerResponse> balance(SmsBalanceService service, ReactiveSmsBalanceService reactive) {
			return RouterFunctions.route().GET("/blocking", (request) -> {
				arrived.incrementAndGet();
				// As Spring advises where a call blocks
				return respond(Mono.fromCallable(service::getBalance).subscribeOn(Schedulers.boundedElastic()));
			}).GET("/reactive", (request) -> respond(reactive.getBalance())).build();
		}

		private static Mono<ServerResponse> respond(Mono<SmsBalance> balance) {
			return balance.flatMap((value) -> ServerResponse.ok().bodyValue(value.totalBalance().toPlainString()));
		}

	}

}

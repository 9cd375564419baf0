package io.github.engagelab.sms.client;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.http.RequestMethod;
import com.github.tomakehurst.wiremock.junit5.WireMockExtension;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

@ExtendWith(OutputCaptureExtension.class)
class WebClientSmsBalanceClientTests {

	@RegisterExtension
	static final WireMockExtension server = WireMockExtension.newInstance()
		.options(WireMockConfiguration.options().dynamicPort())
		.build();

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false");

	@Test
	void getBalanceSendsTheDocumentedRequest() {
		server.stubFor(WireMock.any(WireMock.anyUrl()).willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(server.findAll(WireMock.anyRequestedFor(WireMock.anyUrl()))).singleElement()
				.satisfies((request) -> {
					assertThat(request.getMethod()).isEqualTo(RequestMethod.GET);
					assertThat(request.getUrl()).isEqualTo("/v1/balance");
					assertThat(request.getBody()).isEmpty();
					assertThat(request.header("Authorization").values())
						.containsExactly("Basic amlndWFuZ2RldjpkZXZfc2VjcmV0");
					assertThat(request.containsHeader("Cookie")).isFalse();
				});
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "/", "/gateway", "/gateway/", "/a%20b" })
	void getBalanceWhenBaseUrlHasPathAppendsToIt(String path) {
		server.stubFor(WireMock.any(WireMock.anyUrl()).willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl() + path).run((context) -> {
			context.getBean(SmsBalanceService.class).getBalance();
			assertThat(server.findAll(WireMock.anyRequestedFor(WireMock.anyUrl()))).extracting(LoggedRequest::getUrl)
				.containsExactly(path.replaceAll("/$", "") + "/v1/balance");
		});
	}

	@Test
	void getBalanceReadsTheDocumentedExample() {
		server.stubFor(WireMock.get("/v1/balance").willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
			SmsBalance balance = context.getBean(SmsBalanceService.class).getBalance();
			assertThat(balance).isEqualTo(new SmsBalance(123456, 20000, 143456));
			StepVerifier.create(context.getBean(ReactiveSmsBalanceService.class).getBalance())
				.expectNext(balance)
				.verifyComplete();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "json", "text/html", "application/json; charset=utf8mb4",
			"application/json, application/json", "" })
	void getBalanceWhenContentTypeIsWrongReadsTheBody(String contentType) {
		try (RawServer raw = new RawServer((request, number, out, socket) -> out
			.write(RawServer.http((number == 1) ? "200 OK" : "401 Unauthorized",
					(number == 1) ? RawServer.EXAMPLE : "{\"code\":2001}", "Content-Type: " + contentType)))) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + raw.baseUrl()).run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				assertThat(service.getBalance()).isEqualTo(new SmsBalance(123456, 20000, 143456));
				assertThat(catchThrowableOfType(SmsBalanceException.class, service::getBalance).getFailure())
					.isEqualTo(SmsBalanceFailure.INVALID_CREDENTIALS);
			});
		}
	}

	@ParameterizedTest
	@CsvSource({ "500, 1000, SERVER_ERROR, internal problem", "401, 2001, INVALID_CREDENTIALS, dev-key and dev-secret",
			"401, 2002, CREDENTIALS_DISABLED, expired or disabled",
			"403, 2002, MERCHANT_DELETED, deleted the merchant" })
	void getBalanceWhenDocumentedErrorFailsWithAllOfIt(int status, int code, SmsBalanceFailure failure, String hint) {
		server.stubFor(WireMock.get("/v1/balance")
			.willReturn(WireMock.jsonResponse("{\"code\":%d,\"message\":\"so it is\"}".formatted(code), status)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.retry.delay=1ms")
			.run((context) -> {
				SmsBalanceException exception = catchThrowableOfType(SmsBalanceException.class,
						context.getBean(SmsBalanceService.class)::getBalance);
				assertThat(exception.getAccount()).isEqualTo("default");
				assertThat(exception.getFailure()).isEqualTo(failure);
				assertThat(exception.getStatus()).isEqualTo(status);
				assertThat(exception.getCode()).isEqualTo(code);
				assertThat(exception.getProviderMessage()).isEqualTo("so it is");
				assertThat(exception.getFailure().getHint()).contains(hint);
				assertThat(exception).hasMessage(
						"EngageLab SMS account 'default': %s (HTTP %d, code %d, \"so it is\"). %s", failure, status,
						code, failure.getHint());
			});
	}

	@Test
	void getBalanceWhenProviderMessageIsHostileTamesIt() {
		server.stubFor(WireMock.get("/v1/balance")
			.willReturn(WireMock.jsonResponse(
					"""
							{"code":2001,"message":"amlndWFuZ2RldjpkZXZfc2VjcmV0 jiguangdev dev_secret\\r\\nFAKE LOG LINE %s"}"""
						.formatted("x".repeat(1000)),
					401)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
			SmsBalanceException exception = catchThrowableOfType(SmsBalanceException.class,
					context.getBean(SmsBalanceService.class)::getBalance);
			assertThat(exception.getProviderMessage()).startsWith("****** ****** ******  FAKE LOG LINE x")
				.endsWith("xxx...")
				.hasSize(203);
		});
	}

	@Test
	void getBalanceWhenCodeIsNoIntegerLeavesItOut() {
		server.stubFor(WireMock.get("/v1/balance")
			.willReturn(WireMock.jsonResponse("{\"code\":99999999999,\"message\":5}", 401)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
			SmsBalanceException exception = catchThrowableOfType(SmsBalanceException.class,
					context.getBean(SmsBalanceService.class)::getBalance);
			assertThat(exception.getFailure()).isEqualTo(SmsBalanceFailure.ACCESS_DENIED);
			assertThat(exception.getCode()).isNull();
			assertThat(exception.getProviderMessage()).isNull();
		});
	}

	@Test
	void getBalanceWhenCredentialsAreRotatedSendsTheNewOnes() {
		server.stubFor(WireMock.get("/v1/balance").willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		RotatingDetails details = new RotatingDetails(server.baseUrl());
		this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> details).run((context) -> {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			service.getBalance();
			service.getBalance();
			assertThat(server.findAll(WireMock.anyRequestedFor(WireMock.anyUrl())))
				.extracting((request) -> request.header("Authorization").firstValue())
				.containsExactlyInAnyOrder("Basic a2V5OnNlY3JldDE=", "Basic a2V5OnNlY3JldDI=");
		});
	}

	@Test
	void getBalanceWhenRetriedAsksForCredentialsAgain() {
		try (RawServer failing = new RawServer((request, number, out, socket) -> out
			.write((number == 1) ? RawServer.http("500 Oops", "") : RawServer.http("200 OK", RawServer.EXAMPLE)))) {
			RotatingDetails details = new RotatingDetails(failing.baseUrl());
			this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> details)
				.withPropertyValues("engagelab.sms.retry.delay=1ms")
				.run((context) -> {
					context.getBean(SmsBalanceService.class).getBalance();
					assertThat(failing.requests()).hasSize(2);
					assertThat(failing.requests().get(1)).contains("Basic a2V5OnNlY3JldDI=");
				});
		}
	}

	@Test
	void getBalanceWhenMaxAgeIsMetDoesNotAsk() {
		server.stubFor(WireMock.get("/v1/balance").willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			SmsBalance balance = service.getBalance(Duration.ofHours(1));
			assertThat(service.getBalance(Duration.ofHours(1))).isSameAs(balance);
			assertThat(context.getBean(ReactiveSmsBalanceService.class).getBalance(Duration.ofHours(1)).block())
				.isSameAs(balance);
			server.verify(1, WireMock.anyRequestedFor(WireMock.anyUrl()));
			service.getBalance(Duration.ZERO);
			server.verify(2, WireMock.anyRequestedFor(WireMock.anyUrl()));
		});
	}

	@Test
	void getBalanceWhenGivenUpClosesTheConnectionAndLogsNoError(CapturedOutput output) {
		try (RawServer silent = new RawServer((request, number, out, socket) -> socket.getInputStream()
			.transferTo(OutputStream.nullOutputStream()))) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + silent.baseUrl(),
						"engagelab.sms.http.request-timeout=300ms")
				.run((context) -> {
					assertThat(catchThrowableOfType(SmsBalanceException.class,
							context.getBean(SmsBalanceService.class)::getBalance)
						.getFailure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
					Awaitility.await().until(() -> silent.connections() == 0);
				});
			assertThat(output).doesNotContain("onErrorDropped").doesNotContain("Exception\n\tat");
		}
	}

	@Test
	void getBalanceWhenTotalContradictsItsPartsWarnsOnceUntilItIsConsistent(CapturedOutput output) {
		String contradictory = RawServer.EXAMPLE.replace("143456,", "143457,");
		try (RawServer odd = new RawServer((request, number, out, socket) -> out
			.write(RawServer.http("200 OK", (number == 3) ? RawServer.EXAMPLE : contradictory)))) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + odd.baseUrl()).run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				SmsBalance expected = new SmsBalance(123456, 20000, 143457);
				assertThat(service.getBalance()).isEqualTo(expected);
				assertThat(service.getBalance()).isEqualTo(expected);
				assertThat(contradictions(output)).singleElement()
					.asString()
					.contains("WARN", "'default'", "balance10000 is 123456", "gift_balance10000 is 20000",
							"total_balance10000 is 143457");
				assertThat(service.getBalance()).isEqualTo(new SmsBalance(123456, 20000, 143456));
				assertThat(service.getBalance()).isEqualTo(expected);
				assertThat(contradictions(output)).hasSize(2);
			});
		}
	}

	private static List<String> contradictions(CapturedOutput output) {
		return output.getAll().lines().filter((line) -> line.contains("not the sum of its parts")).toList();
	}

	@Test
	void getBalanceWhenServerFailsForEverDoesNotRetryBeyondTheRequestTimeout() {
		try (RawServer failing = new RawServer(RawServer.respond("500 Oops", ""))) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + failing.baseUrl(),
						"engagelab.sms.retry.max-retries=10000", "engagelab.sms.retry.delay=20ms",
						"engagelab.sms.retry.max-delay=20ms", "engagelab.sms.http.request-timeout=600ms")
				.run((context) -> {
					long begin = System.nanoTime();
					assertThat(catchThrowable(context.getBean(SmsBalanceService.class)::getBalance))
						.isInstanceOf(SmsBalanceException.class);
					assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofMillis(600),
							Duration.ofMillis(1600));
					// One may just be on its way
					Awaitility.await().pollDelay(Duration.ofMillis(20)).until(() -> true);
					int requests = failing.requests().size();
					assertThat(requests).isGreaterThan(1);
					Awaitility.await()
						.during(Duration.ofMillis(300))
						.atMost(Duration.ofSeconds(2))
						.until(() -> failing.requests().size() == requests);
				});
		}
	}

	@Test
	void getBalanceWhenRetryAfterEndsBeyondTheRequestTimeoutDoesNotWaitForIt() {
		try (RawServer busy = new RawServer(RawServer.respond("429 Slow Down", "", "Retry-After: 2"))) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + busy.baseUrl(), "engagelab.sms.retry.max-delay=10s",
						"engagelab.sms.http.request-timeout=600ms")
				.run((context) -> {
					long begin = System.nanoTime();
					assertThat(catchThrowable(context.getBean(SmsBalanceService.class)::getBalance))
						.isInstanceOf(SmsBalanceException.class);
					assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMillis(1600));
					assertThat(busy.requests()).hasSize(1);
				});
		}
	}

	@Test
	void getBalanceWhenConnectTimesOutIsUnreachable() throws IOException {
		try (FullServer full = new FullServer()) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + full.baseUrl(), "engagelab.sms.retry.max-retries=0",
						"engagelab.sms.http.connect-timeout=200ms")
				.run((context) -> {
					SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class,
							context.getBean(SmsBalanceService.class)::getBalance);
					assertThat(failure.getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
					assertThat(failure.getReason()).startsWith("ConnectException: HTTP connect timed out (127.0.0.1:");
					assertThat(failure.getCause()).isNull();
				});
		}
	}

	@Test
	void newClientMakesNothingBeforeItsFirstRequest() {
		server.stubFor(WireMock.get("/v1/balance").willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		Set<String> made = ConcurrentHashMap.newKeySet();
		try (EngageLabSmsThreads threads = new EngageLabSmsThreads(
				Executors.newSingleThreadScheduledExecutor(recording(made, "timer")),
				Executors.newCachedThreadPool(recording(made, "workers")),
				(name) -> Executors.newSingleThreadExecutor(recording(made, name)), System::nanoTime,
				Clock.systemUTC());
				WebClientSmsBalanceClient client = new WebClientSmsBalanceClient(new RotatingDetails(server.baseUrl()),
						new WebClientSmsBalanceClient.Settings(Duration.ofSeconds(2), Duration.ofSeconds(5), 0,
								Duration.ofMillis(1), Duration.ofMillis(1), false, () -> {
									made.add("bundle");
									return SslBundle.systemDefault();
								}, null, Map.of()),
						List.of((builder) -> made.add("builder")), ObservationRegistry.NOOP, threads)) {
			Mono<SmsBalance> balance = client.getBalance("default");
			assertThat(made).isEmpty();
			assertThat(balance.block(Duration.ofSeconds(15))).isNotNull();
			assertThat(balance.block(Duration.ofSeconds(15))).isNotNull();
			assertThat(made).containsExactlyInAnyOrder("workers", "bundle", "builder");
		}
	}

	private static ThreadFactory recording(Set<String> made, String name) {
		return (task) -> {
			made.add(name);
			Thread thread = new Thread(task, name);
			thread.setDaemon(true);
			return thread;
		};
	}

	@Test
	void getBalanceSendsTheHeadersThatAreSet() {
		server.stubFor(WireMock.get("/v1/balance").willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		this.runner
			.withPropertyValues("engagelab.sms.http.headers.X-Gateway-Token=t",
					"engagelab.sms.base-url=" + server.baseUrl())
			.run((context) -> {
				context.getBean(SmsBalanceService.class).getBalance();
				server.verify(WireMock.getRequestedFor(WireMock.urlEqualTo("/v1/balance"))
					.withHeader("X-Gateway-Token", WireMock.equalTo("t"))
					.withHeader("User-Agent", WireMock.matching("engagelab-sms-spring-boot(/\\d.*)?")));
				assertThat(context.getBean(EngageLabSmsProperties.class).http().toString()).contains("X-Gateway-Token")
					.doesNotContain("Token=");
			});
		this.runner
			.withPropertyValues("engagelab.sms.http.headers.user-agent=own",
					"engagelab.sms.base-url=" + server.baseUrl())
			.run((context) -> {
				context.getBean(SmsBalanceService.class).getBalance();
				server.verify(WireMock.getRequestedFor(WireMock.urlEqualTo("/v1/balance"))
					.withHeader("User-Agent", WireMock.equalTo("own")));
			});
	}

	@Test
	void getBalanceWhenObservedShowsThePathAlone() {
		server.stubFor(WireMock.any(WireMock.anyUrl()).willReturn(WireMock.okJson(RawServer.EXAMPLE)));
		this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl() + "/gateway").run((context) -> {
			context.getBean(SmsBalanceService.class).getBalance();
			// The caller has its answer before the observation of the request stops
			Awaitility.await()
				.ignoreExceptions()
				.untilAsserted(
						() -> assertThat(context.getBean(MeterRegistry.class).get("http.client.requests").timers())
							.singleElement()
							.satisfies((timer) -> {
								assertThat(timer.count()).isEqualTo(1);
								assertThat(timer.getId().getTag("uri")).isEqualTo("/gateway/v1/balance");
								assertThat(timer.getId().getTag("status")).isEqualTo("200");
							}));
		});
	}

	/**
	 * A server that accepts no connection, with no room for one that waits.
	 */
	private static final class FullServer implements Closeable {

		private final ServerSocket serverSocket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());

		private final List<Socket> waiting = new ArrayList<>();

		private FullServer() throws IOException {
			for (int i = 0; i < 10; i++) {
				Socket socket = new Socket();
				this.waiting.add(socket);
				try {
					socket.connect(this.serverSocket.getLocalSocketAddress(), 200);
				}
				catch (SocketTimeoutException ex) {
					return;
				}
			}
		}

		private String baseUrl() {
			return "http://" + this.serverSocket.getInetAddress().getHostAddress() + ":"
					+ this.serverSocket.getLocalPort();
		}

		@Override
		public void close() throws IOException {
			for (Socket socket : this.waiting) {
				socket.close();
			}
			this.serverSocket.close();
		}

	}

	private static final class RotatingDetails implements EngageLabSmsConnectionDetails {

		private final String baseUrl;

		private int asked;

		private RotatingDetails(String baseUrl) {
			this.baseUrl = baseUrl;
		}

		@Override
		public URI getBaseUrl(String account) {
			return URI.create(this.baseUrl);
		}

		@Override
		public synchronized Credentials getCredentials(String account) {
			this.asked++;
			return new Credentials("key", "secret" + this.asked);
		}

	}

}

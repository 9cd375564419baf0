package io.github.engagelab.sms.client;

import java.io.OutputStream;
import java.net.URI;
import java.time.Duration;

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
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.test.StepVerifier;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
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

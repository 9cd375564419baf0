package io.github.engagelab.sms.client;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RawServer.Script;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * An exchange that is given up leaves no connection behind, however far it had come.
 */
@Tag("slow")
class AbandonedExchangeTests {

	private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";

	private static final Duration AT_ONCE = Duration.ofSeconds(1);

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false");

	@ParameterizedTest
	@ValueSource(strings = { "", "HTTP/1.1 200 OK\r\nContent-Le", HEAD, HEAD + "{\"balance10000\":12",
			"HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{\"code\":10" })
	void getBalanceWhenAnswerStopsClosesTheConnection(String beginning) {
		assertThatConnectionIsClosed(begin(beginning), "1s", SmsBalanceFailure.TIMEOUT);
	}

	@ParameterizedTest
	@ValueSource(ints = { 64 * 1024 + 1, 200_000, Integer.MAX_VALUE })
	void getBalanceWhenAnswerIsTooLongClosesTheConnection(int length) {
		assertThatConnectionIsClosed((request, number, out, socket) -> {
			write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
			write(out, " ".repeat(64 * 1024 + 1));
			socket.getInputStream().read();
		}, "5s", SmsBalanceFailure.MALFORMED_RESPONSE);
	}

	@Test
	void getBalanceWhenReadTimeoutFiresClosesTheConnection() {
		try (RawServer server = new RawServer(begin(""))) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(),
						"engagelab.sms.http.read-timeout=200ms", "engagelab.sms.retry.max-retries=0")
				.run((context) -> {
					SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class,
							context.getBean(SmsBalanceService.class)::getBalance);
					assertThat(failure.getFailure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
					Awaitility.await().atMost(AT_ONCE).until(() -> server.connections() == 0);
				});
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "", HEAD })
	void closeWhenAnswerIsAwaitedClosesTheConnectionAndTellsCallers(String beginning) {
		try (RawServer server = new RawServer(begin(beginning))) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
				CompletableFuture<SmsBalance> blocking = new CompletableFuture<>();
				Thread caller = new Thread(() -> {
					try {
						blocking.complete(context.getBean(SmsBalanceService.class).getBalance());
					}
					catch (Throwable ex) {
						blocking.completeExceptionally(ex);
					}
				});
				caller.setDaemon(true);
				caller.start();
				CompletableFuture<SmsBalance> reactive = context.getBean(ReactiveSmsBalanceService.class)
					.getBalance()
					.toFuture();
				Awaitility.await().until(() -> server.requests().size() == 1);
				assertThat(server.connections()).isEqualTo(1);
				context.close();
				Awaitility.await().atMost(AT_ONCE).until(() -> server.connections() == 0);
				assertThatExceptionOfType(CancellationException.class).isThrownBy(reactive::join);
				assertThatExceptionOfType(CancellationException.class).isThrownBy(blocking::join);
				assertThat(server.requests()).hasSize(1);
			});
		}
	}

	@Test
	void closeWhenConnectionIsIdleClosesIt() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				service.getBalance();
				service.getBalance();
				assertThat(server.accepted()).as("one connection serves both").isEqualTo(1);
				assertThat(server.connections()).isEqualTo(1);
				context.close();
				if (Runtime.version().feature() >= 21) {
					// Before, it is the garbage collector's turn
					Awaitility.await().atMost(AT_ONCE).until(() -> server.connections() == 0);
				}
			});
		}
	}

	private void assertThatConnectionIsClosed(Script script, String timeout, SmsBalanceFailure expected) {
		try (RawServer server = new RawServer(script)) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(),
						"engagelab.sms.http.request-timeout=" + timeout)
				.run((context) -> {
					SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class,
							context.getBean(SmsBalanceService.class)::getBalance);
					assertThat(failure.getFailure()).isEqualTo(expected);
					assertThat(server.requests()).hasSize(1);
					Awaitility.await().atMost(AT_ONCE).until(() -> server.connections() == 0);
				});
		}
	}

	private static Script begin(String beginning) {
		return (request, number, out, socket) -> {
			write(out, beginning);
			socket.getInputStream().read();
		};
	}

	private static void write(OutputStream out, String text) throws IOException {
		out.write(text.getBytes(StandardCharsets.US_ASCII));
		out.flush();
	}

}

package io.github.engagelab.sms.client;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RawServer.Script;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * An exchange that is given up leaves no connection behind, however far it had come: by
 * the JDK's client, which does not see to that by itself as the others do.
 */
class AbandonedExchangeTests {

	private static final String HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";

	@ParameterizedTest
	@ValueSource(strings = { "", "HTTP/1.1 200 OK\r\nContent-Le", HEAD, HEAD + "{\"balance10000\":12",
			"HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\n{\"code\":10" })
	void getBalanceWhenAnswerStopsClosesTheConnection(String beginning) {
		assertThatConnectionIsClosed((request, number, out, socket) -> {
			write(out, beginning);
			socket.getInputStream().read();
		}, "300ms", SmsBalanceFailure.TIMEOUT);
	}

	@ParameterizedTest
	@ValueSource(ints = { 200_000, Integer.MAX_VALUE })
	void getBalanceWhenAnswerIsTooLongClosesTheConnection(int length) {
		assertThatConnectionIsClosed((request, number, out, socket) -> {
			write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\n");
			for (int written = 0; written < length / 2; written += 1000) {
				write(out, " ".repeat(1000));
			}
			socket.getInputStream().read();
		}, "5s", SmsBalanceFailure.MALFORMED_RESPONSE);
	}

	private void assertThatConnectionIsClosed(Script script, String timeout, SmsBalanceFailure expected) {
		try (RawServer server = new RawServer(script)) {
			TestContexts.runner()
				.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.enabled=false",
						"engagelab.sms.http.request-timeout=" + timeout)
				.run((context) -> {
					SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class,
							context.getBean(SmsBalanceService.class)::getBalance);
					assertThat(failure.getFailure()).isEqualTo(expected);
					assertThat(server.requests()).hasSize(1);
					Awaitility.await().until(() -> server.connections() == 0);
				});
		}
	}

	private static void write(OutputStream out, String text) throws IOException {
		out.write(text.getBytes(StandardCharsets.US_ASCII));
		out.flush();
	}

}

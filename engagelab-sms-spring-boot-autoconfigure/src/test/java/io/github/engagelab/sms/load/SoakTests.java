package io.github.engagelab.sms.load;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

/**
 * Twenty thousand refreshes by a provider that fails in every way it can, always in the
 * same order: nothing may pile up.
 */
@Tag("soak")
class SoakTests {

	private static final long SEED = 20261101;

	private static final int WARM_UP = 1_000;

	private static final int REFRESHES = 20_000;

	private static final long HEAP_TOLERANCE = 2 * 1024 * 1024;

	/**
	 * Of pools that grow and shrink with what there is to do. A leak of one in a thousand
	 * refreshes would be 19.
	 */
	private static final int THREAD_TOLERANCE = 8;

	private static final int SOCKET_TOLERANCE = 8;

	private static final String HTML = "<html><body>Bad Gateway</body></html>";

	private final Logger logger = (Logger) LoggerFactory.getLogger("io.github.engagelab.sms");

	private final Map<String, Integer> outcomes = new TreeMap<>();

	@BeforeEach
	void setUp() {
		// Thousands of changes of state are a WARN each
		this.logger.setLevel(Level.ERROR);
	}

	@AfterEach
	void tearDown() {
		this.logger.setLevel(null);
	}

	@Test
	void refreshWhenFaultsAreRandomLeavesNothingBehind() {
		Random random = new Random(SEED);
		try (RawServer server = new RawServer((request, number, out, socket) -> answer(random, out, socket))) {
			TestContexts.runner()
				.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.enabled=false",
						"engagelab.sms.http.read-timeout=150ms", "engagelab.sms.http.request-timeout=500ms",
						"engagelab.sms.retry.delay=1ms", "engagelab.sms.retry.max-delay=2ms")
				.run((context) -> {
					SmsBalanceMonitor monitor = context.getBean(SmsBalanceMonitors.class).get("default");
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					long begin = System.nanoTime();
					refresh(0, WARM_UP, monitor, service, server);
					Footprint before = Footprint.measure();
					print(WARM_UP, before, begin);
					refresh(WARM_UP, REFRESHES, monitor, service, server);
					Footprint after = Footprint.measure();
					print(REFRESHES, after, begin);
					System.out.println("soak: outcomes " + this.outcomes);
					assertThat(this.outcomes).containsKeys("success", "SERVER_ERROR", "INVALID_CREDENTIALS",
							"RATE_LIMITED", "MALFORMED_RESPONSE", "UNREACHABLE", "TIMEOUT");
					assertThat(after.heap()).isLessThan(before.heap() + HEAP_TOLERANCE);
					assertThat(after.threads()).isLessThanOrEqualTo(before.threads() + THREAD_TOLERANCE);
					Awaitility.await().until(() -> server.connections() <= SOCKET_TOLERANCE);
					assumeThat(after.sockets()).as("only Linux tells the open sockets, in /proc/self/fd").isPresent();
					assertThat(after.sockets().getAsInt())
						.isLessThanOrEqualTo(before.sockets().getAsInt() + SOCKET_TOLERANCE);
				});
		}
	}

	private void refresh(int from, int to, SmsBalanceMonitor monitor, SmsBalanceService service, RawServer server) {
		for (int i = from; i < to; i++) {
			String outcome = "success";
			try {
				if (i % 2 == 0) {
					join(monitor);
				}
				else {
					service.getBalance();
				}
			}
			catch (SmsBalanceException ex) {
				outcome = ex.getFailure().name();
			}
			this.outcomes.merge(outcome, 1, Integer::sum);
			// It remembers them all
			server.requests().clear();
		}
	}

	private static void join(SmsBalanceMonitor monitor) {
		try {
			monitor.refresh().join();
		}
		catch (CompletionException ex) {
			if (ex.getCause() instanceof SmsBalanceException failure) {
				throw failure;
			}
			throw ex;
		}
	}

	private void print(int refreshes, Footprint footprint, long begin) {
		System.out.println(
				"soak: after %d refreshes: %s; %.0f s, seed %d".formatted(refreshes, footprint, seconds(begin), SEED));
	}

	private static double seconds(long begin) {
		return (System.nanoTime() - begin) / 1e9;
	}

	/**
	 * Answer a request: well in six of ten cases, slowly in a few of a thousand.
	 */
	private static void answer(Random random, OutputStream out, Socket socket) throws IOException {
		int dice;
		synchronized (random) {
			dice = random.nextInt(1000);
		}
		if (dice < 600) {
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		}
		else if (dice < 660) {
			out.write(RawServer.http("500 Internal Server Error", "{\"code\":1000,\"message\":\"internal\"}"));
		}
		else if (dice < 720) {
			out.write(RawServer.http("401 Unauthorized", "{\"code\":2001,\"message\":\"no\"}"));
		}
		else if (dice < 780) {
			out.write(RawServer.http("429 Too Many Requests", "", "Retry-After: 60"));
		}
		else if (dice < 840) {
			out.write(RawServer.http("200 OK", HTML));
		}
		else if (dice < 880) {
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE.substring(0, 60)));
		}
		else if (dice < 920) {
			out.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"balance1".getBytes(StandardCharsets.US_ASCII));
			out.flush();
			socket.close();
		}
		else if (dice < 960) {
			socket.setSoLinger(true, 0);
			socket.close();
		}
		else if (dice < 996) {
			socket.close();
		}
		else if (dice < 998) {
			socket.getInputStream().read();
		}
		else {
			out.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
			out.flush();
			socket.getInputStream().read();
		}
	}

}

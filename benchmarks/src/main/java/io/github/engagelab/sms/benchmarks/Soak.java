package io.github.engagelab.sms.benchmarks;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.benchmarks.app.Footprint;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;

import org.springframework.context.ConfigurableApplicationContext;

/**
 * Twenty thousand refreshes by a provider that fails in every way it can, always in the
 * same order: nothing may pile up.
 */
final class Soak {

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

	private static final List<String> OUTCOMES = List.of("success", "SERVER_ERROR", "INVALID_CREDENTIALS",
			"RATE_LIMITED", "MALFORMED_RESPONSE", "UNREACHABLE", "TIMEOUT");

	private final Map<String, Integer> outcomes = new TreeMap<>();

	private final SmsBalanceMonitor monitor;

	private final SmsBalanceService service;

	private Soak(ConfigurableApplicationContext context) {
		this.monitor = context.getBean(SmsBalanceMonitors.class).get("default");
		this.service = context.getBean(SmsBalanceService.class);
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int refreshes = arguments.isEmpty() ? REFRESHES : Integer.parseInt(arguments.get(0));
		Random random = new Random(SEED);
		try (FaultyServer server = new FaultyServer((out, socket) -> answer(random, out, socket));
				ConfigurableApplicationContext context = Reads.start(server.baseUrl(),
						"--engagelab.sms.http.read-timeout=150ms", "--engagelab.sms.http.request-timeout=500ms",
						"--engagelab.sms.retry.delay=1ms",
						// Thousands of changes of state are a WARN each
						"--engagelab.sms.retry.max-delay=2ms", "--logging.level.io.github.engagelab.sms=error")) {
			Soak soak = new Soak(context);
			soak.refresh(0, WARM_UP);
			Footprint before = Footprint.measure();
			soak.refresh(WARM_UP, refreshes);
			Footprint after = Footprint.measure();
			System.out.printf("%nAfter %d refreshes, seed %d: %s%nAfter %d refreshes: %s%nOutcomes: %s%n", WARM_UP,
					SEED, before, refreshes, after, soak.outcomes);
			soak.compare(report, before, after);
		}
	}

	private void compare(Report report, Footprint before, Footprint after) {
		report.mustHold("every kind of fault has occurred", this.outcomes.keySet().containsAll(OUTCOMES), "%s",
				this.outcomes.keySet());
		long heap = after.heap() - before.heap();
		report.mustHold("faults leave no memory behind", heap < HEAP_TOLERANCE, "%d KiB", heap / 1024);
		int threads = after.threads() - before.threads();
		report.mustHold("no threads", threads <= THREAD_TOLERANCE, "%d", threads);
		int sockets = after.sockets().orElse(0) - before.sockets().orElse(0);
		report.mustHold("and no sockets", sockets <= SOCKET_TOLERANCE, "%d", sockets);
	}

	private void refresh(int from, int to) {
		for (int i = from; i < to; i++) {
			String outcome = "success";
			try {
				if (i % 2 == 0) {
					join(this.monitor);
				}
				else {
					this.service.getBalance();
				}
			}
			catch (SmsBalanceException ex) {
				outcome = ex.getFailure().name();
			}
			this.outcomes.merge(outcome, 1, Integer::sum);
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

	// Well in six of ten cases, slowly in a few of a thousand
	private static void answer(Random random, OutputStream out, Socket socket) throws IOException {
		int dice;
		synchronized (random) {
			dice = random.nextInt(1000);
		}
		if (dice < 600) {
			out.write(FaultyServer.http("200 OK", Provider.EXAMPLE));
		}
		else if (dice < 660) {
			out.write(FaultyServer.http("500 Internal Server Error", "{\"code\":1000,\"message\":\"internal\"}"));
		}
		else if (dice < 720) {
			out.write(FaultyServer.http("401 Unauthorized", "{\"code\":2001,\"message\":\"no\"}"));
		}
		else if (dice < 780) {
			out.write(FaultyServer.http("429 Too Many Requests", "", "Retry-After: 60"));
		}
		else if (dice < 840) {
			out.write(FaultyServer.http("200 OK", HTML));
		}
		else if (dice < 880) {
			out.write(FaultyServer.http("200 OK", Provider.EXAMPLE.substring(0, 60)));
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

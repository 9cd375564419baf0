package io.github.engagelab.sms.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.github.engagelab.sms.benchmarks.app.Application;

/**
 * What the provider is asked by several replicas, with and without the cluster.
 */
final class Replicas {

	private static final int[] REPLICAS = { 1, 4, 8 };

	private static final int INTERVAL = 2;

	private Replicas() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int rounds = arguments.isEmpty() ? 3 : Integer.parseInt(arguments.get(0));
		int intervals = (arguments.size() < 2) ? 10 : Integer.parseInt(arguments.get(1));
		int port = freePort();
		Process redis = new ProcessBuilder("redis-server", "--port", String.valueOf(port), "--bind", "127.0.0.1",
				"--save", "", "--appendonly", "no")
			.redirectErrorStream(true)
			.redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.start();
		Runtime.getRuntime().addShutdownHook(new Thread(redis::destroyForcibly));
		try {
			awaitRedis(port);
			report.table("Requests to the provider an interval, %d rounds of %d intervals".formatted(rounds, intervals),
					"replicas", "without the cluster", "with it");
			for (int replicas : REPLICAS) {
				Sample alone = new Sample();
				Sample together = new Sample();
				for (int round = 0; round < rounds; round++) {
					alone.add(measure(replicas, intervals));
					together.add(measure(replicas, intervals, "--engagelab.sms.cluster.enabled=true",
							"--engagelab.sms.cluster.name=" + replicas + "-" + round,
							"--spring.data.redis.port=" + port));
				}
				report.row(replicas, alone.text(2), together.text(2));
				report.mustHold(replicas + " replicas with the cluster ask as one does", together.median() <= 1.2,
						"%.2f requests an interval, without it %.2f", together.median(), alone.median());
			}
		}
		finally {
			redis.destroyForcibly();
		}
	}

	private static double measure(int replicas, int intervals, String... arguments) throws Exception {
		List<String> all = new ArrayList<>(List.of("--engagelab.sms.refresh.interval=" + INTERVAL + "s"));
		all.addAll(List.of(arguments));
		List<JavaProcess> running = new ArrayList<>();
		try (JavaProcess provider = JavaProcess.provider()) {
			for (int replica = 0; replica < replicas; replica++) {
				running.add(Variant.CLUSTER.start(Application.class, provider, all.toArray(String[]::new)));
			}
			// Until they have found each other
			Thread.sleep(3 * INTERVAL * 1000L);
			provider.ask("reset");
			Thread.sleep(intervals * INTERVAL * 1000L);
			return provider.ask("requests")[0] / (double) intervals;
		}
		finally {
			running.forEach(JavaProcess::close);
		}
	}

	private static void awaitRedis(int port) throws InterruptedException {
		long end = System.nanoTime() + 20_000_000_000L;
		while (!answers(port)) {
			if (System.nanoTime() > end) {
				throw new IllegalStateException("No answer from Redis");
			}
			Thread.sleep(50);
		}
	}

	private static boolean answers(int port) {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
			socket.setSoTimeout(1_000);
			socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
			return socket.getInputStream().read() == '+';
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static int freePort() throws IOException {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
	}

}

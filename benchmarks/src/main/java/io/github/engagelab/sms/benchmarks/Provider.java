package io.github.engagelab.sms.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The provider: a process of its own that answers each request with the same bytes after
 * the same time, and counts. It is told what to do on its standard input, and ends with
 * it.
 */
public final class Provider {

	private static final String EXAMPLE = """
			{"balance10000":123456,"gift_balance10000":20000,"balance":12.3456,"gift_balance":2,\
			"total_balance10000":143456,"total_balance":14.3456}""";

	private static final byte[] ANSWER = answer("200 OK", EXAMPLE);

	private static final int END_OF_HEAD = 0x0D0A0D0A;

	private final AtomicInteger requests = new AtomicInteger();

	private final AtomicInteger connections = new AtomicInteger();

	private final AtomicInteger mostConnections = new AtomicInteger();

	private final Random random = new Random(20261101);

	// Negative: no answer until it is told otherwise
	private volatile long latency;

	private volatile boolean faulty;

	private Provider() {
	}

	public static void main(String[] args) throws IOException {
		new Provider().run();
		Runtime.getRuntime().halt(0);
	}

	private void run() throws IOException {
		try (ServerSocket server = new ServerSocket(0, 1000, InetAddress.getLoopbackAddress())) {
			daemon(() -> accept(server));
			JavaProcess.answer("started " + server.getLocalPort());
			BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
			for (String command = commands.readLine(); command != null; command = commands.readLine()) {
				JavaProcess.answer(obey(command.split(" ", -1)));
			}
		}
	}

	private String obey(String[] command) {
		return switch (command[0]) {
			case "latency" -> latency(Duration.ofMillis(Long.parseLong(command[1])).toNanos());
			case "hang" -> latency(-1);
			case "faults" -> {
				this.faulty = true;
				yield "faults";
			}
			case "reset" -> reset();
			case "requests" -> "requests " + this.requests;
			case "connections" -> "connections " + this.mostConnections;
			default -> throw new IllegalArgumentException(command[0]);
		};
	}

	private String latency(long nanos) {
		this.latency = nanos;
		return "latency";
	}

	private String reset() {
		this.requests.set(0);
		this.mostConnections.set(this.connections.get());
		return "reset";
	}

	private void accept(ServerSocket server) {
		while (!server.isClosed()) {
			try {
				Socket socket = server.accept();
				socket.setTcpNoDelay(true);
				this.mostConnections.accumulateAndGet(this.connections.incrementAndGet(), Math::max);
				daemon(() -> serve(socket));
			}
			catch (IOException ex) {
				return;
			}
		}
	}

	private void serve(Socket socket) {
		try (socket) {
			InputStream in = socket.getInputStream();
			OutputStream out = socket.getOutputStream();
			byte[] buffer = new byte[8192];
			int end = 0;
			for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
				for (int i = 0; i < length; i++) {
					end = (end << 8) | buffer[i];
					if (end == END_OF_HEAD) {
						this.requests.incrementAndGet();
						if (this.faulty) {
							fail(socket, out);
						}
						else {
							answer(out);
						}
					}
				}
			}
		}
		catch (IOException | InterruptedException ex) {
			// The client has gone
		}
		finally {
			this.connections.decrementAndGet();
		}
	}

	private void answer(OutputStream out) throws IOException, InterruptedException {
		while (this.latency < 0) {
			Thread.sleep(10);
		}
		long end = System.nanoTime() + this.latency;
		for (long left = this.latency; left > 0; left = end - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
		out.write(ANSWER);
	}

	// Well in six of ten cases, slowly in a few of a thousand, always in the same order
	private void fail(Socket socket, OutputStream out) throws IOException {
		int dice = this.random.nextInt(1000);
		if (dice < 600) {
			out.write(ANSWER);
		}
		else if (dice < 680) {
			out.write(answer("500 Internal Server Error", "{\"code\":1000,\"message\":\"internal\"}"));
		}
		else if (dice < 760) {
			out.write(answer("401 Unauthorized", "{\"code\":2001,\"message\":\"no\"}"));
		}
		else if (dice < 800) {
			out.write(answer("429 Too Many Requests", "{\"code\":3004,\"message\":\"later\"}"));
		}
		else if (dice < 880) {
			out.write(answer("200 OK", "<html><body>Bad Gateway</body></html>"));
		}
		else if (dice < 920) {
			// Half an answer
			out.write(ANSWER, 0, ANSWER.length / 2);
			socket.close();
		}
		else if (dice < 996) {
			// With a reset in half of the cases
			socket.setSoLinger(dice % 2 == 0, 0);
			socket.close();
		}
		else {
			// Nothing, or half an answer, until the client goes
			out.write(ANSWER, 0, (dice % 2) * ANSWER.length / 2);
			socket.getInputStream().read();
		}
	}

	private static byte[] answer(String status, String body) {
		return "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
			.formatted(status, body.length(), body)
			.getBytes(StandardCharsets.US_ASCII);
	}

	private static void daemon(Runnable task) {
		Thread thread = new Thread(task, "provider");
		thread.setDaemon(true);
		thread.start();
	}

}

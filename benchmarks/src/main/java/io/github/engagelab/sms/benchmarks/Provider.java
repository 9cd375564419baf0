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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The provider: a process of its own that answers each request with the same bytes after
 * the same time, and counts. It is told what to do on its standard input, and ends with
 * it.
 */
public final class Provider {

	static final String EXAMPLE = """
			{"balance10000":123456,"gift_balance10000":20000,"balance":12.3456,"gift_balance":2,\
			"total_balance10000":143456,"total_balance":14.3456}""";

	static final byte[] ANSWER = ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
			+ EXAMPLE.length() + "\r\n\r\n" + EXAMPLE)
		.getBytes(StandardCharsets.US_ASCII);

	private static final int END_OF_HEAD = 0x0D0A0D0A;

	private final AtomicInteger requests = new AtomicInteger();

	private final AtomicInteger connections = new AtomicInteger();

	private final AtomicInteger mostConnections = new AtomicInteger();

	// Negative: no answer until it is told otherwise
	private volatile long latency;

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
			case "reset" -> reset();
			case "requests" -> "requests " + this.requests;
			case "connections" -> "connections " + this.mostConnections;
			default -> throw new IllegalArgumentException(command[0]);
		};
	}

	private synchronized String latency(long nanos) {
		this.latency = nanos;
		notifyAll();
		return "latency";
	}

	private synchronized long awaitLatency() throws InterruptedException {
		while (this.latency < 0) {
			wait();
		}
		return this.latency;
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
						answer(out);
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
		long wait = (this.latency < 0) ? awaitLatency() : this.latency;
		long end = System.nanoTime() + wait;
		for (long left = wait; left > 0; left = end - System.nanoTime()) {
			LockSupport.parkNanos(left);
		}
		out.write(ANSWER);
	}

	private static void daemon(Runnable task) {
		Thread thread = new Thread(task, "provider");
		thread.setDaemon(true);
		thread.start();
	}

}

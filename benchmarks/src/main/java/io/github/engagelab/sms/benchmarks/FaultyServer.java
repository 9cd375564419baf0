package io.github.engagelab.sms.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A provider that fails in ways in which HTTP servers refuse to.
 */
final class FaultyServer implements Closeable {

	private static final int END_OF_HEAD = 0x0D0A0D0A;

	private final ServerSocket serverSocket;

	private final Script script;

	FaultyServer(Script script) throws IOException {
		this.script = script;
		this.serverSocket = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
		daemon(this::accept);
	}

	String baseUrl() {
		return "http://127.0.0.1:" + this.serverSocket.getLocalPort();
	}

	static byte[] http(String status, String body, String... headers) {
		StringBuilder text = new StringBuilder("HTTP/1.1 ").append(status).append("\r\n");
		for (String header : headers) {
			text.append(header).append("\r\n");
		}
		text.append("Content-Length: ").append(body.length()).append("\r\n\r\n").append(body);
		return text.toString().getBytes(StandardCharsets.US_ASCII);
	}

	@Override
	public void close() throws IOException {
		this.serverSocket.close();
	}

	private void accept() {
		while (!this.serverSocket.isClosed()) {
			try {
				Socket socket = this.serverSocket.accept();
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
			while (!socket.isClosed() && awaitHead(in)) {
				this.script.answer(socket.getOutputStream(), socket);
			}
		}
		catch (IOException ex) {
			// The client has gone
		}
	}

	private static boolean awaitHead(InputStream in) throws IOException {
		int end = 0;
		for (int next = in.read(); next >= 0; next = in.read()) {
			end = (end << 8) | next;
			if (end == END_OF_HEAD) {
				return true;
			}
		}
		return false;
	}

	private static void daemon(Runnable task) {
		Thread thread = new Thread(task, "faulty-server");
		thread.setDaemon(true);
		thread.start();
	}

	/**
	 * What to do with a request.
	 */
	@FunctionalInterface
	interface Script {

		void answer(OutputStream out, Socket socket) throws IOException;

	}

}

package io.github.engagelab.sms.testsupport;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ServerSocketFactory;

/**
 * A server that does what HTTP servers refuse to do. Answers every request by a script.
 */
public final class RawServer implements Closeable {

	/**
	 * The documented example.
	 */
	public static final String EXAMPLE = """
			{"balance10000":123456,"gift_balance10000":20000,"balance":12.3456,"gift_balance":2,\
			"total_balance10000":143456,"total_balance":14.3456}""";

	private final ServerSocket serverSocket;

	private final Script script;

	private final List<String> requests = new CopyOnWriteArrayList<>();

	private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

	private final AtomicInteger running = new AtomicInteger();

	private final AtomicInteger mostAtOnce = new AtomicInteger();

	private final AtomicInteger accepted = new AtomicInteger();

	private final boolean tls;

	public RawServer(Script script) {
		this(script, ServerSocketFactory.getDefault());
	}

	public RawServer(Script script, ServerSocketFactory factory) {
		this.script = script;
		this.tls = factory != ServerSocketFactory.getDefault();
		try {
			this.serverSocket = factory.createServerSocket(0, 200, InetAddress.getLoopbackAddress());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		daemon(this::accept);
	}

	public String baseUrl() {
		return (this.tls ? "https" : "http") + "://localhost:" + this.serverSocket.getLocalPort();
	}

	public int port() {
		return this.serverSocket.getLocalPort();
	}

	/**
	 * Return the heads of the requests seen so far.
	 * @return the request lines and headers
	 */
	public List<String> requests() {
		return this.requests;
	}

	/**
	 * Return how many requests were answered at once at most.
	 * @return the number of requests
	 */
	public int mostAtOnce() {
		return this.mostAtOnce.get();
	}

	/**
	 * Return how many connections are open.
	 * @return the number of connections
	 */
	public int connections() {
		return this.sockets.size();
	}

	/**
	 * Return how many connections there have been, with a request or without.
	 * @return the number of connections
	 */
	public int accepted() {
		return this.accepted.get();
	}

	public static Script respond(String status, String body, String... headers) {
		return (request, number, out, socket) -> out.write(http(status, body, headers));
	}

	public static byte[] http(String status, String body, String... headers) {
		StringBuilder text = new StringBuilder("HTTP/1.1 ").append(status).append("\r\n");
		for (String header : headers) {
			text.append(header).append("\r\n");
		}
		byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
		text.append("Content-Length: ").append(bytes.length).append("\r\n\r\n").append(body);
		return text.toString().getBytes(StandardCharsets.UTF_8);
	}

	@Override
	public void close() {
		closeQuietly(this.serverSocket);
		this.sockets.forEach(RawServer::closeQuietly);
	}

	private void accept() {
		while (!this.serverSocket.isClosed()) {
			try {
				Socket socket = this.serverSocket.accept();
				this.accepted.incrementAndGet();
				this.sockets.add(socket);
				if (this.serverSocket.isClosed()) {
					// Accepted while it was being closed
					closeQuietly(socket);
				}
				daemon(() -> serve(socket));
			}
			catch (IOException ex) {
				return;
			}
		}
	}

	private void serve(Socket socket) {
		try (socket) {
			String request = readHead(socket.getInputStream());
			while (request != null) {
				this.requests.add(request);
				this.mostAtOnce.accumulateAndGet(this.running.incrementAndGet(), Math::max);
				try {
					this.script.answer(request, this.requests.size(), socket.getOutputStream(), socket);
					socket.getOutputStream().flush();
				}
				finally {
					this.running.decrementAndGet();
				}
				request = socket.isClosed() ? null : readHead(socket.getInputStream());
			}
		}
		catch (Exception ex) {
			// The client has gone, or the script wanted it so
		}
		finally {
			this.sockets.remove(socket);
		}
	}

	private static String readHead(InputStream in) throws IOException {
		ByteArrayOutputStream head = new ByteArrayOutputStream();
		for (int next = in.read(); next >= 0; next = in.read()) {
			head.write(next);
			String text = head.toString(StandardCharsets.ISO_8859_1);
			if (text.endsWith("\r\n\r\n")) {
				return text;
			}
		}
		return null;
	}

	private static void daemon(Runnable task) {
		Thread thread = new Thread(task, "raw-server");
		thread.setDaemon(true);
		thread.start();
	}

	private static void closeQuietly(Closeable closeable) {
		try {
			closeable.close();
		}
		catch (IOException ex) {
			// Closed is closed
		}
	}

	/**
	 * What to do with a request. When it returns, the connection stays open for the next
	 * one unless it was closed.
	 */
	@FunctionalInterface
	public interface Script {

		void answer(String request, int number, OutputStream out, Socket socket) throws Exception;

	}

}

package io.github.engagelab.sms.benchmarks;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A server of one thread, so that the threads there are otherwise are the client's. Notes
 * when each account was read.
 */
final class CountingServer implements Closeable {

	private static final String END_OF_HEAD = "\r\n\r\n";

	private static final String AUTHORIZATION = "authorization: basic ";

	private final Selector selector;

	private final ServerSocketChannel serverSocket;

	private Map<String, List<Long>> reads = new HashMap<>();

	private int mostConnections;

	CountingServer() {
		try {
			this.selector = Selector.open();
			this.serverSocket = ServerSocketChannel.open();
			this.serverSocket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
			this.serverSocket.configureBlocking(false).register(this.selector, SelectionKey.OP_ACCEPT);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		Thread thread = new Thread(this::serve, "counting-server");
		thread.setDaemon(true);
		thread.start();
	}

	String baseUrl() {
		return "http://localhost:" + this.serverSocket.socket().getLocalPort();
	}

	/**
	 * Return when each account was read since this was last asked, and forget it.
	 * @return the moments in nanoseconds, by {@code dev_key}
	 */
	synchronized Map<String, List<Long>> takeReads() {
		Map<String, List<Long>> taken = this.reads;
		this.reads = new HashMap<>();
		return taken;
	}

	/**
	 * Return how many connections were open at once at most.
	 * @return the number of connections
	 */
	synchronized int mostConnections() {
		return this.mostConnections;
	}

	@Override
	public void close() {
		try {
			for (SelectionKey key : this.selector.keys()) {
				key.channel().close();
			}
			this.selector.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void serve() {
		try {
			while (this.selector.isOpen()) {
				this.selector.select(this::serve);
			}
		}
		catch (IOException | ClosedSelectorException ex) {
			// Closed is closed
		}
	}

	private void serve(SelectionKey key) {
		try {
			if (key.isAcceptable()) {
				SocketChannel socket = this.serverSocket.accept();
				socket.configureBlocking(false)
					.register(this.selector, SelectionKey.OP_READ, ByteBuffer.allocate(8192));
				countConnections();
			}
			else {
				answer((SocketChannel) key.channel(), (ByteBuffer) key.attachment());
			}
		}
		catch (IOException ex) {
			key.cancel();
		}
	}

	private void answer(SocketChannel socket, ByteBuffer head) throws IOException {
		if (socket.read(head) < 0) {
			socket.close();
			return;
		}
		String text = new String(head.array(), 0, head.position(), StandardCharsets.US_ASCII);
		if (text.endsWith(END_OF_HEAD)) {
			head.clear();
			note(text);
			// It fits into any socket's buffer
			socket.write(ByteBuffer.wrap(Provider.ANSWER));
		}
	}

	private void note(String head) {
		int begin = head.toLowerCase(Locale.ROOT).indexOf(AUTHORIZATION) + AUTHORIZATION.length();
		String credentials = new String(
				Base64.getDecoder().decode(head.substring(begin, head.indexOf('\r', begin)).trim()),
				StandardCharsets.US_ASCII);
		String key = credentials.substring(0, credentials.indexOf(':'));
		synchronized (this) {
			this.reads.computeIfAbsent(key, (name) -> new ArrayList<>()).add(System.nanoTime());
		}
	}

	private synchronized void countConnections() {
		// All but the one that accepts
		this.mostConnections = Math.max(this.mostConnections, this.selector.keys().size() - 1);
	}

}

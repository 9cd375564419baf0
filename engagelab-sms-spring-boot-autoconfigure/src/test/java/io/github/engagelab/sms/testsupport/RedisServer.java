package io.github.engagelab.sms.testsupport;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.awaitility.Awaitility;

import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.util.FileSystemUtils;

/**
 * A real Redis on a port of its own, which keeps nothing: Debian's {@code redis-server}.
 */
public final class RedisServer implements AutoCloseable {

	private final int port = freePort();

	// A replica and a member of a Redis Cluster write files all the same
	private final Path directory;

	private final Process process;

	/**
	 * Start a server.
	 * @param options further options
	 */
	public RedisServer(String... options) {
		try {
			this.directory = Files.createTempDirectory("redis-");
			List<String> command = new ArrayList<>(List.of("redis-server", "--port", String.valueOf(this.port),
					"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", this.directory.toString()));
			command.addAll(List.of(options));
			this.process = new ProcessBuilder(command).redirectErrorStream(true)
				.redirectOutput(Redirect.DISCARD)
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		try {
			Awaitility.await().atMost(Duration.ofSeconds(20)).until(this::answers);
		}
		catch (RuntimeException ex) {
			close();
			throw ex;
		}
	}

	public int port() {
		return this.port;
	}

	/**
	 * Return a factory of connections to this server, to be destroyed by the caller.
	 * @return the factory
	 */
	public LettuceConnectionFactory connectionFactory() {
		LettuceConnectionFactory factory = new LettuceConnectionFactory("127.0.0.1", this.port);
		factory.afterPropertiesSet();
		factory.start();
		return factory;
	}

	@Override
	public void close() {
		this.process.destroyForcibly().onExit().join();
		try {
			FileSystemUtils.deleteRecursively(this.directory);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private boolean answers() {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), this.port)) {
			socket.setSoTimeout(1_000);
			socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
			return socket.getInputStream().read() == '+';
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static int freePort() {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}

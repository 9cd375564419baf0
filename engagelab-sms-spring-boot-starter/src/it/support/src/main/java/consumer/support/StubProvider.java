package consumer.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import org.springframework.boot.SpringBootVersion;

/**
 * A provider that returns the documented example to whoever has the documented
 * credentials.
 */
public final class StubProvider implements AutoCloseable {

	public static final String DEV_KEY = "jiguangdev";

	public static final String DEV_SECRET = "dev_secret";

	private static final String AUTHORIZATION = "Basic amlndWFuZ2RldjpkZXZfc2VjcmV0";

	private static final String BALANCE = """
			{"balance10000":123456,"gift_balance10000":20000,"balance":12.3456,"gift_balance":2,\
			"total_balance10000":143456,"total_balance":14.3456}""";

	private static final String UNAUTHORIZED = """
			{"code":2001,"message":"authentication failed"}""";

	private final HttpServer server;

	private final AtomicInteger requests = new AtomicInteger();

	public StubProvider() {
		try {
			this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.server.createContext("/v1/balance", this::handle);
		this.server.start();
		// From which .ci/matrix knows what a consumer ran on
		System.out.printf("Consumer of Spring Boot %s on Java %d%n", SpringBootVersion.getVersion(),
				Runtime.version().feature());
	}

	public String getUrl() {
		return "http://127.0.0.1:" + this.server.getAddress().getPort();
	}

	public int getRequests() {
		return this.requests.get();
	}

	private void handle(HttpExchange exchange) throws IOException {
		this.requests.incrementAndGet();
		boolean authorized = AUTHORIZATION.equals(exchange.getRequestHeaders().getFirst("Authorization"))
				&& "GET".equals(exchange.getRequestMethod()) && exchange.getRequestURI().getQuery() == null;
		byte[] body = (authorized ? BALANCE : UNAUTHORIZED).getBytes(StandardCharsets.UTF_8);
		exchange.getResponseHeaders().set("Content-Type", "application/json");
		exchange.sendResponseHeaders(authorized ? 200 : 401, body.length);
		try (exchange) {
			exchange.getResponseBody().write(body);
		}
	}

	@Override
	public void close() {
		this.server.stop(0);
	}

}

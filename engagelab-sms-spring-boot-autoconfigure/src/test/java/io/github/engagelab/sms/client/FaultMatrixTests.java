package io.github.engagelab.sms.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RawServer.Script;
import io.github.engagelab.sms.testsupport.TestCertificates;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

import org.springframework.boot.context.annotation.Configurations;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Everything that can go wrong between here and the provider, over real sockets, by every
 * HTTP client an application may have.
 */
@ParameterizedClass
@ValueSource(strings = { "jdk", "reactor", "jetty", "http-components" })
class FaultMatrixTests {

	private static final Duration READ_TIMEOUT = Duration.ofMillis(300);

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(2);

	/**
	 * One try, and the retries of {@code retry.max-retries=2}.
	 */
	private static final int ALL_TRIES = 3;

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private static final String EXAMPLE = RawServer.EXAMPLE;

	private static final String HTML = "<html><body>Bad Gateway</body></html>";

	@TempDir
	static Path directory;

	private static TestCertificates certificates;

	private static final Logger ROOT = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private final String connector;

	private static final Provider provider = new Provider();

	private static AnnotationConfigApplicationContext context;

	FaultMatrixTests(String connector) {
		this.connector = connector;
	}

	@BeforeParameterizedClassInvocation
	static void startContext(String connector) throws IOException {
		certificates = new TestCertificates(Files.createDirectory(directory.resolve(connector)));
		certificates.create("right", "localhost");
		certificates.create("other-host", "elsewhere.example");
		certificates.create("untrusted", "localhost");
		context = new AnnotationConfigApplicationContext();
		TestPropertyValues.of(certificates.trust("right", "other-host"))
			.and("spring.http.clients.reactive.connector=" + connector, "engagelab.sms.http.ssl.bundle=trusted",
					"engagelab.sms.http.read-timeout=" + READ_TIMEOUT.toMillis() + "ms",
					"engagelab.sms.http.request-timeout=" + REQUEST_TIMEOUT.toMillis() + "ms",
					"engagelab.sms.retry.delay=10ms", "engagelab.sms.retry.max-delay=1s",
					"engagelab.sms.refresh.enabled=false")
			.applyTo(context);
		context.registerBean(EngageLabSmsConnectionDetails.class, () -> provider);
		context.register(Configurations.getClasses(TestContexts.AUTO_CONFIGURATIONS));
		context.refresh();
	}

	@AfterParameterizedClassInvocation
	static void closeContext() {
		context.close();
	}

	@BeforeEach
	void listenToTheLog() {
		this.log.start();
		ROOT.addAppender(this.log);
	}

	@AfterEach
	void seeThatNothingWasLoggedAsError() {
		ROOT.detachAppender(this.log);
		assertThat(this.log.list).filteredOn((event) -> event.getLevel().isGreaterOrEqual(Level.ERROR)).isEmpty();
	}

	@ParameterizedTest
	@MethodSource("faults")
	void getBalanceWhenFaultFailsAndKeepsTheLastGoodSnapshot(Fault fault) {
		SmsBalanceService service = context.getBean(SmsBalanceService.class);
		SmsBalanceMonitor monitor = context.getBean(SmsBalanceMonitors.class).all().iterator().next();
		try (RawServer good = new RawServer(RawServer.respond("200 OK", EXAMPLE));
				RawServer elsewhere = new RawServer(RawServer.respond("200 OK", EXAMPLE));
				RawServer bad = fault.server(elsewhere.port())) {
			provider.baseUrl = good.baseUrl();
			assertThat(service.getBalance()).isEqualTo(GOOD);
			var snapshot = monitor.getStatus().snapshot();
			provider.baseUrl = bad.baseUrl();
			long begin = System.nanoTime();
			SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class, service::getBalance);
			Duration elapsed = Duration.ofNanos(System.nanoTime() - begin);
			assertThat(failure).isNotNull();
			assertThat(failure.getFailure()).isEqualTo(fault.failure());
			assertThat(elapsed).isLessThan(fault.bound());
			if (this.connector.equals("jdk") || fault.failure() != SmsBalanceFailure.TIMEOUT) {
				assertThat(bad.requests()).hasSize(fault.requests(this.connector));
			}
			else {
				// Their read timeouts also end some of those silences that the JDK's does
				// not
				assertThat(bad.requests()).hasSizeBetween(1, ALL_TRIES);
			}
			assertThat(elsewhere.requests()).isEmpty();
			if (fault.failure() == SmsBalanceFailure.TIMEOUT && !this.connector.equals("http-components")) {
				// What is given up must not stay open; only Apache's client cannot be
				// told
				Awaitility.await().until(() -> bad.connections() == 0);
			}
			assertThat(monitor.getStatus().snapshot()).isSameAs(snapshot);
			assertThat(monitor.getStatus().failure()).isEqualTo(fault.failure());
			provider.baseUrl = good.baseUrl();
			assertThat(service.getBalance()).isEqualTo(GOOD);
			assertThat(monitor.getStatus().snapshot()).isNotSameAs(snapshot);
			assertThat(monitor.getStatus().lastFailure()).isNull();
		}
	}

	static Stream<Fault> faults() {
		List<Fault> faults = new ArrayList<>();
		faults.addAll(connections());
		faults.addAll(bodies());
		faults.addAll(statuses());
		return faults.stream();
	}

	private static List<Fault> connections() {
		return List.of(new Fault("connection refused", null, SmsBalanceFailure.UNREACHABLE, 0),
				new Fault("reset before headers", (request, number, out, socket) -> reset(socket),
						SmsBalanceFailure.UNREACHABLE, 2 * ALL_TRIES),
				new Fault("reset in headers", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Type: appl");
					reset(socket);
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES),
				new Fault("reset in body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"balance10000\":12");
					reset(socket);
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES),
				new Fault("close in body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"balance10000\":12");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES),
				new Fault("close without reply", (request, number, out, socket) -> socket.close(),
						SmsBalanceFailure.UNREACHABLE, 2 * ALL_TRIES),
				new Fault("empty line as reply", (request, number, out, socket) -> {
					write(out, "\r\n");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES),
				new Fault("no HTTP as reply", (request, number, out, socket) -> {
					write(out, "220 mail.example ESMTP\r\n");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES),
				new Fault("silence before headers", (request, number, out, socket) -> untilClosed(socket),
						SmsBalanceFailure.TIMEOUT, ALL_TRIES),
				new Fault("silence after headers", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
					untilClosed(socket);
				}, SmsBalanceFailure.TIMEOUT, 1),
				new Fault("drip in headers",
						(request, number, out, socket) -> drip(socket, "HTTP/1.1 200 OK\r\nX-Drip: " + "x".repeat(100)),
						SmsBalanceFailure.TIMEOUT, ALL_TRIES),
				new Fault("drip in body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + EXAMPLE.length() + "\r\n\r\n");
					drip(socket, EXAMPLE);
				}, SmsBalanceFailure.TIMEOUT, 1),
				new Fault("certificate of another host", RawServer.respond("200 OK", EXAMPLE),
						SmsBalanceFailure.UNREACHABLE, 0)
					.withCertificate("other-host"),
				new Fault("untrusted certificate", RawServer.respond("200 OK", EXAMPLE), SmsBalanceFailure.UNREACHABLE,
						0)
					.withCertificate("untrusted"));
	}

	private static List<Fault> bodies() {
		String megabyte = EXAMPLE.replace("{", "{\"filler\":\"" + "x".repeat(1024 * 1024) + "\",");
		return List.of(malformed("HTML", HTML), malformed("empty body", ""), malformed("null", "null"),
				malformed("array", "[]"), malformed("empty object", "{}"),
				malformed("error body", "{\"code\":5001,\"message\":\"no\"}"),
				new Fault("200 with code 3004",
						RawServer.respond("200 OK", "{\"code\":3004,\"message\":\"slow down\"}"),
						SmsBalanceFailure.RATE_LIMITED, ALL_TRIES),
				malformed("truncated JSON", EXAMPLE.substring(0, 60)), malformed("trailing junk", EXAMPLE + "}"),
				malformed("trailing document", EXAMPLE + EXAMPLE),
				malformed("missing field", EXAMPLE.replace("\"gift_balance10000\"", "\"gift\"")),
				malformed("null field", EXAMPLE.replace("143456,", "null,")),
				malformed("string field", EXAMPLE.replace("143456,", "\"143456\",")),
				malformed("float field", EXAMPLE.replace("143456,", "143456.5,")),
				malformed("whole float field", EXAMPLE.replace("143456,", "143456.0,")),
				malformed("exponent field", EXAMPLE.replace("143456,", "1e5,")),
				malformed("boolean field", EXAMPLE.replace("143456,", "true,")),
				malformed("overflow", EXAMPLE.replace("143456,", "9223372036854775808,")),
				malformed("duplicate key", EXAMPLE.replace("{", "{\"total_balance10000\":1,")),
				malformed("1 MiB body", megabyte), malformed("deep nesting", "[".repeat(5000)),
				new Fault("endless body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\n\r\n");
					while (!socket.isClosed()) {
						write(out, " ".repeat(8192));
					}
				}, SmsBalanceFailure.MALFORMED_RESPONSE, 1), new Fault("gzip bomb", (request, number, out, socket) -> {
					byte[] bomb = gzip(megabyte.repeat(20));
					write(out,
							"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " + bomb.length + "\r\n\r\n");
					out.write(bomb);
				}, SmsBalanceFailure.MALFORMED_RESPONSE, 1),
				new Fault("wrong charset", (request, number, out, socket) -> {
					byte[] body = EXAMPLE.getBytes(StandardCharsets.UTF_16LE);
					write(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + body.length
							+ "\r\n\r\n");
					out.write(body);
				}, SmsBalanceFailure.MALFORMED_RESPONSE, 1),
				new Fault("bytes that are no UTF-8", (request, number, out, socket) -> {
					byte[] body = EXAMPLE.replace("{", "{\"name\":\"\u00e9\",").getBytes(StandardCharsets.ISO_8859_1);
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
					out.write(body);
				}, SmsBalanceFailure.MALFORMED_RESPONSE, 1),
				new Fault("204", (request, number, out, socket) -> write(out, "HTTP/1.1 204 No Content\r\n\r\n"),
						SmsBalanceFailure.MALFORMED_RESPONSE, 1),
				status("201 Created", EXAMPLE, SmsBalanceFailure.MALFORMED_RESPONSE, 1),
				status("206 Partial Content", EXAMPLE, SmsBalanceFailure.MALFORMED_RESPONSE, 1));
	}

	private static List<Fault> statuses() {
		List<Fault> faults = new ArrayList<>();
		for (int status : List.of(301, 302, 303, 307, 308)) {
			faults.add(new Fault(status + " to another port", null, SmsBalanceFailure.MALFORMED_RESPONSE, 1)
				.withRedirect(status));
		}
		String hour = "Retry-After: 3600";
		String inAnHour = "Retry-After: "
				+ DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusHours(1));
		faults.addAll(List.of(status("400 Bad Request", HTML, SmsBalanceFailure.CLIENT_ERROR, 1),
				status("400 Bad Request", error(3004), SmsBalanceFailure.RATE_LIMITED, ALL_TRIES),
				status("401 Unauthorized", error(2001), SmsBalanceFailure.INVALID_CREDENTIALS, 1),
				status("401 Unauthorized", error(2002), SmsBalanceFailure.CREDENTIALS_DISABLED, 1),
				status("401 Unauthorized", error(2003), SmsBalanceFailure.ACCESS_DENIED, 1),
				status("401 Unauthorized", "", SmsBalanceFailure.ACCESS_DENIED, 1),
				status("403 Forbidden", error(2002), SmsBalanceFailure.MERCHANT_DELETED, 1),
				status("403 Forbidden", error(2001), SmsBalanceFailure.ACCESS_DENIED, 1),
				status("403 Forbidden", error(9999), SmsBalanceFailure.ACCESS_DENIED, 1),
				status("403 Forbidden", "", SmsBalanceFailure.ACCESS_DENIED, 1),
				status("404 Not Found", HTML, SmsBalanceFailure.CLIENT_ERROR, 1),
				status("407 Proxy Authentication Required", "", SmsBalanceFailure.CLIENT_ERROR, 1),
				status("408 Request Timeout", "", SmsBalanceFailure.CLIENT_ERROR, 1),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, ALL_TRIES),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, ALL_TRIES, "Retry-After: soon"),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, 1, hour),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, 1, inAnHour),
				status("500 Internal Server Error", error(1000), SmsBalanceFailure.SERVER_ERROR, ALL_TRIES),
				status("500 Internal Server Error", HTML, SmsBalanceFailure.SERVER_ERROR, ALL_TRIES),
				status("502 Bad Gateway", HTML, SmsBalanceFailure.SERVER_ERROR, ALL_TRIES),
				status("503 Service Unavailable", "", SmsBalanceFailure.SERVER_ERROR, 1, hour),
				status("504 Gateway Timeout", "", SmsBalanceFailure.SERVER_ERROR, ALL_TRIES)));
		return faults;
	}

	@ParameterizedTest
	@MethodSource("oddities")
	void getBalanceWhenOddButValidReadsIt(String body, SmsBalance expected) {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", body))) {
			provider.baseUrl = server.baseUrl();
			assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(expected);
		}
	}

	static Stream<Object[]> oddities() {
		return Stream.of(new Object[] { EXAMPLE.replace("143456,", "-50,"), new SmsBalance(123456, 20000, -50) },
				new Object[] { EXAMPLE.replace("143456,", "9007199254740992,"),
						new SmsBalance(123456, 20000, 9007199254740992L) },
				new Object[] { EXAMPLE.replace("{", "{\"currency\":{\"name\":\"\u20ac\"},"), GOOD },
				new Object[] { " \r\n\t" + EXAMPLE + "\n", GOOD }, new Object[] {
						"{\"balance10000\":123456,\"gift_balance10000\":20000,\"total_balance10000\":143456}", GOOD },
				new Object[] { EXAMPLE.replace("12.3456", "\"odd\"").replace("14.3456", "-1"), GOOD });
	}

	@Test
	void getBalanceWhenServerFailsTwiceThenAnswersReadsIt() {
		try (RawServer server = new RawServer((request, number, out, socket) -> out.write(
				(number < ALL_TRIES) ? RawServer.http("500 Oops", error(1000)) : RawServer.http("200 OK", EXAMPLE)))) {
			provider.baseUrl = server.baseUrl();
			assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
			assertThat(server.requests()).hasSize(ALL_TRIES);
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "429 Too Many Requests", "503 Service Unavailable" })
	void getBalanceWhenRetryAfterIsShortWaitsAsLong(String status) {
		try (RawServer server = new RawServer((request, number, out, socket) -> out
			.write((number == 1) ? RawServer.http(status, "", "Retry-After: 1") : RawServer.http("200 OK", EXAMPLE)))) {
			provider.baseUrl = server.baseUrl();
			long begin = System.nanoTime();
			assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
			assertThat(Duration.ofNanos(System.nanoTime() - begin)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
			assertThat(server.requests()).hasSize(2);
		}
	}

	@Test
	void getBalanceWhenCertificateIsTrustedReadsIt() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", EXAMPLE),
				certificates.serverSocketFactory("right"))) {
			provider.baseUrl = server.baseUrl();
			assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
		}
	}

	private static Fault malformed(String name, String body) {
		return new Fault("200 with " + name, RawServer.respond("200 OK", body, "Content-Type: application/json"),
				SmsBalanceFailure.MALFORMED_RESPONSE, 1);
	}

	private static Fault status(String status, String body, SmsBalanceFailure failure, int requests,
			String... headers) {
		return new Fault(status + " " + body + String.join("", headers), RawServer.respond(status, body, headers),
				failure, requests);
	}

	private static String error(int code) {
		return "{\"code\":%d,\"message\":\"no\"}".formatted(code);
	}

	private static void write(OutputStream out, String text) throws IOException {
		out.write(text.getBytes(StandardCharsets.UTF_8));
		out.flush();
	}

	private static void drip(Socket socket, String text) throws IOException {
		socket.setSoTimeout(200);
		for (char next : text.toCharArray()) {
			write(socket.getOutputStream(), String.valueOf(next));
			try {
				untilClosed(socket);
				return;
			}
			catch (SocketTimeoutException ex) {
				// The next one
			}
		}
	}

	private static void untilClosed(Socket socket) throws IOException {
		socket.getInputStream().read();
	}

	private static void reset(Socket socket) throws IOException {
		socket.setSoLinger(true, 0);
		socket.close();
	}

	private static byte[] gzip(String text) throws IOException {
		ByteArrayOutputStream bytes = new ByteArrayOutputStream();
		try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
			gzip.write(text.getBytes(StandardCharsets.UTF_8));
		}
		return bytes.toByteArray();
	}

	/**
	 * Says where the provider is at the moment.
	 */
	private static final class Provider implements EngageLabSmsConnectionDetails {

		private volatile String baseUrl = "";

		@Override
		public URI getBaseUrl(String account) {
			return URI.create(this.baseUrl);
		}

		@Override
		public Credentials getCredentials(String account) {
			return new Credentials("jiguangdev", "dev_secret");
		}

	}

	record Fault(String name, @Nullable Script script, SmsBalanceFailure failure, int requests,
			@Nullable String certificate, @Nullable Integer redirect) {

		Fault(String name, @Nullable Script script, SmsBalanceFailure failure, int requests) {
			this(name, script, failure, requests, null, null);
		}

		Fault withCertificate(String certificate) {
			return new Fault(this.name, this.script, this.failure, this.requests, certificate, null);
		}

		Fault withRedirect(int status) {
			return new Fault(this.name, this.script, this.failure, this.requests, null, status);
		}

		RawServer server(int elsewhere) {
			if (this.redirect != null) {
				return new RawServer(RawServer.respond(this.redirect + " Elsewhere", "",
						"Location: http://localhost:" + elsewhere + "/v1/balance"));
			}
			if (this.script == null) {
				RawServer server = new RawServer(RawServer.respond("200 OK", EXAMPLE));
				server.close();
				return server;
			}
			return (this.certificate != null)
					? new RawServer(this.script, certificates.serverSocketFactory(this.certificate))
					: new RawServer(this.script);
		}

		/**
		 * The JDK's client repeats a request to which there was no reply at all, and
		 * cannot be kept from it.
		 */
		int requests(String connector) {
			return connector.equals("jdk") ? this.requests : Math.min(this.requests, ALL_TRIES);
		}

		Duration bound() {
			return (this.failure == SmsBalanceFailure.TIMEOUT) ? REQUEST_TIMEOUT.plusSeconds(1) : REQUEST_TIMEOUT;
		}

		@Override
		public String toString() {
			return this.name;
		}

	}

}

package io.github.engagelab.sms.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

import javax.net.ServerSocketFactory;

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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
 * Everything that can go wrong between here and the provider, over real sockets. What
 * depends on status and body alone stands in {@link EngageLabSmsAnswerTests}; here is one
 * of each kind.
 */
@Tag("slow")
class FaultMatrixTests {

	private static final Duration READ_TIMEOUT = Duration.ofSeconds(1);

	private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(6);

	/**
	 * One try, and the retries of {@code retry.max-retries=2}.
	 */
	private static final int ALL_TRIES = 3;

	private static final Duration AT_ONCE = Duration.ofSeconds(20);

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private static final String EXAMPLE = RawServer.EXAMPLE;

	/**
	 * The JDK's client repeats a request to which there was no reply at all, and cannot
	 * be kept from it.
	 */
	private static final int ALL_TRIES_TWICE = 2 * ALL_TRIES;

	private static final String HTML = "<html><body>Bad Gateway</body></html>";

	@TempDir
	static Path directory;

	private static TestCertificates certificates;

	private static final Logger ROOT = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);

	private final ListAppender<ILoggingEvent> log = new ListAppender<>();

	private static final Provider provider = new Provider();

	private static AnnotationConfigApplicationContext context;

	@BeforeAll
	static void startContext() {
		certificates = new TestCertificates(directory);
		certificates.create("right", "localhost");
		certificates.create("other-host", "elsewhere.example");
		certificates.create("untrusted", "localhost");
		context = new AnnotationConfigApplicationContext();
		TestPropertyValues.of(certificates.trust("right", "other-host"))
			.and("engagelab.sms.http.ssl.bundle=trusted",
					"engagelab.sms.http.read-timeout=" + READ_TIMEOUT.toMillis() + "ms",
					"engagelab.sms.http.request-timeout=" + REQUEST_TIMEOUT.toMillis() + "ms",
					"engagelab.sms.retry.delay=10ms", "engagelab.sms.retry.max-delay=1s",
					"engagelab.sms.refresh.enabled=false")
			.applyTo(context);
		context.registerBean(EngageLabSmsConnectionDetails.class, () -> provider);
		context.register(Configurations.getClasses(TestContexts.AUTO_CONFIGURATIONS));
		context.refresh();
		warmUp();
	}

	private static void warmUp() {
		// The first one may take longer than the timeouts here
		try (RawServer server = new RawServer(RawServer.respond("200 OK", EXAMPLE))) {
			provider.baseUrl = server.baseUrl();
			Awaitility.await()
				.ignoreExceptions()
				.until(() -> context.getBean(SmsBalanceService.class).getBalance() != null);
		}
	}

	@AfterAll
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
		assertThat(this.log.list).filteredOn((event) -> event.getLevel().isGreaterOrEqual(Level.INFO))
			.allMatch((event) -> event.getThrowableProxy() == null);
	}

	@ParameterizedTest
	@MethodSource("faults")
	void getBalanceWhenFaultFailsAndKeepsTheLastGoodSnapshot(Fault fault) {
		SmsBalanceService service = context.getBean(SmsBalanceService.class);
		SmsBalanceMonitor monitor = context.getBean(SmsBalanceMonitors.class).all().iterator().next();
		try (RawServer good = new RawServer(RawServer.respond("200 OK", EXAMPLE));
				RawServer elsewhere = new RawServer(RawServer.respond("200 OK", EXAMPLE));
				RawServer bad = fault.server.apply(elsewhere.port())) {
			provider.baseUrl = good.baseUrl();
			assertThat(service.getBalance()).isEqualTo(GOOD);
			var snapshot = monitor.getStatus().snapshot();
			provider.baseUrl = (fault.baseUrl != null) ? fault.baseUrl : bad.baseUrl();
			long begin = System.nanoTime();
			SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class, service::getBalance);
			Duration elapsed = Duration.ofNanos(System.nanoTime() - begin);
			assertThat(failure).isNotNull();
			assertThat(failure.getFailure()).isEqualTo(fault.failure);
			assertThat(failure.getCause()).isNull();
			assertThat(failure.getSuppressed()).isEmpty();
			if (fault.reason != null) {
				assertThat(failure.getReason()).matches(fault.reason);
				assertThat(failure).hasMessageContaining("(" + failure.getReason() + ")");
			}
			assertThat(elapsed).isLessThan(fault.bound());
			assertThat(bad.requests()).hasSize(fault.requests);
			if (fault.connections != null) {
				assertThat(bad.accepted()).isBetween(fault.connections, fault.mostConnections);
			}
			assertThat(elsewhere.requests()).isEmpty();
			if (fault.abandoned) {
				// What is given up must not stay open
				Awaitility.await().atMost(AT_ONCE).until(() -> bad.connections() == 0);
			}
			assertThat(monitor.getStatus().snapshot()).isSameAs(snapshot);
			assertThat(monitor.getStatus().failure()).isEqualTo(fault.failure);
			provider.baseUrl = good.baseUrl();
			assertThat(service.getBalance()).isEqualTo(GOOD);
			assertThat(monitor.getStatus().snapshot()).isNotSameAs(snapshot);
			assertThat(monitor.getStatus().failure()).isNull();
		}
	}

	static Stream<Fault> faults() {
		return Stream.of(connections(), handshakes(), silences(), bodies(), statuses()).flatMap(List::stream);
	}

	private static List<Fault> connections() {
		return List.of(
				new Fault("connection refused", (elsewhere) -> closed(), SmsBalanceFailure.UNREACHABLE, 0)
					.withReason("ConnectException: refused \\(localhost:\\d+\\)"),
				new Fault("host that does not exist", (elsewhere) -> closed(), SmsBalanceFailure.UNREACHABLE, 0)
					.withBaseUrl("https://nowhere.invalid")
					.withReason("UnresolvedAddressException: unknown host \\(nowhere.invalid:443\\)"),
				new Fault("reset before headers", (request, number, out, socket) -> reset(socket),
						SmsBalanceFailure.UNREACHABLE, ALL_TRIES_TWICE)
					.withReason("SocketException: Connection reset \\(localhost:\\d+\\)"),
				new Fault("reset in headers", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Type: appl");
					reset(socket);
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES)
					.withReason("SocketException: Connection reset \\(localhost:\\d+\\)"),
				new Fault("reset in body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"balance10000\":12");
					reset(socket);
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES)
					.withReason("SocketException: Connection reset \\(localhost:\\d+\\)"),
				new Fault("close in headers", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Type: appl");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES)
					.withReason("EOFException: EOF reached while reading \\(localhost:\\d+\\)"),
				new Fault("close in body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"balance10000\":12");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES)
					.withReason("(EOF|IO)Exception: .*(EOF reached while reading|bytes).*"),
				new Fault("close without reply", (request, number, out, socket) -> socket.close(),
						SmsBalanceFailure.UNREACHABLE, ALL_TRIES_TWICE)
					.withReason("EOFException: EOF reached while reading \\(localhost:\\d+\\)"),
				new Fault("empty line as reply", (request, number, out, socket) -> {
					write(out, "\r\n");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES).withReason("[A-Za-z]*Exception.*"),
				new Fault("no HTTP as reply", (request, number, out, socket) -> {
					write(out, "220 mail.example ESMTP\r\n");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES)
					.withReason("ProtocolException: Invalid status line: \"220 mail.example ESMTP\" .*|EOFException.*"),
				new Fault("credentials as reply", (request, number, out, socket) -> {
					write(out, "Basic amlndWFuZ2RldjpkZXZfc2VjcmV0 jiguangdev dev_secret\r\n\r\n");
					socket.close();
				}, SmsBalanceFailure.UNREACHABLE, ALL_TRIES)
					.withReason("ProtocolException: Invalid status line: \"Basic \\*{6} \\*{6} \\*{6}\" .*"));
	}

	private static List<Fault> handshakes() {
		return List.of(
				new Fault("certificate of another host", (elsewhere) -> tls("other-host"),
						SmsBalanceFailure.UNREACHABLE, 0)
					.withConnections(1, 1)
					.withReason("CertificateException: No .*localhost.*"),
				new Fault("untrusted certificate", (elsewhere) -> tls("untrusted"), SmsBalanceFailure.UNREACHABLE, 0)
					.withConnections(1, 1)
					.withReason("SunCertPathBuilderException: .*"),
				new Fault("plain text instead of TLS", (elsewhere) -> noTls("220 mail.example ESMTP\r\n"),
						SmsBalanceFailure.UNREACHABLE, 0)
					.withConnections(ALL_TRIES, ALL_TRIES_TWICE)
					.withReason("SSLException: .*"),
				new Fault("close instead of TLS", (elsewhere) -> noTls(null), SmsBalanceFailure.UNREACHABLE, 0)
					.withConnections(ALL_TRIES, ALL_TRIES_TWICE)
					.withReason("[A-Za-z]*Exception.*"));
	}

	private static List<Fault> silences() {
		return List.of(
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
				}, SmsBalanceFailure.TIMEOUT, 1));
	}

	private static List<Fault> bodies() {
		String megabyte = EXAMPLE.replace("{", "{\"filler\":\"" + "x".repeat(1024 * 1024) + "\",");
		byte[] bomb = gzip(megabyte.repeat(20));
		return List.of(malformed("HTML", HTML), malformed("empty body", ""),
				malformed("truncated JSON", EXAMPLE.substring(0, 60)),
				malformed("string field", EXAMPLE.replace("143456,", "\"143456\",")),
				malformed("missing field", EXAMPLE.replace("\"gift_balance10000\"", "\"gift\"")),
				malformed("another missing field", EXAMPLE.replace("\"balance10000\"", "\"general\"")),
				malformed("yet another missing field", EXAMPLE.replace("\"total_balance10000\"", "\"total\"")),
				malformed("error body with amounts", EXAMPLE.replace("{", "{\"code\":5001,")),
				malformed("1 MiB body", megabyte).flooded(),
				malformed("body of 64 KiB and a byte", padded(64 * 1024 + 1)),
				new Fault("endless body", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\n\r\n");
					while (!socket.isClosed()) {
						write(out, " ".repeat(8192));
					}
				}, SmsBalanceFailure.MALFORMED_RESPONSE, 1).flooded(),
				new Fault("endless chunks", (request, number, out, socket) -> {
					write(out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
					while (!socket.isClosed()) {
						write(out, "400\r\n" + " ".repeat(1024) + "\r\n");
					}
				}, SmsBalanceFailure.MALFORMED_RESPONSE, 1).flooded(),
				new Fault("gzip bomb", (request, number, out, socket) -> {
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
				new Fault("204", (request, number, out, socket) -> write(out, "HTTP/1.1 204 No Content\r\n\r\n"),
						SmsBalanceFailure.MALFORMED_RESPONSE, 1),
				status("201 Created", EXAMPLE, SmsBalanceFailure.MALFORMED_RESPONSE, 1));
	}

	private static List<Fault> statuses() {
		List<Fault> faults = new ArrayList<>();
		for (int status : List.of(301, 302, 303, 307, 308)) {
			faults.add(new Fault(status + " to another port",
					(elsewhere) -> new RawServer(RawServer.respond(status + " Elsewhere", "",
							"Location: http://localhost:" + elsewhere + "/v1/balance")),
					SmsBalanceFailure.MALFORMED_RESPONSE, 1));
		}
		String hour = "Retry-After: 3600";
		String inAnHour = "Retry-After: "
				+ DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusHours(1));
		faults.addAll(List.of(status("400 Bad Request", HTML, SmsBalanceFailure.CLIENT_ERROR, 1),
				status("400 Bad Request", error(3004), SmsBalanceFailure.RATE_LIMITED, 1),
				status("401 Unauthorized", error(2001), SmsBalanceFailure.INVALID_CREDENTIALS, 1),
				status("401 Unauthorized", error(2002), SmsBalanceFailure.CREDENTIALS_DISABLED, 1),
				status("401 Unauthorized", "", SmsBalanceFailure.ACCESS_DENIED, 1),
				status("403 Forbidden", error(2002), SmsBalanceFailure.MERCHANT_DELETED, 1),
				status("403 Forbidden", "", SmsBalanceFailure.ACCESS_DENIED, 1),
				status("407 Proxy Authentication Required", "", SmsBalanceFailure.UNREACHABLE, 1),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, 1),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, 1, "Retry-After: soon"),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, 1, hour),
				status("429 Too Many Requests", "", SmsBalanceFailure.RATE_LIMITED, 1, inAnHour),
				status("500 Internal Server Error", error(1000), SmsBalanceFailure.SERVER_ERROR, ALL_TRIES),
				status("502 Bad Gateway", HTML, SmsBalanceFailure.SERVER_ERROR, ALL_TRIES),
				status("503 Service Unavailable", "", SmsBalanceFailure.SERVER_ERROR, 1, hour)));
		return faults;
	}

	@Test
	void faultsAreAllThereAre() {
		// Each has a test of its own: without an answer there is nothing on a socket
		Set<SmsBalanceFailure> elsewhere = EnumSet.of(SmsBalanceFailure.NOT_CONFIGURED, SmsBalanceFailure.DISABLED,
				SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
		assertThat(faults().map(Fault::failure).collect(Collectors.toSet()))
			.isEqualTo(EnumSet.complementOf(EnumSet.copyOf(elsewhere)));
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
				new Object[] { " \r\n\t" + EXAMPLE + "\n", GOOD },
				new Object[] { "{\"balance10000\":123456,\"gift_balance10000\":20000,\"total_balance10000\":143456}",
						GOOD },
				new Object[] { EXAMPLE.replace("12.3456", "\"odd\"").replace("14.3456", "-1"), GOOD },
				new Object[] { EXAMPLE.replace("{", "{\"code\":0,\"message\":\"ok\","), GOOD },
				new Object[] { padded(64 * 1024), GOOD });
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

	private static String padded(int size) {
		return EXAMPLE + " ".repeat(size - EXAMPLE.length());
	}

	private static RawServer closed() {
		RawServer server = new RawServer(RawServer.respond("200 OK", EXAMPLE));
		server.close();
		return server;
	}

	private static RawServer tls(String certificate) {
		return new RawServer(RawServer.respond("200 OK", EXAMPLE), certificates.serverSocketFactory(certificate));
	}

	private static RawServer noTls(@Nullable String greeting) {
		return new RawServer(RawServer.respond("200 OK", EXAMPLE), new NoTlsServerSocketFactory(greeting));
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
		for (int i = 0; i < text.length(); i++) {
			write(socket.getOutputStream(), text.substring(i, i + 1));
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

	private static byte[] gzip(String text) {
		try {
			ByteArrayOutputStream bytes = new ByteArrayOutputStream();
			try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
				gzip.write(text.getBytes(StandardCharsets.UTF_8));
			}
			return bytes.toByteArray();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
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

	/**
	 * A server that fails, and what must come of it.
	 */
	static final class Fault {

		private final String name;

		private final IntFunction<RawServer> server;

		private final SmsBalanceFailure failure;

		private final int requests;

		private @Nullable String baseUrl;

		private @Nullable Integer connections;

		private int mostConnections;

		private @Nullable String reason;

		private boolean abandoned;

		Fault(String name, IntFunction<RawServer> server, SmsBalanceFailure failure, int requests) {
			this.name = name;
			this.server = server;
			this.failure = failure;
			this.requests = requests;
			this.abandoned = failure == SmsBalanceFailure.TIMEOUT;
		}

		Fault(String name, Script script, SmsBalanceFailure failure, int requests) {
			this(name, (elsewhere) -> new RawServer(script), failure, requests);
		}

		SmsBalanceFailure failure() {
			return this.failure;
		}

		Fault withBaseUrl(String baseUrl) {
			this.baseUrl = baseUrl;
			return this;
		}

		// The JDK's client repeats a request once if the connection ended without a reply
		Fault withConnections(int least, int most) {
			this.connections = least;
			this.mostConnections = most;
			return this;
		}

		Fault withReason(String pattern) {
			this.reason = pattern;
			return this;
		}

		/**
		 * The client of JDK 25 (25.0.3) stops reading a flood and forgets to close in one
		 * of ten cases, whether the subscription is cancelled or the thread interrupted.
		 */
		Fault flooded() {
			this.abandoned = Runtime.version().feature() < 21;
			return this;
		}

		Duration bound() {
			return (this.failure == SmsBalanceFailure.TIMEOUT) ? REQUEST_TIMEOUT.plusSeconds(1) : REQUEST_TIMEOUT;
		}

		@Override
		public String toString() {
			return this.name;
		}

	}

	/**
	 * Makes servers that do not listen before they speak, or hang up.
	 */
	private static final class NoTlsServerSocketFactory extends ServerSocketFactory {

		private final @Nullable String greeting;

		private NoTlsServerSocketFactory(@Nullable String greeting) {
			this.greeting = greeting;
		}

		@Override
		public ServerSocket createServerSocket(int port) throws IOException {
			return createServerSocket(port, 50);
		}

		@Override
		public ServerSocket createServerSocket(int port, int backlog) throws IOException {
			return createServerSocket(port, backlog, InetAddress.getLoopbackAddress());
		}

		@Override
		public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
			return new ServerSocket(port, backlog, address) {

				@Override
				public Socket accept() throws IOException {
					Socket socket = super.accept();
					if (NoTlsServerSocketFactory.this.greeting != null) {
						write(socket.getOutputStream(), NoTlsServerSocketFactory.this.greeting);
					}
					else {
						socket.close();
					}
					return socket;
				}

			};
		}

	}

}

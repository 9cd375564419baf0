package io.github.engagelab.sms.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.host.ChildJvm;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestCertificates;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Proxies, by property or of the JVM.
 */
@ExtendWith(OutputCaptureExtension.class)
@Tag("slow")
public class ProxyTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private static final String BASIC = "Authorization: Basic amlndWFuZ2RldjpkZXZfc2VjcmV0\r\n";

	private static final String FLAG = "-Djdk.http.auth.tunneling.disabledSchemes=";

	private static final List<String> PROXY_PROPERTIES = List.of("http.proxyHost", "http.proxyPort",
			"http.nonProxyHosts");

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.retry.delay=1ms");

	@AfterEach
	void tearDown() {
		PROXY_PROPERTIES.forEach(System::clearProperty);
	}

	@Test
	void getBalanceWhenThereIsProxyGoesThroughIt(CapturedOutput output) {
		try (RawServer proxy = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				RawServer provider = new RawServer(RawServer.respond("500 Oops", ""))) {
			proxied(proxy).withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:" + provider.port())
				.run((context) -> {
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
					assertThat(proxy.requests()).singleElement()
						.asString()
						.startsWith("GET http://127.0.0.1:%d/v1/balance HTTP/1.1\r\n".formatted(provider.port()))
						.contains(BASIC)
						.doesNotContainIgnoringCase("Proxy-Authorization");
					assertThat(provider.accepted()).isZero();
				});
		}
		assertThat(output).doesNotContain("disabledSchemes");
	}

	@Test
	void getBalanceWhenProxyAuthenticatesSendsItsCredentialsAndThoseOfTheProvider(CapturedOutput output) {
		try (RawServer proxy = authenticatingProxy(RawServer.http("200 OK", RawServer.EXAMPLE))) {
			proxied(proxy, "pass").withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:1").run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				assertThat(service.getBalance()).isEqualTo(GOOD);
				assertThat(service.getBalance()).isEqualTo(GOOD);
				assertThat(proxy.requests()).hasSize(2)
					.allSatisfy((request) -> assertThat(request).contains("\r\n" + BASIC));
			});
		}
		assertThat(output).doesNotContain("disabledSchemes");
	}

	@Test
	void getBalanceWhenProxyRefusesCredentialsIsUnreachableAndNotTriedAgain() {
		try (RawServer proxy = new RawServer(
				(request, number, out, socket) -> out.write(RawServer.http("407 Proxy Authentication Required",
						"{\"code\":1,\"message\":\"hidden-pass\"}", "Proxy-Authenticate: Basic realm=\"proxy\"")))) {
			proxied(proxy, "hidden-pass").withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:1")
				.run((context) -> {
					SmsBalanceException failure = fail(context.getBean(SmsBalanceService.class));
					assertThat(failure.getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
					assertThat(failure).hasNoCause()
						.hasMessageNotContaining("hidden")
						.hasMessageContaining("407")
						.hasMessageContaining("localhost:" + proxy.port());
					assertThat(proxy.requests()).hasSize(1);
				});
		}
	}

	@ParameterizedTest
	@CsvSource({ "401 Unauthorized, CREDENTIALS_DISABLED", "403 Forbidden, MERCHANT_DELETED" })
	void getBalanceWhenProviderRefusesThroughProxySaysSo(String status, SmsBalanceFailure expected) {
		try (RawServer proxy = authenticatingProxy(RawServer.http(status, "{\"code\":2002,\"message\":\"no\"}"))) {
			proxied(proxy, "pass").withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:1").run((context) -> {
				SmsBalanceException failure = fail(context.getBean(SmsBalanceService.class));
				assertThat(failure.getFailure()).isEqualTo(expected);
				assertThat(failure.getStatus()).isEqualTo(Integer.valueOf(status.substring(0, 3)));
				assertThat(failure.getCause()).isNull();
				assertThat(proxy.requests()).hasSize(1);
			});
		}
	}

	@Test
	void getBalanceWhenProviderIsHttpsTunnelsAndShowsTheProxyNothing(@TempDir Path directory) {
		TestCertificates certificates = new TestCertificates(directory);
		certificates.create("right", "localhost");
		try (RawServer provider = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE),
				certificates.serverSocketFactory("right"));
				RawServer proxy = new RawServer((request, number, out, socket) -> tunnel(socket, provider.port()))) {
			proxied(proxy).withPropertyValues(certificates.trust("right"))
				.withPropertyValues("engagelab.sms.http.ssl.bundle=trusted",
						"engagelab.sms.base-url=" + provider.baseUrl())
				.run((context) -> {
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
					assertThat(proxy.requests()).singleElement()
						.asString()
						.startsWith("CONNECT localhost:%d HTTP/1.1\r\n".formatted(provider.port()))
						.doesNotContain("Basic", "/v1/balance");
					assertThat(provider.requests()).singleElement().asString().contains(BASIC);
				});
		}
	}

	@Test
	void getBalanceWhenProviderIsHttpsAuthenticatesToTheProxyOnly() {
		ChildJvm.runOnEachJdk(List.of(FLAG), (file) -> true, AuthenticatingTunnel.class);
	}

	@Test
	void startWhenProviderIsHttpsAndTheFlagIsMissingNamesIt(CapturedOutput output) {
		this.runner
			.withPropertyValues("engagelab.sms.http.proxy.host=proxy.example", "engagelab.sms.http.proxy.port=3128",
					"engagelab.sms.http.proxy.username=user", "engagelab.sms.http.proxy.password=hidden-pass")
			.run((context) -> assertThat(context).hasNotFailed());
		assertThat(output).containsOnlyOnce("start it with " + FLAG).doesNotContain("hidden");
	}

	@Test
	void getBalanceWhenJvmHasProxyGoesThroughIt() {
		try (RawServer proxy = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			setProxyProperties(proxy, "");
			this.runner
				.withPropertyValues("engagelab.sms.base-url=http://provider.invalid",
						"engagelab.sms.http.allow-plaintext=true")
				.run((context) -> {
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
					assertThat(proxy.requests()).singleElement()
						.asString()
						.startsWith("GET http://provider.invalid/v1/balance HTTP/1.1\r\n");
				});
		}
	}

	@Test
	void getBalanceWhenJvmHasProxyForOthersGoesDirectly() {
		try (RawServer proxy = new RawServer(RawServer.respond("500 Oops", ""));
				RawServer provider = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			setProxyProperties(proxy, "localhost|*.example");
			this.runner.withPropertyValues("engagelab.sms.base-url=" + provider.baseUrl()).run((context) -> {
				assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
				assertThat(provider.requests()).hasSize(1);
				assertThat(proxy.accepted()).isZero();
			});
		}
	}

	private ApplicationContextRunner proxied(RawServer proxy) {
		return this.runner.withPropertyValues("engagelab.sms.http.proxy.host=localhost",
				"engagelab.sms.http.proxy.port=" + proxy.port());
	}

	private ApplicationContextRunner proxied(RawServer proxy, String password) {
		return proxied(proxy).withPropertyValues("engagelab.sms.http.proxy.username=user",
				"engagelab.sms.http.proxy.password=" + password);
	}

	private static SmsBalanceException fail(SmsBalanceService service) {
		SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class, service::getBalance);
		assertThat(failure).isNotNull();
		return failure;
	}

	private static void setProxyProperties(RawServer proxy, String nonProxyHosts) {
		Map.of("http.proxyHost", "localhost", "http.proxyPort", String.valueOf(proxy.port()), "http.nonProxyHosts",
				nonProxyHosts)
			.forEach(System::setProperty);
	}

	private static RawServer authenticatingProxy(byte[] answer) {
		return new RawServer((request, number, out, socket) -> out
			.write(request.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n") ? answer : RawServer
				.http("407 Proxy Authentication Required", "", "Proxy-Authenticate: Basic realm=\"proxy\"")));
	}

	private static void tunnel(Socket client, int port) throws IOException {
		try (Socket provider = new Socket(InetAddress.getLoopbackAddress(), port)) {
			client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
			Thread back = new Thread(() -> pump(provider, client));
			back.setDaemon(true);
			back.start();
			pump(client, provider);
		}
	}

	private static void pump(Socket from, Socket to) {
		try {
			InputStream in = from.getInputStream();
			OutputStream out = to.getOutputStream();
			in.transferTo(out);
		}
		catch (IOException ex) {
			// One side has gone
		}
	}

	public static class AuthenticatingTunnel {

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				TestCertificates certificates = new TestCertificates(java.nio.file.Files.createTempDirectory("tunnel"));
				certificates.create("right", "localhost");
				ProxyTests tests = new ProxyTests();
				try (RawServer provider = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE),
						certificates.serverSocketFactory("right"));
						RawServer proxy = new RawServer(
								(request, number, out, socket) -> tunnel(socket, provider.port()))) {
					tests.proxied(proxy, "pass")
						.withPropertyValues(certificates.trust("right"))
						.withPropertyValues("engagelab.sms.http.ssl.bundle=trusted",
								"engagelab.sms.base-url=" + provider.baseUrl())
						.run((context) -> {
							assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
							assertThat(proxy.requests()).singleElement()
								.asString()
								.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n")
								.doesNotContain("\r\n" + BASIC, "/v1/balance");
							assertThat(provider.requests()).singleElement()
								.asString()
								.contains("\r\n" + BASIC)
								.doesNotContainIgnoringCase("Proxy-Authorization");
						});
				}
			});
		}

	}

}

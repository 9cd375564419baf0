package io.github.engagelab.sms.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Authenticator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.Socket;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestCertificates;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link EngageLabSmsHttpClientCustomizer} and what it is for: proxies.
 */
class EngageLabSmsHttpClientCustomizerTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private static final String BASIC = "Authorization: Basic amlndWFuZ2RldjpkZXZfc2VjcmV0\r\n";

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
	void customizersAreCalledInOrderOncePerClient() {
		List<String> called = new CopyOnWriteArrayList<>();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withBean("second", Second.class, () -> new Second(called))
				.withBean("first", First.class, () -> new First(called))
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					assertThat(called).isEmpty();
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					service.getBalance();
					service.getBalance();
					assertThat(called).containsExactly("first", "second");
					assertThat(server.requests()).hasSize(2);
				});
		}
	}

	@Test
	void getBalanceWhenSslBundleIsReloadedWhileAClientIsBuiltBuildsAnother() {
		List<String> called = new CopyOnWriteArrayList<>();
		AtomicReference<WebClientSmsBalanceClient> client = new AtomicReference<>();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			customized((builder) -> {
				called.add("called");
				if (called.size() == 1) {
					client.get().reloadSslBundle();
				}
			}).withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
				client.set(context.getBean(WebClientSmsBalanceClient.class));
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				for (int i = 0; i < 3; i++) {
					assertThat(service.getBalance()).isEqualTo(GOOD);
				}
				assertThat(called).hasSize(2);
			});
		}
	}

	@Test
	void getBalanceWhenCustomizerThrowsFailsAndIsTriedAgain() {
		List<String> called = new CopyOnWriteArrayList<>();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			customized((builder) -> {
				called.add("called");
				if (called.size() <= 3) {
					throw new IllegalStateException("not yet");
				}
			}).withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				SmsBalanceException failure = fail(service);
				assertThat(failure.getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
				assertThat(failure.getReason()).isEqualTo("IllegalStateException: not yet");
				assertThat(service.getBalance()).isEqualTo(GOOD);
			});
		}
	}

	@Test
	void getBalanceWhenThereIsProxyGoesThroughIt() {
		try (RawServer proxy = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				RawServer provider = new RawServer(RawServer.respond("500 Oops", ""))) {
			customized((builder) -> builder.proxy(selector(proxy)))
				.withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:" + provider.port())
				.run((context) -> {
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
					assertThat(proxy.requests()).singleElement()
						.asString()
						.startsWith("GET http://127.0.0.1:%d/v1/balance HTTP/1.1\r\n".formatted(provider.port()))
						.contains(BASIC);
					assertThat(provider.accepted()).isZero();
				});
		}
	}

	@Test
	void getBalanceWhenProxyAuthenticatesSendsItsCredentialsAndThoseOfTheProvider() {
		try (RawServer proxy = authenticatingProxy(RawServer.http("200 OK", RawServer.EXAMPLE))) {
			customized((builder) -> builder.proxy(selector(proxy)).authenticator(new ProxyAuthenticator("pass")))
				.withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:1")
				.run((context) -> {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					assertThat(service.getBalance()).isEqualTo(GOOD);
					assertThat(service.getBalance()).isEqualTo(GOOD);
					assertThat(proxy.requests()).hasSize(2)
						.allSatisfy((request) -> assertThat(request).contains("\r\n" + BASIC));
				});
		}
	}

	@Test
	void getBalanceWhenProxyRefusesCredentialsFails() {
		try (RawServer proxy = authenticatingProxy(RawServer.http("200 OK", RawServer.EXAMPLE))) {
			customized((builder) -> builder.proxy(selector(proxy)).authenticator(new ProxyAuthenticator("hidden")))
				.withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:1")
				.run((context) -> {
					SmsBalanceException failure = fail(context.getBean(SmsBalanceService.class));
					assertThat(failure.getFailure()).isIn(SmsBalanceFailure.UNREACHABLE,
							SmsBalanceFailure.CLIENT_ERROR);
					assertThat(failure).hasMessageNotContaining("hidden").hasNoCause();
				});
		}
	}

	@ParameterizedTest
	@CsvSource({ "401 Unauthorized, CREDENTIALS_DISABLED", "403 Forbidden, MERCHANT_DELETED" })
	void getBalanceWhenProviderRefusesThroughAuthenticatorSaysSo(String status, SmsBalanceFailure expected) {
		try (RawServer proxy = authenticatingProxy(RawServer.http(status, "{\"code\":2002,\"message\":\"no\"}"))) {
			customized((builder) -> builder.proxy(selector(proxy)).authenticator(new ProxyAuthenticator("pass")))
				.withPropertyValues("engagelab.sms.base-url=http://127.0.0.1:1")
				.run((context) -> {
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
			customized((builder) -> builder.proxy(selector(proxy))).withPropertyValues(certificates.trust("right"))
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

	private ApplicationContextRunner customized(EngageLabSmsHttpClientCustomizer customizer) {
		return this.runner.withBean(EngageLabSmsHttpClientCustomizer.class, () -> customizer);
	}

	private static SmsBalanceException fail(SmsBalanceService service) {
		SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class, service::getBalance);
		assertThat(failure).isNotNull();
		return failure;
	}

	private static ProxySelector selector(RawServer proxy) {
		return ProxySelector.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), proxy.port()));
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

	private static final class ProxyAuthenticator extends Authenticator {

		private final String password;

		private ProxyAuthenticator(String password) {
			this.password = password;
		}

		@Override
		protected PasswordAuthentication getPasswordAuthentication() {
			return (getRequestorType() == RequestorType.PROXY)
					? new PasswordAuthentication("user", this.password.toCharArray()) : null;
		}

	}

	@Order(1)
	private static final class First extends Recording {

		private First(List<String> called) {
			super("first", called);
		}

	}

	@Order(2)
	private static final class Second extends Recording {

		private Second(List<String> called) {
			super("second", called);
		}

	}

	private abstract static class Recording implements EngageLabSmsHttpClientCustomizer {

		private final String name;

		private final List<String> called;

		private Recording(String name, List<String> called) {
			this.name = name;
			this.called = called;
		}

		@Override
		public void customize(HttpClient.Builder builder) {
			assertThat(Thread.currentThread().getName()).startsWith("engagelab-sms-worker");
			this.called.add(this.name);
		}

	}

}

package io.github.engagelab.sms.client;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

import javax.net.ssl.SSLSocket;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestCertificates;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.ssl.SslBundleRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * TLS by an SSL bundle.
 */
@Tag("slow")
class SslBundleTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	@TempDir
	static Path directory;

	private static TestCertificates certificates;

	private static String[] trusted;

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.http.ssl.bundle=trusted", "engagelab.sms.refresh.enabled=false",
				"engagelab.sms.retry.delay=1ms");

	@BeforeAll
	static void createCertificates() {
		certificates = new TestCertificates(directory);
		certificates.create("old", "localhost");
		certificates.create("new", "localhost");
		certificates.create("client", "client");
		trusted = certificates.trust("old");
	}

	@Test
	void getBalanceWhenServerAsksForCertificatePresentsThatOfTheBundle() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE),
				certificates.serverSocketFactory("old", "client"))) {
			this.runner.withPropertyValues(trusted)
				.withPropertyValues(certificates.present("client"))
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD));
		}
	}

	@Test
	void getBalanceWhenServerAsksForCertificateAndBundleHasNoneIsUnreachable() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE),
				certificates.serverSocketFactory("old", "client"))) {
			this.runner.withPropertyValues(trusted)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					assertThat(fail(context.getBean(SmsBalanceService.class)).getFailure())
						.isEqualTo(SmsBalanceFailure.UNREACHABLE);
					assertThat(server.requests()).isEmpty();
				});
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "TLSv1.2", "TLSv1.3" })
	void getBalanceWhenBundleHasOptionsObeysThem(String protocol) {
		AtomicReference<String> used = new AtomicReference<>();
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			used.set(((SSLSocket) socket).getSession().getProtocol());
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		}, certificates.serverSocketFactory("old"))) {
			this.runner.withPropertyValues(trusted)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(),
						"spring.ssl.bundle.jks.trusted.options.enabled-protocols=" + protocol)
				.run((context) -> {
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
					assertThat(used).hasValue(protocol);
				});
		}
	}

	@Test
	void updateBundleWhenTrustIsRenewedMakesTheNextRefreshSucceed() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE),
				certificates.serverSocketFactory("new"))) {
			this.runner.withPropertyValues(trusted)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
					context.getBean(SslBundleRegistry.class).updateBundle("trusted", certificates.bundle("new"));
					assertThat(service.getBalance()).isEqualTo(GOOD);
				});
		}
	}

	@Test
	void updateBundleWhenAnswerIsAwaitedLetsItArrive() {
		CountDownLatch released = new CountDownLatch(1);
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			if (number == 1) {
				released.await();
			}
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		}, certificates.serverSocketFactory("old"))) {
			this.runner.withPropertyValues(trusted)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					CompletableFuture<SmsBalance> inFlight = context.getBean(ReactiveSmsBalanceService.class)
						.getBalance()
						.toFuture();
					Awaitility.await().until(() -> server.requests().size() == 1);
					context.getBean(SslBundleRegistry.class).updateBundle("trusted", certificates.bundle("old", "new"));
					assertThat(inFlight).isNotDone();
					released.countDown();
					assertThat(inFlight).succeedsWithin(Duration.ofSeconds(5)).isEqualTo(GOOD);
					assertThat(server.requests()).hasSize(1);
					assertThat(server.accepted()).isEqualTo(1);
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
					assertThat(server.accepted()).as("by a connection of the new client").isEqualTo(2);
				});
		}
		finally {
			released.countDown();
		}
	}

	@Test
	void reloadOnUpdateMakesTheNextRefreshSucceed() throws Exception {
		Path certificate = Files.copy(certificates.pem("old"), directory.resolve("reloaded.pem"));
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE),
				certificates.serverSocketFactory("new"))) {
			this.runner
				.withPropertyValues("spring.ssl.bundle.pem.trusted.truststore.certificate=" + certificate.toUri(),
						"spring.ssl.bundle.pem.trusted.reload-on-update=true",
						"spring.ssl.bundle.watch.file.quiet-period=100ms", "engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE);
					Files.copy(certificates.pem("new"), certificate, StandardCopyOption.REPLACE_EXISTING);
					Awaitility.await()
						.ignoreExceptionsInstanceOf(SmsBalanceException.class)
						.until(service::getBalance, GOOD::equals);
				});
		}
	}

	private static SmsBalanceException fail(SmsBalanceService service) {
		SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class, service::getBalance);
		assertThat(failure).isNotNull();
		return failure;
	}

}

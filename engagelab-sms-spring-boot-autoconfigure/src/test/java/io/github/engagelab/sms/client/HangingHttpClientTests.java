package io.github.engagelab.sms.client;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.mockito.BDDMockito;
import org.mockito.Mockito;

import org.springframework.boot.autoconfigure.ssl.SslBundleRegistrar;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * What belongs to the application hangs while the JDK's HTTP client is built: callers are
 * answered in time, and nothing is missing once it returns.
 */
class HangingHttpClientTests {

	private static final int MAX_REQUESTS = 16;

	private static final List<String> ACCOUNTS = IntStream.range(0, MAX_REQUESTS + 8)
		.mapToObj((number) -> "a" + number)
		.toList();

	private final CountDownLatch release = new CountDownLatch(1);

	private final CountDownLatch answer = new CountDownLatch(1);

	private final AtomicInteger built = new AtomicInteger();

	private final AtomicInteger atOnce = new AtomicInteger();

	private final ExecutorService callers = Executors.newCachedThreadPool();

	@AfterEach
	void tearDown() {
		this.release.countDown();
		this.answer.countDown();
		this.callers.shutdownNow();
	}

	@ParameterizedTest
	@EnumSource(Hang.class)
	void getBalanceWhenCustomizerHangsTimesOutAndLosesNoRequest(Hang hang) {
		run((runner) -> runner.withBean(EngageLabSmsHttpClientCustomizer.class, () -> (builder) -> build(hang)));
	}

	@Test
	void getBalanceWhenSslBundleHangsTimesOutAndLosesNoRequest() {
		SslBundle bundle = Mockito.spy(SslBundle.of(null));
		BDDMockito.willAnswer((call) -> {
			build(Hang.WHATEVER_COMES);
			return call.callRealMethod();
		}).given(bundle).createSslContext();
		run((runner) -> runner.withPropertyValues("engagelab.sms.http.ssl.bundle=hanging")
			.withBean(SslBundleRegistrar.class, () -> (registry) -> registry.registerBundle("hanging", bundle)));
	}

	private void run(UnaryOperator<ApplicationContextRunner> hanging) {
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			this.atOnce.incrementAndGet();
			boolean waiting = awaitAnswer(socket);
			this.atOnce.decrementAndGet();
			if (waiting) {
				out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
			}
		})) {
			ApplicationContextRunner runner = TestContexts.runner()
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.interval=1s",
						"engagelab.sms.http.request-timeout=2s", "engagelab.sms.http.read-timeout=1m",
						"engagelab.sms.retry.max-retries=0", "engagelab.sms.primary-account=a0");
			for (String account : ACCOUNTS) {
				runner = runner.withPropertyValues("engagelab.sms.accounts." + account + ".dev-key=" + account,
						"engagelab.sms.accounts." + account + ".dev-secret=secret");
			}
			hanging.apply(runner).run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				Awaitility.await().untilAsserted(() -> assertThat(this.built).hasPositiveValue());
				// The first ones hang or wait, and the second ones are queued behind them
				for (int i = 0; i < 2; i++) {
					List<Future<SmsBalanceException>> calls = new ArrayList<>();
					for (String account : ACCOUNTS) {
						calls.add(this.callers.submit(() -> catchThrowableOfType(SmsBalanceException.class,
								() -> service.forAccount(account).getBalance())));
					}
					assertThat(calls).allSatisfy((call) -> assertThat(call.get(20, TimeUnit.SECONDS).getFailure())
						.isEqualTo(SmsBalanceFailure.TIMEOUT));
				}
				assertThat(server.accepted()).isZero();
				this.release.countDown();
				// By polls alone
				Awaitility.await()
					.atMost(20, TimeUnit.SECONDS)
					.untilAsserted(() -> assertThat(this.atOnce).hasValue(MAX_REQUESTS));
				this.answer.countDown();
				Awaitility.await()
					.atMost(20, TimeUnit.SECONDS)
					.untilAsserted(() -> assertThat(ACCOUNTS).allSatisfy(
							(account) -> assertThat(service.forAccount(account).getStatus().snapshot()).isNotNull()));
			});
		}
	}

	// Return whether the client still waits when it is time to answer
	private boolean awaitAnswer(Socket socket) throws IOException {
		socket.setSoTimeout(20);
		while (this.answer.getCount() > 0) {
			try {
				if (socket.getInputStream().read() < 0) {
					socket.close();
					return false;
				}
			}
			catch (SocketTimeoutException ex) {
				// It does
			}
		}
		socket.setSoTimeout(0);
		return true;
	}

	private void build(Hang hang) {
		this.built.incrementAndGet();
		while (this.release.getCount() > 0) {
			try {
				this.release.await();
			}
			catch (InterruptedException ex) {
				if (hang == Hang.UNTIL_INTERRUPTED) {
					throw new IllegalStateException(ex);
				}
			}
		}
	}

	private enum Hang {

		UNTIL_INTERRUPTED, WHATEVER_COMES

	}

}

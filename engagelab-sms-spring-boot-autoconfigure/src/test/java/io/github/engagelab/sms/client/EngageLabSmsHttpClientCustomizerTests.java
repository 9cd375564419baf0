package io.github.engagelab.sms.client;

import java.net.http.HttpClient;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.annotation.Order;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Tests for {@link EngageLabSmsHttpClientCustomizer}.
 */
class EngageLabSmsHttpClientCustomizerTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.retry.delay=1ms");

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
				assertThat(failure.getReason()).startsWith("IllegalStateException: not yet (localhost:");
				assertThat(service.getBalance()).isEqualTo(GOOD);
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
			assertThat(Thread.currentThread().getName()).startsWith("engagelab-sms-account-");
			this.called.add(this.name);
		}

	}

}

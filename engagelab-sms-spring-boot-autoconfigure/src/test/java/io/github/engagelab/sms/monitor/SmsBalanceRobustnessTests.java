package io.github.engagelab.sms.monitor;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsHttpClientCustomizer;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationListener;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * What goes wrong around a refresh does not outlive it.
 */
@Tag("slow")
class SmsBalanceRobustnessTests {

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false");

	private final ScriptedClient client = new ScriptedClient();

	private final CountDownLatch release = new CountDownLatch(1);

	@AfterEach
	void tearDown() {
		this.release.countDown();
	}

	@Test
	void getBalanceWhenProviderHangsUntilTheDeadlineKeepsTheClient() {
		AtomicInteger built = new AtomicInteger();
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			if (number <= 3) {
				this.release.await();
			}
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		})) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.http.read-timeout=3s",
						"engagelab.sms.http.request-timeout=8s")
				.withBean(EngageLabSmsHttpClientCustomizer.class, () -> (builder) -> built.incrementAndGet())
				.run((context) -> {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					assertThat(catchThrowable(service::getBalance)).isNotNull();
					assertThat(service.getBalance()).isNotNull();
					assertThat(built).hasValue(1);
				});
		}
	}

	@Test
	void getBalanceWhenCustomizerSwallowsTheInterruptSendsNothingLater() {
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			if (number == 1) {
				out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
				return;
			}
			out.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{".getBytes(StandardCharsets.US_ASCII));
			this.release.await();
		})) {
			CountDownLatch hang = new CountDownLatch(1);
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(),
						"engagelab.sms.http.request-timeout=2s")
				.withBean(EngageLabSmsHttpClientCustomizer.class, () -> (builder) -> awaitInSpiteOfInterrupts(hang))
				.run((context) -> {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					assertThat(catchThrowable(service::getBalance)).isNotNull();
					hang.countDown();
					assertThat(service.getBalance()).isNotNull();
					assertThat(server.requests()).hasSize(1);
				});
		}
	}

	@Test
	void refreshWhenEndingItFailsEndsAtItsDeadline() {
		AtomicReference<Error> error = new AtomicReference<>();
		EngageLabSmsThreads threads = new EngageLabSmsThreads(null) {

			@Override
			public Instant now() {
				Error next = error.getAndSet(null);
				if (next != null) {
					throw next;
				}
				return super.now();
			}

		};
		this.client.balance(1);
		withClient().withBean(EngageLabSmsThreads.class, () -> threads)
			.withPropertyValues("engagelab.sms.http.request-timeout=300ms")
			.run((context) -> {
				error.set(new StackOverflowError());
				CompletableFuture<SmsBalance> answer = context.getBean(ReactiveSmsBalanceService.class)
					.getBalance()
					.toFuture();
				assertThat(catchThrowable(() -> answer.get(1, TimeUnit.MINUTES)))
					.isInstanceOf(ExecutionException.class);
			});
	}

	@Test
	void getBalanceWhenClosedBetweenStartAndSignalIsCancelled() {
		AtomicReference<Runnable> close = new AtomicReference<>();
		EngageLabSmsThreads threads = new EngageLabSmsThreads(null) {

			@Override
			public Executor workers() {
				Runnable closing = close.getAndSet(null);
				if (closing != null) {
					closing.run();
				}
				return super.workers();
			}

		};
		this.client.answer(Mono.never());
		withClient().withBean(EngageLabSmsThreads.class, () -> threads).run((context) -> {
			ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
			close.set(() -> context.getSourceApplicationContext().close());
			assertThat(catchThrowable(() -> service.getBalance().toFuture().get(1, TimeUnit.MINUTES)))
				.isInstanceOf(CancellationException.class);
		});
	}

	@Test
	void changeWhenAnAppenderThrowsIsPublished() {
		Logger logger = (Logger) LoggerFactory.getLogger(SmsAccountStateNotifier.class);
		UnsynchronizedAppenderBase<ILoggingEvent> full = new UnsynchronizedAppenderBase<>() {

			@Override
			public void doAppend(ILoggingEvent event) {
				throw new IllegalStateException("No space left on device");
			}

			@Override
			protected void append(ILoggingEvent event) {
			}

		};
		full.start();
		logger.addAppender(full);
		List<SmsAccountStateChangedEvent> events = new CopyOnWriteArrayList<>();
		ApplicationListener<?> listener = ApplicationListener.<SmsAccountStateChangedEvent>forPayload(events::add);
		this.client.balance(100000);
		try {
			withClient().withInitializer((context) -> context.addApplicationListener(listener)).run((context) -> {
				context.getBean(SmsBalanceService.class).getBalance();
				Awaitility.await().until(() -> !events.isEmpty());
			});
		}
		finally {
			logger.detachAppender(full);
		}
	}

	private ApplicationContextRunner withClient() {
		return this.runner.withBean(SmsBalanceClient.class, () -> this.client);
	}

	private static void awaitInSpiteOfInterrupts(CountDownLatch latch) {
		while (latch.getCount() > 0) {
			try {
				latch.await();
			}
			catch (InterruptedException ex) {
				// As a socket that is dead
			}
		}
	}

}

package io.github.engagelab.sms.host;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsHttpClientCustomizer;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A process that cannot start threads for a while reads every account again afterwards.
 */
@Tag("slow")
public class ThreadShortageTests {

	private static final List<String> ACCOUNTS = List.of("one", "two", "three");

	private static final AtomicBoolean shortage = new AtomicBoolean();

	private static final AtomicInteger refused = new AtomicInteger();

	@Test
	void pollWhenThreadsCannotBeStartedForAWhileIsBackAfterwards() {
		ChildJvm.runOnEachJdk(List.of(), (file) -> true, Application.class);
	}

	private static void run(Class<?> configuration) {
		refused.set(0);
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			try (ConfigurableApplicationContext context = start(configuration, server)) {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				awaitReads(service, Instant.now());
				shortage.set(true);
				HostApplications.await()
					.until(() -> refused.get() >= 1
							&& ACCOUNTS.stream().allMatch((account) -> status(service, account).failure() != null));
				ChildJvm.measured("%s, %d refusals: %s", configuration.getSimpleName(), refused.get(),
						status(service, "one").failure());
				shortage.set(false);
				Instant over = Instant.now();
				awaitReads(service, over);
				ChildJvm.measured("all are read %s after the shortage", Duration.between(over, Instant.now()));
			}
		}
	}

	private static ConfigurableApplicationContext start(Class<?> configuration, RawServer server) {
		String[] accounts = HostApplications.accounts(server, ACCOUNTS);
		String[] arguments = Arrays.copyOf(accounts, accounts.length + 2);
		arguments[accounts.length] = "--engagelab.sms.http.request-timeout=1s";
		arguments[accounts.length + 1] = "--engagelab.sms.http.read-timeout=500ms";
		return HostApplications.start(List.of(configuration), arguments);
	}

	private static void awaitReads(SmsBalanceService service, Instant after) {
		HostApplications.await().untilAsserted(() -> {
			for (String account : ACCOUNTS) {
				SmsAccountStatus status = status(service, account);
				assertThat(status.snapshot()).as(status.toString()).isNotNull();
				assertThat(status.snapshot().readAt()).as(status.toString()).isAfter(after);
			}
		});
	}

	private static SmsAccountStatus status(SmsBalanceService service, String account) {
		return service.forAccount(account).getStatus();
	}

	private static void failIfShort() {
		if (shortage.get()) {
			refused.incrementAndGet();
			throw new OutOfMemoryError("unable to create native thread");
		}
	}

	public static class Application {

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				run(HttpThreads.class);
				run(Workers.class);
			});
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class HttpThreads {

		@Bean
		EngageLabSmsHttpClientCustomizer shortOfThreads() {
			ExecutorService executor = Executors.newCachedThreadPool();
			return (builder) -> builder.executor((task) -> {
				failIfShort();
				executor.execute(task);
			});
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Workers {

		@Bean
		EngageLabSmsThreads shortOfThreads() {
			return new EngageLabSmsThreads(
					new ScheduledThreadPoolExecutor(1), elastic(), (name) -> new ThreadPoolExecutor(0, 1, 1,
							TimeUnit.MILLISECONDS, new LinkedBlockingQueue<>(), Workers::startThread),
					System::nanoTime, Clock.systemUTC());
		}

		/**
		 * Threads that are gone after each task, so that each task needs one.
		 */
		private static ExecutorService elastic() {
			return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.MILLISECONDS, new SynchronousQueue<>(),
					Workers::startThread);
		}

		private static Thread startThread(Runnable task) {
			failIfShort();
			return new Thread(task);
		}

	}

}

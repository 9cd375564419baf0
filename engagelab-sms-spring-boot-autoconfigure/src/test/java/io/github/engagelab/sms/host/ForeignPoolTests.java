package io.github.engagelab.sms.host;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Callers on the common pool have their answers, and so has everybody else where the
 * application blocks that pool.
 */
@Tag("slow")
public class ForeignPoolTests {

	@ParameterizedTest
	@ValueSource(ints = { 1, 2, 4 })
	void getBalanceWhenTheCommonPoolIsSmallOrBlockedAnswers(int processors) {
		ChildJvm.runOnEachJdk(List.of("-XX:ActiveProcessorCount=" + processors), (file) -> true, Application.class);
	}

	public static class Application {

		// Less than the timeouts, which would end a read that is stuck
		private static final Duration IN_TIME = HostApplications.PATIENCE.dividedBy(2);

		private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

		private static final ExecutorService threads = Executors.newCachedThreadPool();

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				List<String> accounts = IntStream.range(0, 8).mapToObj((number) -> "account" + number).toList();
				try (RawServer server = new RawServer(HostApplications.exampleAfter(Duration.ofMillis(50)));
						ConfigurableApplicationContext context = HostApplications.start(List.of(),
								HostApplications.accounts(server, accounts))) {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					parallelStream(service, accounts);
					supplyAsync(service);
					blockedByTheApplication(service, accounts, server);
				}
				if (Runtime.version().feature() >= 21) {
					virtualThreads();
				}
			});
		}

		private static void parallelStream(SmsBalanceService service, List<String> accounts) {
			long start = System.nanoTime();
			assertThat(accounts.parallelStream().map((account) -> service.forAccount(account).getBalance()).toList())
				.hasSize(accounts.size())
				.containsOnly(GOOD);
			assertThat(ChildJvm.since(start)).isLessThan(IN_TIME);
			ChildJvm.measured("parallel stream: %s", ChildJvm.since(start));
		}

		private static void supplyAsync(SmsBalanceService service) throws Exception {
			long start = System.nanoTime();
			assertThat(CompletableFuture.supplyAsync(service::getBalance).get(IN_TIME.toSeconds(), TimeUnit.SECONDS))
				.isEqualTo(GOOD);
			ChildJvm.measured("supplyAsync: %s", ChildJvm.since(start));
		}

		private static void blockedByTheApplication(SmsBalanceService service, List<String> accounts, RawServer server)
				throws Exception {
			CountDownLatch release = new CountDownLatch(1);
			AtomicInteger blocked = new AtomicInteger();
			for (int i = 0; i < 64; i++) {
				ForkJoinPool.commonPool().execute(() -> {
					blocked.incrementAndGet();
					try {
						release.await();
					}
					catch (InterruptedException ex) {
						Thread.currentThread().interrupt();
					}
				});
			}
			HostApplications.await().until(() -> blocked.get() >= Math.max(1, ForkJoinPool.getCommonPoolParallelism()));
			long start = System.nanoTime();
			List<Future<SmsBalance>> answers = accounts.stream()
				.map((account) -> threads.submit(() -> service.forAccount(account).getBalance()))
				.toList();
			for (Future<SmsBalance> answer : answers) {
				assertThat(answer.get(IN_TIME.toSeconds(), TimeUnit.SECONDS)).isEqualTo(GOOD);
			}
			assertThat(ChildJvm.since(start)).isLessThan(IN_TIME);
			ChildJvm.measured("callers while %d threads of the common pool are blocked: %s", blocked.get(),
					ChildJvm.since(start));
			int polls = server.requests().size();
			HostApplications.await().until(() -> server.requests().size() >= polls + 2 * accounts.size());
			release.countDown();
		}

		private static void virtualThreads() throws Exception {
			int callers = 5_000;
			CountDownLatch allAreWaiting = new CountDownLatch(1);
			try (RawServer server = new RawServer((request, number, out, socket) -> {
				allAreWaiting.await();
				out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
			});
					ConfigurableApplicationContext context = HostApplications.start(List.of(),
							"--engagelab.sms.base-url=" + server.baseUrl(), "--engagelab.sms.dev-key=key",
							"--engagelab.sms.dev-secret=secret", "--engagelab.sms.refresh.enabled=false")) {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				AtomicInteger answers = new AtomicInteger();
				var startVirtualThread = Thread.class.getMethod("startVirtualThread", Runnable.class);
				List<Thread> started = new ArrayList<>();
				long start = System.nanoTime();
				Runnable caller = () -> {
					assertThat(service.getBalance()).isEqualTo(GOOD);
					answers.incrementAndGet();
				};
				for (int i = 0; i < callers; i++) {
					started.add((Thread) startVirtualThread.invoke(null, caller));
				}
				HostApplications.await()
					.until(() -> started.stream()
						.allMatch((thread) -> thread.getState() == Thread.State.TIMED_WAITING
								|| thread.getState() == Thread.State.WAITING));
				allAreWaiting.countDown();
				HostApplications.await().until(() -> answers.get() == callers);
				assertThat(server.requests()).hasSize(1);
				ChildJvm.measured("%d virtual threads, %d request: %s", callers, server.requests().size(),
						ChildJvm.since(start));
			}
		}

	}

}

package io.github.engagelab.sms.monitor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map.Entry;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RawServer.Script;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposable;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Many callers of one account, over real sockets.
 */
class SmsBalanceConcurrencyTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private static final int THREADS = 200;

	private static final int SUBSCRIPTIONS_PER_THREAD = 24;

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.http.read-timeout=30s",
				"engagelab.sms.http.request-timeout=30s", "engagelab.sms.retry.max-retries=0");

	private final ExecutorService callers = Executors.newFixedThreadPool(THREADS, (task) -> {
		Thread thread = new Thread(task, "caller");
		thread.setDaemon(true);
		return thread;
	});

	private final CountDownLatch release = new CountDownLatch(1);

	@AfterEach
	void tearDown() {
		this.release.countDown();
		this.callers.shutdownNow();
	}

	@Test
	void getBalanceWhenThousandsCallAtOnceAsksOneAtATime() {
		run((request, number, out, socket) -> {
			// Ends by time only: nobody counts down
			new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS);
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		}, (context, server) -> {
			SmsBalanceService blocking = context.getBean(SmsBalanceService.class);
			ReactiveSmsBalanceService reactive = context.getBean(ReactiveSmsBalanceService.class);
			List<CompletableFuture<SmsBalance>> subscriptions = Collections.synchronizedList(new ArrayList<>());
			CyclicBarrier start = new CyclicBarrier(THREADS);
			List<SmsBalance> blocked = callAll(THREADS, () -> {
				start.await();
				for (int i = 0; i < SUBSCRIPTIONS_PER_THREAD; i++) {
					subscriptions.add(reactive.getBalance().toFuture());
				}
				return blocking.getBalance();
			});
			assertThat(blocked).hasSize(THREADS).containsOnly(GOOD);
			assertThat(subscriptions).hasSize(THREADS * SUBSCRIPTIONS_PER_THREAD)
				.allSatisfy((answer) -> assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD));
			assertThat(server.mostAtOnce()).isEqualTo(1);
			assertThat(server.requests()).hasSizeBetween(1, 5);
		});
	}

	@Test
	void getBalanceWhenOneCallerCancelsAnswersTheOthers() {
		run(whenReleased(), (context, server) -> {
			ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
			Disposable first = service.getBalance().subscribe();
			CompletableFuture<SmsBalance> second = service.getBalance().toFuture();
			Future<SmsBalance> third = callBlocking(context);
			awaitRequest(server);
			first.dispose();
			this.release.countDown();
			assertThat(second.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(third.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(server.requests()).hasSizeBetween(1, 2);
			assertThat(server.mostAtOnce()).isEqualTo(1);
		});
	}

	@Test
	void getBalanceWhenAllCallersHaveCancelledWorks() {
		run(whenReleased(), (context, server) -> {
			ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
			List<Disposable> subscriptions = new ArrayList<>();
			for (int i = 0; i < 10; i++) {
				subscriptions.add(service.getBalance().subscribe());
			}
			awaitRequest(server);
			subscriptions.forEach(Disposable::dispose);
			CompletableFuture<SmsBalance> next = service.getBalance().toFuture();
			this.release.countDown();
			assertThat(next.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(server.requests()).hasSize(1);
			assertThat(service.getBalance().toFuture().get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(server.requests()).hasSize(2);
		});
	}

	@Test
	void getBalanceWhenSharedRequestFailsGivesAllCallersTheSameFailure() {
		run((request, number, out, socket) -> {
			this.release.await();
			out.write(RawServer.http("500 Oops", "{\"code\":1000,\"message\":\"no\"}"));
		}, (context, server) -> {
			SmsBalanceService blocking = context.getBean(SmsBalanceService.class);
			ReactiveSmsBalanceService reactive = context.getBean(ReactiveSmsBalanceService.class);
			List<Future<Throwable>> failures = new ArrayList<>();
			failures.add(reactive.getBalance().toFuture().handle((balance, ex) -> ex));
			awaitRequest(server);
			CountDownLatch calling = new CountDownLatch(50);
			for (int i = 0; i < 50; i++) {
				failures.add(reactive.getBalance().toFuture().handle((balance, ex) -> ex));
				failures.add(this.callers.submit(() -> {
					calling.countDown();
					return catchThrowable(blocking::getBalance);
				}));
			}
			calling.await();
			Awaitility.await().until(() -> waitingCallers() == 50);
			this.release.countDown();
			Throwable shared = failures.get(0).get(10, TimeUnit.SECONDS);
			assertThat(shared).isInstanceOfSatisfying(SmsBalanceException.class,
					(ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.SERVER_ERROR));
			assertThat(failures)
				.allSatisfy((failure) -> assertThat(failure.get(10, TimeUnit.SECONDS)).isSameAs(shared));
			assertThat(shared.getSuppressed()).isEmpty();
			assertThat(shared.getCause()).isNull();
			assertThat(server.requests()).hasSize(1);
		});
	}

	@Test
	void refreshWhenServerHangsBlocksNoThread() {
		run(whenReleased(), (context, server) -> {
			CompletableFuture<SmsBalance> answer = context.getBean(SmsBalanceMonitors.class)
				.get("default")
				.refresh()
				.map(SmsBalanceSnapshot::balance)
				.toFuture();
			awaitRequest(server);
			Awaitility.await().untilAsserted(() -> assertThat(waitingThreads()).isEmpty());
			// Who chooses to block is seen by the same means
			Future<SmsBalance> caller = callBlocking(context);
			Awaitility.await().untilAsserted(() -> assertThat(waitingThreads()).containsExactly("caller"));
			assertThat(answer).isNotDone();
			this.release.countDown();
			assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(caller.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
		});
	}

	private void run(Script script, Scenario scenario) {
		try (RawServer server = new RawServer(script)) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((ContextConsumer<AssertableApplicationContext>) (context) -> {
					assertThat(context).hasNotFailed();
					scenario.play(context, server);
				});
		}
	}

	private Script whenReleased() {
		return (request, number, out, socket) -> {
			this.release.await();
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		};
	}

	private <T> List<T> callAll(int count, Callable<T> call) throws Exception {
		List<T> results = new ArrayList<>();
		for (Future<T> result : this.callers.invokeAll(Collections.nCopies(count, call), 60, TimeUnit.SECONDS)) {
			results.add(result.get());
		}
		return results;
	}

	private Future<SmsBalance> callBlocking(AssertableApplicationContext context) {
		return CompletableFuture.supplyAsync(context.getBean(SmsBalanceService.class)::getBalance, this.callers);
	}

	private static void awaitRequest(RawServer server) {
		Awaitility.await().until(() -> server.requests().size() == 1);
	}

	private static long waitingCallers() {
		return waitingThreads().stream().filter("caller"::equals).count();
	}

	/**
	 * Return the threads that wait, for a lock or for anything else, inside of what is
	 * tested.
	 * @return the names of the threads
	 */
	private static List<String> waitingThreads() {
		return Thread.getAllStackTraces().entrySet().stream().filter((entry) -> switch (entry.getKey().getState()) {
			case BLOCKED, WAITING, TIMED_WAITING -> Arrays.stream(entry.getValue()).anyMatch((frame) -> isOurs(frame));
			default -> false;
		}).map(Entry::getKey).map(Thread::getName).toList();
	}

	private static boolean isOurs(StackTraceElement frame) {
		String name = frame.getClassName();
		return name.startsWith("io.github.engagelab.sms.") && !name.startsWith("io.github.engagelab.sms.testsupport.")
				&& !name.startsWith(SmsBalanceConcurrencyTests.class.getName());
	}

	@FunctionalInterface
	private interface Scenario {

		void play(AssertableApplicationContext context, RawServer server) throws Exception;

	}

}

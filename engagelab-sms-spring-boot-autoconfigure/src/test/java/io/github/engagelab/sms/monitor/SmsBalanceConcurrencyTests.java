package io.github.engagelab.sms.monitor;

import java.lang.ref.WeakReference;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map.Entry;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RawServer.Script;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.hamcrest.Matchers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ContextConsumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowable;

/**
 * Many callers of one account, over real sockets.
 */
@Tag("slow")
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

	private final ScriptedClient client = new ScriptedClient();

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
			List<Future<Throwable>> copies = new ArrayList<>();
			failures.add(reactive.getBalance().toFuture().handle((balance, ex) -> ex));
			awaitRequest(server);
			CountDownLatch calling = new CountDownLatch(50);
			for (int i = 0; i < 50; i++) {
				failures.add(reactive.getBalance().toFuture().handle((balance, ex) -> ex));
				copies.add(this.callers.submit(() -> {
					calling.countDown();
					return catchThrowable(blocking::getBalance);
				}));
			}
			calling.await();
			Awaitility.await().until(() -> waitingCallers() == 50);
			this.release.countDown();
			SmsBalanceException shared = (SmsBalanceException) failures.get(0).get(10, TimeUnit.SECONDS);
			assertThat(shared.getFailure()).isEqualTo(SmsBalanceFailure.SERVER_ERROR);
			assertThat(failures)
				.allSatisfy((failure) -> assertThat(failure.get(10, TimeUnit.SECONDS)).isSameAs(shared));
			assertThat(copies).allSatisfy((copy) -> assertThat(copy.get(10, TimeUnit.SECONDS))
				.isInstanceOfSatisfying(SmsBalanceException.class, (ex) -> assertIsCopy(ex, shared)));
			Set<Throwable> instances = Collections.newSetFromMap(new IdentityHashMap<>());
			for (Future<Throwable> copy : copies) {
				instances.add(copy.get());
			}
			assertThat(instances).hasSize(50);
			assertThat(shared.getSuppressed()).isEmpty();
			assertThat(shared.getCause()).isNull();
			assertThat(server.requests()).hasSize(1);
		});
	}

	@Test
	void refreshWhenServerHangsOccupiesOneThreadHoweverManyWait() {
		run(whenReleased(), (context, server) -> {
			CompletableFuture<SmsBalance> answer = context.getBean(SmsBalanceMonitors.class)
				.get("default")
				.refresh()
				.thenApply(SmsBalanceSnapshot::balance);
			awaitRequest(server);
			ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
			for (int i = 0; i < 100; i++) {
				service.getBalance().subscribe();
			}
			Awaitility.await()
				.untilAsserted(() -> assertThat(waitingThreads()).singleElement()
					.asString()
					.isEqualTo("engagelab-sms-account-default"));
			// Who chooses to block is seen by the same means
			Future<SmsBalance> caller = callBlocking(context);
			Awaitility.await().until(() -> waitingCallers() == 1);
			assertThat(waitingThreads()).hasSize(2);
			assertThat(answer).isNotDone();
			this.release.countDown();
			assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(caller.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
		});
	}

	@Test
	void getBalanceWhenSubscribedSignalsOnAWorker() {
		run((request, number, out, socket) -> {
			if (number == 1) {
				out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
			}
			else {
				out.write(RawServer.http("401 Unauthorized", "{\"code\":2001,\"message\":\"no\"}"));
			}
		}, (context, server) -> {
			ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
			List<String> threads = new CopyOnWriteArrayList<>();
			Mono<SmsBalance> noting = service.getBalance()
				.doOnTerminate(() -> threads.add(Thread.currentThread().getName()));
			assertThat(noting.toFuture().get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			assertThat(noting.onErrorComplete().toFuture().get(10, TimeUnit.SECONDS)).isNull();
			assertThat(threads).hasSize(2).allMatch((name) -> name.matches("engagelab-sms-worker-\\d+"));
		});
	}

	@Test
	void getBalanceWhenSubscribedSignalsATimeoutOnAWorker() {
		this.client.answer(Mono.never());
		withClient("200ms", (context) -> {
			AtomicReference<String> thread = new AtomicReference<>();
			CompletableFuture<SmsBalance> answer = context.getBean(ReactiveSmsBalanceService.class)
				.getBalance()
				.doOnError((ex) -> thread.set(Thread.currentThread().getName()))
				.toFuture();
			assertThat(failureOf(answer)).isEqualTo(SmsBalanceFailure.TIMEOUT);
			assertThat(thread.get()).matches("engagelab-sms-worker-\\d+");
		});
	}

	@Test
	void getBalanceWhenThreadMustNotBlockFailsAtOnceWithoutAsking() {
		this.client.balance(1);
		withClient("15s", (context) -> {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			Scheduler nonBlocking = Schedulers.newSingle("must-not-block", true);
			try {
				Throwable thrown = Mono.fromCallable(() -> catchThrowable(service::getBalance))
					.subscribeOn(nonBlocking)
					.block();
				assertThat(thrown).isInstanceOf(IllegalStateException.class)
					.hasMessageContaining("must-not-block")
					.hasMessageContaining("ReactiveSmsBalanceService");
				assertThat(this.client.calls()).isEmpty();
				assertThat(service.getBalance().totalBalance10000()).isEqualTo(1);
				Callable<SmsBalance> known = () -> service.getBalance(Duration.ofHours(1));
				assertThat(Mono.fromCallable(known).subscribeOn(nonBlocking).block().totalBalance10000()).isEqualTo(1);
			}
			finally {
				nonBlocking.dispose();
			}
		});
	}

	@Test
	void getBalanceWhenCallerIsInterruptedEndsAndLeavesTheRefresh() {
		Sinks.One<SmsBalance> answer = Sinks.one();
		this.client.answer(answer.asMono());
		withClient("15s", (context) -> {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			AtomicReference<Thread> caller = new AtomicReference<>();
			CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
			Future<Throwable> thrown = this.callers.submit(() -> {
				caller.set(Thread.currentThread());
				Throwable ex = catchThrowable(service::getBalance);
				interrupted.complete(Thread.currentThread().isInterrupted());
				return ex;
			});
			CompletableFuture<SmsBalanceSnapshot> refresh = monitor(context).refresh();
			Awaitility.await().until(() -> waitingCallers() == 1);
			caller.get().interrupt();
			assertThat(thrown.get(10, TimeUnit.SECONDS)).isInstanceOf(CancellationException.class);
			assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();
			assertThat(refresh).isNotDone();
			answer.tryEmitValue(GOOD);
			assertThat(refresh.get(10, TimeUnit.SECONDS).balance()).isEqualTo(GOOD);
		});
	}

	@Test
	void getBalanceWhenGivenUpSendsNothingLater() {
		List<String> resolved = new CopyOnWriteArrayList<>();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues("engagelab.sms.http.request-timeout=300ms")
				.withBean(EngageLabSmsConnectionDetails.class, () -> new EngageLabSmsConnectionDetails() {

					@Override
					public URI getBaseUrl(String account) {
						return URI.create(server.baseUrl());
					}

					@Override
					public Credentials getCredentials(String account) {
						resolved.add(account);
						awaitReleaseInSpiteOfInterrupts();
						return new Credentials("key", "secret");
					}

				})
				.run((context) -> {
					ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
					// The first one hangs, and the second one waits behind it
					for (int i = 0; i < 2; i++) {
						assertThat(failureOf(service.getBalance().toFuture()))
							.isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
					}
					this.release.countDown();
					assertThat(service.getBalance().toFuture().get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
					assertThat(resolved).hasSize(2);
					assertThat(server.requests()).hasSize(1);
				});
		}
	}

	@Test
	void refreshWhenEndedKeepsNothingOfTheCall() {
		AtomicReference<WeakReference<Object>> call = new AtomicReference<>();
		this.runner.withBean(SmsBalanceClient.class, () -> (account) -> {
			// As credentials are, for example
			Object held = new Object();
			call.set(new WeakReference<>(held));
			return Mono.just(GOOD).filter((balance) -> !balance.equals(held));
		}).run((context) -> {
			assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(GOOD);
			Awaitility.await().until(() -> {
				System.gc();
				return call.get().get() == null;
			});
		});
	}

	@Test
	void refreshWhenClientHangsInTheCallTakesNoSecondThread() {
		AtomicInteger hanging = new AtomicInteger();
		AtomicInteger mostHanging = new AtomicInteger();
		this.client.answerWith(() -> {
			mostHanging.accumulateAndGet(hanging.incrementAndGet(), Math::max);
			awaitReleaseInSpiteOfInterrupts();
			hanging.decrementAndGet();
			return Mono.just(GOOD);
		});
		withClient("200ms", (context) -> {
			for (int i = 0; i < 5; i++) {
				assertThat(failureOf(monitor(context).refresh())).isEqualTo(SmsBalanceFailure.TIMEOUT);
				assertThat(accountThreadsIn("getBalance")).isEqualTo(1);
			}
			assertThat(mostHanging).hasValue(1);
			assertThat(this.client.calls()).hasSize(1);
			this.release.countDown();
			Awaitility.await().untilAtomic(hanging, Matchers.is(0));
			assertThat(monitor(context).getStatus().snapshot()).isNull();
			assertThat(monitor(context).refresh().get(10, TimeUnit.SECONDS).balance()).isEqualTo(GOOD);
			assertThat(this.client.calls()).hasSize(2);
		});
	}

	@Test
	void refreshWhenClientHangsOnCancelTakesNoSecondThread() {
		AtomicInteger cancelled = new AtomicInteger();
		this.client.answer(Mono.<SmsBalance>never().doOnCancel(() -> {
			cancelled.incrementAndGet();
			awaitRelease();
		}));
		withClient("200ms", (context) -> {
			for (int i = 0; i < 4; i++) {
				assertThat(failureOf(monitor(context).refresh())).isEqualTo(SmsBalanceFailure.TIMEOUT);
			}
			assertThat(cancelled).hasValue(1);
			assertThat(accountThreadsIn("dispose")).isEqualTo(1);
			this.release.countDown();
			this.client.balance(1);
			assertThat(monitor(context).refresh().get(10, TimeUnit.SECONDS).balance().totalBalance10000()).isEqualTo(1);
		});
	}

	@ParameterizedTest
	@ValueSource(booleans = { true, false })
	void refreshWhenASubscriberBlocksAnswersBlockingCallersAndIsFollowedByTheNext(boolean success) {
		Sinks.One<SmsBalance> answer = Sinks.one();
		this.client.answer(answer.asMono());
		withClient("15s", (context) -> {
			ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
			CompletableFuture<Throwable> before = service.getBalance().toFuture().handle((balance, ex) -> ex);
			AtomicBoolean blocked = new AtomicBoolean();
			service.getBalance().doOnTerminate(() -> {
				blocked.set(true);
				awaitRelease();
			}).onErrorComplete().subscribe();
			CompletableFuture<Throwable> after = service.getBalance().toFuture().handle((balance, ex) -> ex);
			Future<Throwable> blocking = this.callers
				.submit(() -> catchThrowable(context.getBean(SmsBalanceService.class)::getBalance));
			Awaitility.await().until(() -> waitingCallers() == 1);
			if (success) {
				answer.tryEmitValue(GOOD);
			}
			else {
				answer.tryEmitError(new SmsBalanceException("default", SmsBalanceFailure.SERVER_ERROR, null));
			}
			Throwable thrown = blocking.get(10, TimeUnit.SECONDS);
			Awaitility.await().untilTrue(blocked);
			this.client.balance(1);
			assertThat(callBlocking(context).get(10, TimeUnit.SECONDS).totalBalance10000()).isEqualTo(1);
			assertThat(service.getBalance().toFuture().get(10, TimeUnit.SECONDS).totalBalance10000()).isEqualTo(1);
			this.release.countDown();
			assertThat(before.get(10, TimeUnit.SECONDS) == null).isEqualTo(success);
			assertThat(after.get(10, TimeUnit.SECONDS) == null).isEqualTo(success);
			assertThat(thrown == null).isEqualTo(success);
		});
	}

	@Test
	void closeGivesWaitingCallersACancellation() {
		this.client.answer(Mono.never());
		List<Future<Throwable>> waiting = new ArrayList<>();
		withClient("15s", (context) -> {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			ReactiveSmsBalanceService reactive = context.getBean(ReactiveSmsBalanceService.class);
			for (int i = 0; i < 10; i++) {
				waiting.add(this.callers.submit(() -> catchThrowable(service::getBalance)));
				waiting.add(reactive.getBalance().toFuture().handle((balance, ex) -> ex));
			}
			Awaitility.await().until(() -> waitingCallers() == 10);
			context.getSourceApplicationContext().close();
			assertThat(waiting).hasSize(20)
				.allSatisfy((caller) -> assertThat(caller.get(5, TimeUnit.SECONDS))
					.isInstanceOf(CancellationException.class));
			assertThat(catchThrowable(service::getBalance)).isInstanceOf(CancellationException.class);
			assertThat(reactive.getBalance().toFuture().handle((balance, ex) -> ex).get(5, TimeUnit.SECONDS))
				.isInstanceOf(CancellationException.class);
		});
		Awaitility.await().until(() -> accountThreadsIn("run") == 0);
	}

	@Test
	void getBalanceWhenClosedIsCancelled() {
		this.client.balance(1);
		AtomicReference<SmsBalanceService> blocking = new AtomicReference<>();
		AtomicReference<ReactiveSmsBalanceService> reactive = new AtomicReference<>();
		withClient("15s", (context) -> {
			blocking.set(context.getBean(SmsBalanceService.class));
			reactive.set(context.getBean(ReactiveSmsBalanceService.class));
		});
		assertThat(catchThrowable(blocking.get()::getBalance)).isInstanceOf(CancellationException.class);
		Future<Throwable> signal = reactive.get().getBalance().toFuture().handle((balance, ex) -> ex);
		assertThatNoException().isThrownBy(() -> signal.get(5, TimeUnit.SECONDS));
		assertThat(this.client.calls()).isEmpty();
	}

	@Test
	void getBalanceInTheCommonPoolIsAnswered() {
		run(whenReleased(), (context, server) -> {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			List<Future<SmsBalance>> answers = new ArrayList<>();
			for (int i = 0; i < ForkJoinPool.getCommonPoolParallelism() * 4; i++) {
				answers.add(ForkJoinPool.commonPool().submit(() -> service.getBalance()));
			}
			awaitRequest(server);
			this.release.countDown();
			for (Future<SmsBalance> answer : answers) {
				assertThat(answer.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
			}
		});
	}

	@Test
	void refreshWhenAllSharedPoolsAreBlockedWorks() {
		run(RawServer.respond("200 OK", RawServer.EXAMPLE), (context, server) -> {
			List<Runnable> unblock = new ArrayList<>();
			try {
				for (Scheduler scheduler : List.of(Schedulers.parallel(), Schedulers.single(),
						Schedulers.boundedElastic())) {
					for (int i = 0; i < 10 * Runtime.getRuntime().availableProcessors(); i++) {
						unblock.add(scheduler.schedule(this::awaitRelease)::dispose);
					}
				}
				for (int i = 0; i < ForkJoinPool.getCommonPoolParallelism(); i++) {
					Future<?> task = ForkJoinPool.commonPool().submit(this::awaitRelease);
					unblock.add(() -> task.cancel(true));
				}
				assertThat(callBlocking(context).get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
				assertThat(context.getBean(ReactiveSmsBalanceService.class)
					.getBalance()
					.toFuture()
					.get(10, TimeUnit.SECONDS)).isEqualTo(GOOD);
				server.close();
				CompletableFuture<SmsBalance> refused = context.getBean(ReactiveSmsBalanceService.class)
					.getBalance()
					.toFuture();
				assertThat(failureOf(refused)).isEqualTo(SmsBalanceFailure.UNREACHABLE);
				assertThat(this.release.getCount()).isEqualTo(1);
			}
			finally {
				this.release.countDown();
				unblock.forEach(Runnable::run);
			}
		});
	}

	private void awaitReleaseInSpiteOfInterrupts() {
		while (this.release.getCount() > 0) {
			try {
				this.release.await();
			}
			catch (InterruptedException ex) {
				// As a socket that is dead
			}
		}
	}

	private void awaitRelease() {
		try {
			this.release.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static void assertIsCopy(SmsBalanceException copy, SmsBalanceException shared) {
		assertThat(copy).isNotSameAs(shared).hasMessage(shared.getMessage()).hasNoCause().hasNoSuppressedExceptions();
		assertThat(copy.getAccount()).isEqualTo(shared.getAccount());
		assertThat(copy.getFailure()).isEqualTo(shared.getFailure());
		assertThat(copy.getStatus()).isEqualTo(500);
		assertThat(copy.getCode()).isEqualTo(1000);
		assertThat(copy.getProviderMessage()).isEqualTo("no");
		assertThat(copy.getStackTrace()).extracting(StackTraceElement::getClassName)
			.contains(SmsBalanceConcurrencyTests.class.getName());
	}

	private void withClient(String requestTimeout, ContextConsumer<AssertableApplicationContext> test) {
		this.runner.withBean(SmsBalanceClient.class, () -> this.client)
			.withPropertyValues("engagelab.sms.http.request-timeout=" + requestTimeout)
			.run((context) -> {
				assertThat(context).hasNotFailed();
				test.accept(context);
			});
	}

	private static SmsBalanceMonitor monitor(AssertableApplicationContext context) {
		return context.getBean(SmsBalanceMonitors.class).get("default");
	}

	private static SmsBalanceFailure failureOf(CompletableFuture<?> answer) {
		Throwable thrown = catchThrowable(() -> answer.get(10, TimeUnit.SECONDS));
		assertThat(thrown).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(SmsBalanceException.class);
		return ((SmsBalanceException) thrown.getCause()).getFailure();
	}

	/**
	 * Return how many threads of accounts are inside a method.
	 * @param method the name of the method
	 * @return the number of threads
	 */
	private static long accountThreadsIn(String method) {
		return Thread.getAllStackTraces()
			.entrySet()
			.stream()
			.filter((entry) -> entry.getKey().getName().startsWith("engagelab-sms-account-"))
			.filter((entry) -> Arrays.stream(entry.getValue())
				.anyMatch((frame) -> frame.getMethodName().equals(method)))
			.count();
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

package io.github.engagelab.sms.client;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

class EngageLabSmsThreadsTests {

	private final ClassLoader contextClassLoader = new ClassLoader() {
	};

	private final EngageLabSmsThreads threads = new EngageLabSmsThreads(this.contextClassLoader);

	private final BlockingQueue<Thread> ranOn = new LinkedBlockingQueue<>();

	@AfterEach
	void tearDown() {
		this.threads.close();
	}

	@ParameterizedTest
	@CsvSource({ "timer, timer-1", "worker, worker-1", "deadline, deadlines", "single, account-otp" })
	void threadsAreNamedDaemonsOfTheApplication(String kind, String name) throws Exception {
		Runnable task = () -> this.ranOn.add(Thread.currentThread());
		switch (kind) {
			case "timer" -> this.threads.schedule(Duration.ZERO, task);
			case "worker" -> this.threads.workers().execute(task);
			case "deadline" -> this.threads.scheduleDeadline(Duration.ZERO, task);
			default -> this.threads.single("account-otp").execute(task);
		}
		Thread thread = this.ranOn.poll(10, TimeUnit.SECONDS);
		assertThat(thread).isNotNull();
		assertThat(thread.getName()).isEqualTo("engagelab-sms-" + name);
		assertThat(thread.isDaemon()).isTrue();
		assertThat(thread.getContextClassLoader()).isSameAs(this.contextClassLoader);
	}

	@Test
	void singleRunsTasksInOrderOnAThreadThatEndsWhenIdle() throws Exception {
		ExecutorService single = this.threads.single("events");
		List<Integer> order = new CopyOnWriteArrayList<>();
		for (int i = 0; i < 100; i++) {
			int number = i;
			single.execute(() -> order.add(number));
		}
		single.submit(() -> this.ranOn.add(Thread.currentThread())).get(10, TimeUnit.SECONDS);
		assertThat(order).hasSize(100).isSorted();
		this.ranOn.take().join(Duration.ofSeconds(10).toMillis());
		assertThat(Thread.getAllStackTraces().keySet()).extracting(Thread::getName)
			.doesNotContain("engagelab-sms-events");
	}

	@Test
	void singleKeepsNothingThatIsCancelled() throws Exception {
		ScheduledThreadPoolExecutor single = (ScheduledThreadPoolExecutor) this.threads.single("account-otp");
		CountDownLatch begun = new CountDownLatch(1);
		CountDownLatch release = new CountDownLatch(1);
		Future<?> first = single.submit(() -> {
			begun.countDown();
			release.await();
			return null;
		});
		begun.await();
		single.submit(() -> this.ranOn.add(Thread.currentThread())).cancel(true);
		assertThat(single.getQueue()).isEmpty();
		release.countDown();
		first.get(10, TimeUnit.SECONDS);
		assertThat(this.ranOn).isEmpty();
	}

	@Test
	void closeEndsAllThreadsAndRefusesTasks() {
		ExecutorService single = this.threads.single("events");
		this.threads.close();
		assertThat(single.isShutdown()).isTrue();
		assertThatExceptionOfType(RejectedExecutionException.class)
			.isThrownBy(() -> this.threads.schedule(Duration.ZERO, () -> {
			}));
		// Who waits for a signal gets it
		this.threads.workers().execute(() -> this.ranOn.add(Thread.currentThread()));
		assertThat(this.ranOn).containsExactly(Thread.currentThread());
	}

}

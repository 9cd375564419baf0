package io.github.engagelab.sms.client;

import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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
	@ValueSource(strings = { "worker", "http", "timer" })
	void threadsAreNamedDaemonsOfTheApplication(String kind) throws Exception {
		Runnable task = () -> this.ranOn.add(Thread.currentThread());
		switch (kind) {
			case "worker" -> this.threads.execute(task);
			case "http" -> this.threads.executeHttp(task);
			default -> this.threads.schedule(task, Duration.ZERO);
		}
		Thread thread = this.ranOn.poll(10, TimeUnit.SECONDS);
		assertThat(thread).isNotNull();
		assertThat(thread.getName()).isEqualTo("engagelab-sms-" + kind + "-1");
		assertThat(thread.isDaemon()).isTrue();
		assertThat(thread.getContextClassLoader()).isSameAs(this.contextClassLoader);
	}

	@Test
	void relayRunsTheFirstTaskThereAndTheNextOnAnotherWorker() throws Exception {
		this.threads.relay(() -> {
			this.threads.execute(() -> this.ranOn.add(Thread.currentThread()));
			this.threads.execute(() -> this.ranOn.add(Thread.currentThread()));
		});
		assertThat(this.ranOn.poll(10, TimeUnit.SECONDS)).isSameAs(Thread.currentThread());
		assertThat(this.ranOn.poll(10, TimeUnit.SECONDS)).isNotSameAs(Thread.currentThread());
	}

	@Test
	void relayWhenOverLeavesNothingBehind() throws Exception {
		this.threads.relay(() -> {
		});
		this.threads.execute(() -> this.ranOn.add(Thread.currentThread()));
		assertThat(this.ranOn.poll(10, TimeUnit.SECONDS)).isNotSameAs(Thread.currentThread());
	}

	@Test
	void scheduleReturnsWhatCanBeCancelled() {
		Future<?> scheduled = this.threads.schedule(() -> this.ranOn.add(Thread.currentThread()), Duration.ofHours(1));
		assertThat(scheduled.cancel(false)).isTrue();
		assertThat(this.threads.trySchedule(() -> {
		}, Duration.ofHours(1)).cancel(false)).isTrue();
	}

	@Test
	void scheduleWhenClosedIsRefusedAndExecuteIsDropped() {
		this.threads.close();
		assertThat(this.threads.trySchedule(() -> {
		}, Duration.ZERO)).isNull();
		this.threads.execute(() -> this.ranOn.add(Thread.currentThread()));
		assertThatExceptionOfType(RuntimeException.class).isThrownBy(() -> this.threads.schedule(() -> {
		}, Duration.ZERO));
		assertThat(this.ranOn).isEmpty();
	}

}

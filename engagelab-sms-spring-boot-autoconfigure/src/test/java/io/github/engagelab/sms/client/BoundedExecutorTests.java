package io.github.engagelab.sms.client;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.spi.FilterReply;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

import static org.assertj.core.api.Assertions.assertThat;

class BoundedExecutorTests {

	private final VirtualTime time = new VirtualTime();

	private final List<String> ran = new ArrayList<>();

	@Test
	void executeWhenATaskAndItsLogLineFailRunsTheNext() {
		BoundedExecutor executor = new BoundedExecutor(this.time.threads(), 1);
		LoggerContext loggers = (LoggerContext) LoggerFactory.getILoggerFactory();
		TurboFilter fullDisk = new TurboFilter() {
			@Override
			public FilterReply decide(Marker marker, Logger logger, Level level, String format, Object[] params,
					Throwable ex) {
				if (logger.getName().equals(BoundedExecutor.class.getName()) && level == Level.WARN) {
					throw new IllegalStateException("The disk is full");
				}
				return FilterReply.NEUTRAL;
			}
		};
		loggers.addTurboFilter(fullDisk);
		try {
			executor.execute(() -> {
				throw new IllegalStateException("failed");
			});
		}
		finally {
			loggers.getTurboFilterList().remove(fullDisk);
		}
		executor.execute(() -> this.ran.add("next"));
		assertThat(this.ran).containsExactly("next");
	}

	@Test
	void executeWhenHandingOverWasLostForWantOfMemoryHandsOverAnew() {
		AtomicInteger lost = new AtomicInteger(1);
		BoundedExecutor executor = new BoundedExecutor(threads(lost), 1);
		executor.execute(() -> this.ran.add("first"));
		executor.execute(() -> this.ran.add("second"));
		assertThat(this.ran).isEmpty();
		this.time.advanceTimeBy(Duration.ofSeconds(61));
		executor.execute(() -> this.ran.add("third"));
		assertThat(this.ran).containsExactly("first", "second", "third");
	}

	@Test
	void executeWhenALostWorkerComesAfterAllRunsNoMoreThanTheLimitAtOnce() {
		List<Runnable> late = new ArrayList<>();
		BoundedExecutor executor = new BoundedExecutor(new EngageLabSmsThreads(this.time.timer(() -> 0),
				new Workers(late::add), new Workers(late::add), this.time::nanoTime, Clock.systemUTC()), 1);
		executor.execute(() -> this.ran.add("first"));
		this.time.advanceTimeBy(Duration.ofSeconds(61));
		executor.execute(() -> {
			this.ran.add("begin");
			// The other worker, meanwhile
			late.remove(0).run();
			this.ran.add("end");
		});
		executor.add(() -> this.ran.add("last"));
		assertThat(late).hasSize(2);
		late.remove(1).run();
		assertThat(this.ran).containsExactly("first", "begin", "end", "last");
		executor.execute(() -> this.ran.add("later"));
		late.remove(0).run();
		assertThat(this.ran).endsWith("later");
	}

	private EngageLabSmsThreads threads(AtomicInteger lost) {
		return new EngageLabSmsThreads(this.time.timer(() -> 0), new Workers((task) -> {
			// As if the timer could not keep it, either
			if (lost.getAndDecrement() <= 0) {
				task.run();
			}
		}), new Workers(Runnable::run), this.time::nanoTime, Clock.systemUTC());
	}

	private static final class Workers extends ThreadPoolExecutor {

		private final Consumer<Runnable> tasks;

		private Workers(Consumer<Runnable> tasks) {
			super(0, 1, 1, TimeUnit.SECONDS, new SynchronousQueue<>());
			this.tasks = tasks;
		}

		@Override
		public void execute(Runnable task) {
			this.tasks.accept(task);
		}

	}

}

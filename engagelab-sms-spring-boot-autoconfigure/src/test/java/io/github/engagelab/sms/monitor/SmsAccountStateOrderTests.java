package io.github.engagelab.sms.monitor;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Changes of state under load are logged and published in order, once each.
 */
class SmsAccountStateOrderTests {

	private static final int CHANGES = 125;

	private static final int CALLERS_PER_ACCOUNT = 4;

	private static final String STUCK = "stuck";

	private static final List<String> ACCOUNTS = List.of(STUCK, "b", "c", "d", "e", "f", "g", "h");

	private static final Pattern AUTHORIZATION = Pattern.compile("(?i)\r\nAuthorization: Basic (\\S+)");

	private static final Pattern LINE = Pattern
		.compile("EngageLab SMS account '(\\w+)' is (\\w+), was (\\w+): the total balance is (\\d+)\\b.*");

	private final Map<String, AtomicInteger> reads = ACCOUNTS.stream()
		.collect(Collectors.toMap(Function.identity(), (account) -> new AtomicInteger()));

	private final List<Change> logged = new CopyOnWriteArrayList<>();

	private final List<Change> published = new CopyOnWriteArrayList<>();

	private final CountDownLatch listener = new CountDownLatch(1);

	private final CountDownLatch listening = new CountDownLatch(1);

	private final CountDownLatch appending = new CountDownLatch(1);

	private final CountDownLatch appender = new CountDownLatch(1);

	private final ExecutorService callers = Executors.newCachedThreadPool();

	private final Logger logger = (Logger) LoggerFactory.getLogger(SmsAccountStateNotifier.class);

	private final BlockingAppender blockingAppender = new BlockingAppender();

	@BeforeEach
	void setUp() {
		this.blockingAppender.start();
		this.logger.addAppender(this.blockingAppender);
		this.logger.setAdditive(false);
	}

	@AfterEach
	void tearDown() {
		this.listener.countDown();
		this.appender.countDown();
		this.callers.shutdownNow();
		this.logger.detachAppender(this.blockingAppender);
		this.logger.setAdditive(true);
	}

	@Test
	void changeWhenListenerAndAppenderBlockIsLoggedAndPublishedInOrderOnce() {
		try (RawServer server = new RawServer(this::answer)) {
			runner(server).run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				List<Future<List<Long>>> callers = new ArrayList<>();
				for (String account : ACCOUNTS) {
					for (int i = 0; i < CALLERS_PER_ACCOUNT; i++) {
						callers.add(this.callers.submit(() -> call(service, account)));
					}
				}
				// No caller notices that the listener and the appender block
				for (Future<List<Long>> caller : callers) {
					assertThat(caller.get(60, TimeUnit.SECONDS)).isSorted();
				}
				assertThat(this.listening.await(20, TimeUnit.SECONDS)).isTrue();
				assertThat(this.appending.await(20, TimeUnit.SECONDS)).isTrue();
				List<String> others = ACCOUNTS.subList(1, ACCOUNTS.size());
				// No other account notices that the appender does
				awaitChanges(this.logged, others);
				assertThat(this.published).isEmpty();
				this.listener.countDown();
				awaitChanges(this.published, others);
				this.appender.countDown();
				awaitChanges(this.logged, ACCOUNTS);
				awaitChanges(this.published, ACCOUNTS);
			});
		}
		assertThat(ACCOUNTS).allSatisfy((account) -> assertThat(reads(account)).isGreaterThanOrEqualTo(CHANGES));
	}

	// Every answer is another state than the one before
	private void answer(String request, int number, OutputStream out, Socket socket) throws IOException {
		Matcher matcher = AUTHORIZATION.matcher(request);
		assertThat(matcher.find()).isTrue();
		String key = new String(Base64.getDecoder().decode(matcher.group(1)), StandardCharsets.UTF_8).split(":")[0];
		long total = Change.balance(this.reads.get(key).incrementAndGet()) * 10_000;
		out.write(RawServer.http("200 OK",
				"{\"balance10000\":%1$d,\"gift_balance10000\":0,\"total_balance10000\":%1$d}".formatted(total)));
	}

	private ApplicationContextRunner runner(RawServer server) {
		ApplicationContextRunner runner = TestContexts.runner()
			.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.enabled=false",
					"engagelab.sms.primary-account=" + STUCK, "engagelab.sms.threshold.low=" + Change.THRESHOLD)
			.withBean(BlockingListener.class, () -> new BlockingListener());
		for (String account : ACCOUNTS) {
			runner = runner.withPropertyValues("engagelab.sms.accounts." + account + ".dev-key=" + account,
					"engagelab.sms.accounts." + account + ".dev-secret=secret");
		}
		return runner;
	}

	private List<Long> call(SmsBalanceService service, String account) {
		List<Long> answers = new ArrayList<>();
		while (reads(account) < CHANGES) {
			answers.add(Change.read(service.forAccount(account).getBalance().totalBalance10000() / 10_000));
		}
		return answers;
	}

	private int reads(String account) {
		return this.reads.get(account).get();
	}

	private void awaitChanges(List<Change> changes, List<String> accounts) {
		for (String account : accounts) {
			List<Change> expected = IntStream.rangeClosed(1, reads(account))
				.mapToObj((read) -> Change.of(account, read))
				.toList();
			Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> of(changes, account).size() >= expected.size());
			assertThat(of(changes, account)).isEqualTo(expected);
		}
	}

	private static List<Change> of(List<Change> changes, String account) {
		return changes.stream().filter((change) -> change.account().equals(account)).toList();
	}

	private static void await(CountDownLatch latch) {
		try {
			latch.await();
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/**
	 * A change of state. Odd reads find a balance, even ones too little of it; the
	 * balance tells which read it was.
	 */
	private record Change(String account, SmsAccountState previous, SmsAccountState current, long balance) {

		private static final long THRESHOLD = 1_000_000;

		static Change of(String account, int read) {
			return new Change(account, (read == 1) ? SmsAccountState.UNKNOWN : state(read - 1), state(read),
					balance(read));
		}

		static SmsAccountState state(int read) {
			return (read % 2 == 0) ? SmsAccountState.LOW : SmsAccountState.OK;
		}

		static long balance(int read) {
			return (read % 2 == 0) ? read : THRESHOLD + read;
		}

		static long read(long balance) {
			return balance % THRESHOLD;
		}

	}

	private final class BlockingListener
			implements ApplicationListener<PayloadApplicationEvent<SmsAccountStateChangedEvent>> {

		@Override
		public void onApplicationEvent(PayloadApplicationEvent<SmsAccountStateChangedEvent> published) {
			SmsAccountStateChangedEvent event = published.getPayload();
			SmsAccountStateOrderTests.this.listening.countDown();
			await(SmsAccountStateOrderTests.this.listener);
			SmsAccountStateOrderTests.this.published.add(new Change(event.account(), event.previous(), event.current(),
					event.snapshot().balance().totalBalance10000() / 10_000));
		}

	}

	/**
	 * Blocks for one account. Not synchronized, as appenders are that know how to.
	 */
	private final class BlockingAppender extends UnsynchronizedAppenderBase<ILoggingEvent> {

		@Override
		protected void append(ILoggingEvent event) {
			Matcher matcher = LINE.matcher(event.getFormattedMessage());
			if (!matcher.matches()) {
				return;
			}
			if (matcher.group(1).equals(STUCK)) {
				SmsAccountStateOrderTests.this.appending.countDown();
				await(SmsAccountStateOrderTests.this.appender);
			}
			SmsAccountStateOrderTests.this.logged
				.add(new Change(matcher.group(1), SmsAccountState.valueOf(matcher.group(3)),
						SmsAccountState.valueOf(matcher.group(2)), Long.parseLong(matcher.group(4))));
		}

	}

}

package io.github.engagelab.sms.host;

import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.Test;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Hundreds of accounts are read by few threads, and by one thread each at most if the
 * provider accepts requests and never answers.
 */
public class ManyAccountsTests {

	private static final String OURS = "engagelab-sms-";

	@Test
	void pollWhenThereAreManyAccountsReadsAllWithinBoundsOfThreadsAndRequests() {
		ChildJvm.runOnEachJdk(List.of("-XX:ActiveProcessorCount=2"), (file) -> true, AllAnswer.class, "100", "2", "3");
	}

	@Test
	void getBalanceWhenProviderOf300AccountsNeverAnswersTakesOneThreadAnAccount() {
		ChildJvm.runOnEachJdk(List.of("-XX:ActiveProcessorCount=2"), (file) -> true, NoneAnswers.class);
	}

	private static List<String> names(int count) {
		return IntStream.range(0, count).mapToObj((number) -> "a" + number).toList();
	}

	// What else there is ends when idle, as long as nobody is answered
	private static boolean isOneThreadEach(int accounts) {
		return HostApplications.threads(OURS + "account-").size() == accounts
				&& HostApplications.threads(OURS).size() <= accounts + 10;
	}

	private static String[] arguments(RawServer server, List<String> accounts, String... more) {
		List<String> arguments = new ArrayList<>(List.of(HostApplications.accounts(server, accounts)));
		arguments.addAll(List.of(more));
		return arguments.toArray(String[]::new);
	}

	/**
	 * Polls a number of accounts at an interval in seconds until each has been read a
	 * number of times.
	 */
	public static class AllAnswer {

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				List<String> accounts = names(Integer.parseInt(args[0]));
				int reads = Integer.parseInt(args[2]);
				Provider provider = new Provider();
				try (RawServer server = new RawServer(provider);
						ConfigurableApplicationContext context = HostApplications.start(List.of(),
								arguments(server, accounts, "--engagelab.sms.refresh.interval=" + args[1] + "s",
										"--engagelab.sms.http.read-timeout=1m",
										"--engagelab.sms.http.request-timeout=1m"));
						Sampler sampler = new Sampler()) {
					// All want to send, and no more than 16 can
					HostApplications.await()
						.until(() -> provider.atOnce.get() == 16 && isOneThreadEach(accounts.size()));
					provider.answer.countDown();
					HostApplications.await()
						.until(() -> accounts.stream().allMatch((account) -> provider.reads(account) >= reads));
					ChildJvm.measured("%d accounts: most threads %d, most requests at once %d", accounts.size(),
							sampler.mostThreads(), provider.mostAtOnce.get());
					assertThat(provider.mostAtOnce).hasValue(16);
				}
			});
		}

	}

	/**
	 * The callers of 300 accounts wait in vain, and once more until the provider answers.
	 */
	public static class NoneAnswers {

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				List<String> accounts = names(300);
				Provider provider = new Provider();
				ExecutorService callers = Executors.newCachedThreadPool();
				try (RawServer server = new RawServer(provider);
						ConfigurableApplicationContext context = HostApplications.start(List.of(),
								arguments(server, accounts, "--engagelab.sms.refresh.interval=5s",
										"--engagelab.sms.http.request-timeout=4s"));
						Sampler sampler = new Sampler()) {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					Set<SmsBalanceFailure> failures = new ConcurrentSkipListSet<>();
					long longest = 0;
					for (Future<Duration> caller : callAll(callers, service, accounts, failures)) {
						longest = Math.max(longest, caller.get(30, TimeUnit.SECONDS).toNanos());
					}
					assertThat(failures).containsExactly(SmsBalanceFailure.TIMEOUT);
					ChildJvm.measured("longest wait %s, most threads %d", Duration.ofNanos(longest),
							sampler.mostThreads());
					// The bound of a caller, and what a busy machine adds
					assertThat(Duration.ofNanos(longest)).isLessThan(Duration.ofSeconds(9));
					context.getBean(SmsBalancePoller.class).stop();
					callAll(callers, service, accounts, failures);
					HostApplications.await().until(() -> isOneThreadEach(accounts.size()));
					provider.answer.countDown();
					long answering = System.nanoTime();
					HostApplications.await().until(() -> HostApplications.threads(OURS + "account-").isEmpty());
					ChildJvm.measured("no thread of an account %s after the provider's return",
							ChildJvm.since(answering));
					assertThat(sampler.strangersOnTimer).isEmpty();
				}
			});
		}

		private static List<Future<Duration>> callAll(ExecutorService callers, SmsBalanceService service,
				List<String> accounts, Set<SmsBalanceFailure> failures) {
			List<Future<Duration>> calls = new ArrayList<>();
			for (String account : accounts) {
				calls.add(callers.submit(() -> {
					long start = System.nanoTime();
					SmsBalanceException failed = catchThrowableOfType(SmsBalanceException.class,
							() -> service.forAccount(account).getBalance());
					if (failed != null) {
						failures.add(failed.getFailure());
					}
					return ChildJvm.since(start);
				}));
			}
			return calls;
		}

	}

	/**
	 * Answers from a moment on.
	 */
	private static final class Provider implements RawServer.Script {

		private static final Pattern AUTHORIZATION = Pattern.compile("(?i)\r\nAuthorization: Basic (\\S+)");

		private final Map<String, AtomicInteger> reads = new ConcurrentHashMap<>();

		private final CountDownLatch answer = new CountDownLatch(1);

		private final AtomicInteger atOnce = new AtomicInteger();

		private final AtomicInteger mostAtOnce = new AtomicInteger();

		int reads(String account) {
			return this.reads.computeIfAbsent(account, (name) -> new AtomicInteger()).get();
		}

		@Override
		public void answer(String request, int number, OutputStream out, Socket socket) throws Exception {
			Matcher matcher = AUTHORIZATION.matcher(request);
			assertThat(matcher.find()).isTrue();
			String key = new String(Base64.getDecoder().decode(matcher.group(1)), StandardCharsets.UTF_8).split(":")[0];
			this.mostAtOnce.accumulateAndGet(this.atOnce.incrementAndGet(), Math::max);
			this.answer.await();
			// The client may be done with it once it is written
			this.atOnce.decrementAndGet();
			this.reads.computeIfAbsent(key, (name) -> new AtomicInteger()).incrementAndGet();
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		}

	}

	/**
	 * Looks at the threads all the time.
	 */
	private static final class Sampler implements AutoCloseable {

		// What hands over, and what it is handed over by
		private static final Pattern HAND_OVER = Pattern.compile(
				"(java\\.(lang|math|util(?!\\.logging)|time)|jdk\\.internal\\.(misc|vm|util|access)|sun\\.util)\\..*"
						+ "|io\\.github\\.engagelab\\.sms\\.(SmsBalance(Exception|Failure)|client\\.EngageLabSmsThreads"
						+ "|monitor\\.SmsBalance(Poller|Monitor|Refresh)|monitor\\.Reading)(\\$.*)?");

		private final Set<String> strangersOnTimer = new ConcurrentSkipListSet<>();

		private volatile List<String> most = List.of();

		private volatile boolean closed;

		private final Thread thread = new Thread(this::run, "sampler");

		Sampler() {
			this.thread.setDaemon(true);
			this.thread.start();
		}

		int mostThreads() {
			return this.most.size();
		}

		private void run() {
			Thread[] all = new Thread[2_000];
			while (!this.closed) {
				// Without a safepoint for the stacks of all of them
				List<Thread> ours = Stream.of(all)
					.limit(Thread.currentThread().getThreadGroup().enumerate(all))
					.filter((thread) -> thread.getName().startsWith(OURS))
					.toList();
				if (ours.size() > this.most.size()) {
					this.most = ours.stream().map(Thread::getName).sorted().toList();
				}
				ours.stream()
					.filter((thread) -> thread.getName().equals(OURS + "timer-1"))
					.flatMap((timer) -> Stream.of(timer.getStackTrace()))
					.map(StackTraceElement::getClassName)
					.filter((name) -> !HAND_OVER.matcher(name).matches())
					.forEach(this.strangersOnTimer::add);
				LockSupport.parkNanos(1_000_000);
			}
		}

		@Override
		public void close() throws InterruptedException {
			this.closed = true;
			this.thread.join();
		}

	}

}

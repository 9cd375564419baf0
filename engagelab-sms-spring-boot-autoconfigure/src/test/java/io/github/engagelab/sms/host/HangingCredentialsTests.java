package io.github.engagelab.sms.host;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * An account whose credentials hang in a way that no interrupt ends delays nobody but its
 * own callers, and these not for ever.
 */
@Tag("slow")
public class HangingCredentialsTests {

	@Test
	void getBalanceWhenCredentialsOfAnAccountHangReadsTheOthersInTime() {
		ChildJvm.runOnEachJdk(List.of("-XX:ActiveProcessorCount=2"), (file) -> true, OneOfSeven.class);
	}

	@Test
	void getBalanceWhenCredentialsOf16AccountsHangReadsThe17thInTime() {
		ChildJvm.runOnEachJdk(List.of("-XX:ActiveProcessorCount=2"), (file) -> true, SixteenOfSeventeen.class);
	}

	private static List<String> names(String prefix, int count) {
		return IntStream.range(0, count).mapToObj((number) -> prefix + number).toList();
	}

	private static ConfigurableApplicationContext start(Provider provider, List<String> accounts) {
		return HostApplications.start(List.of(Vault.class), "--vault.base-url=" + provider.server.baseUrl(),
				"--vault.accounts=" + String.join(",", accounts), "--engagelab.sms.primary-account=" + accounts.get(0),
				"--engagelab.sms.http.request-timeout=1s");
	}

	public static class OneOfSeven {

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				List<String> good = names("good", 6);
				try (Provider provider = new Provider();
						ConfigurableApplicationContext context = start(provider,
								Stream.concat(Stream.of("bad"), good.stream()).toList())) {
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					HostApplications.await().until(() -> Vault.calls("bad") == 1);
					ExecutorService callers = Executors.newCachedThreadPool();
					List<Future<Duration>> refused = names("caller", 50).stream()
						.map((caller) -> callers.submit(() -> refusal(service)))
						.toList();
					provider.awaitReads(good, 4);
					for (Future<Duration> caller : refused) {
						caller.get(HostApplications.PATIENCE.toSeconds(), TimeUnit.SECONDS);
					}
					// Once more, with reads of its own piled up
					refusal(service);
					provider.measureGaps(good);
					assertThat(provider.reads("bad")).isEmpty();
					assertThat(Vault.calls("bad")).isEqualTo(1);
					long released = System.nanoTime();
					Vault.release.countDown();
					HostApplications.await().until(() -> !provider.reads("bad").isEmpty());
					ChildJvm.measured("most threads: %d; 'bad' is read %s after its call has returned",
							provider.mostThreads.size(), ChildJvm.since(released));
					// None for each caller
					assertThat(provider.mostThreads).hasSizeBetween(2, 30);
				}
			});
		}

		private static Duration refusal(SmsBalanceService service) {
			long start = System.nanoTime();
			SmsBalanceException failed = catchThrowableOfType(SmsBalanceException.class,
					() -> service.forAccount("bad").getBalance());
			assertThat(failed.getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			return ChildJvm.since(start);
		}

	}

	public static class SixteenOfSeventeen {

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				List<String> accounts = new ArrayList<>(names("bad", 16));
				accounts.add("good");
				try (Provider provider = new Provider();
						ConfigurableApplicationContext context = start(provider, accounts)) {
					provider.awaitReads(List.of("good"), 4);
					provider.measureGaps(List.of("good"));
					SmsBalanceService good = context.getBean(SmsBalanceService.class).forAccount("good");
					// Within its second, if not always on a busy machine
					HostApplications.await().ignoreExceptions().until(good::getBalance, Objects::nonNull);
					ChildJvm.measured("most threads with 16 that hang: %d", provider.mostThreads.size());
				}
			});
		}

	}

	/**
	 * Remembers when it was asked for which account.
	 */
	private static final class Provider implements AutoCloseable {

		private static final Pattern AUTHORIZATION = Pattern.compile("(?i)\r\nAuthorization: Basic (\\S+)");

		private final Map<String, List<Long>> reads = new ConcurrentHashMap<>();

		private volatile Set<String> mostThreads = Set.of();

		private final RawServer server = new RawServer((request, number, out, socket) -> {
			Matcher matcher = AUTHORIZATION.matcher(request);
			assertThat(matcher.find()).isTrue();
			String key = new String(Base64.getDecoder().decode(matcher.group(1)), StandardCharsets.UTF_8).split(":")[0];
			reads(key).add(System.nanoTime());
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		});

		List<Long> reads(String account) {
			return this.reads.computeIfAbsent(account, (name) -> Collections.synchronizedList(new ArrayList<>()));
		}

		void awaitReads(List<String> accounts, int count) {
			HostApplications.await().until(() -> {
				Set<String> threads = HostApplications.threads("engagelab-sms-");
				this.mostThreads = (threads.size() > this.mostThreads.size()) ? threads : this.mostThreads;
				return accounts.stream().allMatch((account) -> reads(account).size() >= count);
			});
		}

		void measureGaps(List<String> accounts) {
			long longest = 0;
			for (String account : accounts) {
				List<Long> moments = List.copyOf(reads(account));
				for (int i = 1; i < moments.size(); i++) {
					longest = Math.max(longest, moments.get(i) - moments.get(i - 1));
				}
			}
			ChildJvm.measured("longest gap of %s: %s", accounts, Duration.ofNanos(longest));
		}

		@Override
		public void close() {
			this.server.close();
		}

	}

	@Configuration(proxyBeanMethods = false)
	static class Vault {

		private static final CountDownLatch release = new CountDownLatch(1);

		private static final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

		static int calls(String account) {
			return calls.computeIfAbsent(account, (name) -> new AtomicInteger()).get();
		}

		@Bean
		EngageLabSmsConnectionDetails vault(Environment environment) {
			Set<String> accounts = new LinkedHashSet<>(
					List.of(environment.getRequiredProperty("vault.accounts").split(",")));
			URI baseUrl = URI.create(environment.getRequiredProperty("vault.base-url"));
			return new EngageLabSmsConnectionDetails() {

				@Override
				public Set<String> getAccounts() {
					return accounts;
				}

				@Override
				public URI getBaseUrl(String account) {
					return baseUrl;
				}

				@Override
				public Credentials getCredentials(String account) {
					calls.computeIfAbsent(account, (name) -> new AtomicInteger()).incrementAndGet();
					while (account.startsWith("bad") && release.getCount() > 0) {
						try {
							release.await();
						}
						catch (InterruptedException ex) {
							// As a socket that is dead
						}
					}
					return new Credentials(account, "secret");
				}

			};
		}

	}

}

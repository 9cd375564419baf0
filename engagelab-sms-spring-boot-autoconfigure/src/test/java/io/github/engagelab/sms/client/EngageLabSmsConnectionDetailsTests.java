package io.github.engagelab.sms.client;

import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.hamcrest.Matchers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * Connection details of an application's own that fail, hang or return nonsense.
 */
class EngageLabSmsConnectionDetailsTests {

	private static final SmsBalance GOOD = new SmsBalance(123456, 20000, 143456);

	private static final int ALL_TRIES = 3;

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.retry.delay=1ms");

	private RawServer server;

	private final Details details = new Details();

	@BeforeAll
	static void warmUp() {
		// The first read of a JVM may take longer than the timeouts here
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			TestContexts.runner()
				.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.enabled=false")
				.run((context) -> context.getBean(SmsBalanceService.class).getBalance());
		}
	}

	@BeforeEach
	void setUp() {
		this.server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
		this.details.baseUrl = () -> URI.create(this.server.baseUrl());
	}

	@AfterEach
	void tearDown() {
		this.details.released.countDown();
		this.server.close();
	}

	@ParameterizedTest
	@CsvSource({ "'', secret, devKey", "' ', secret, devKey", ":key, secret, colon", "k:ey, secret, colon",
			"key, '', devSecret" })
	void credentialsWhenTheyCannotBeSentAreRefused(String devKey, String devSecret, String reason) {
		assertThatIllegalArgumentException().isThrownBy(() -> new Credentials(devKey, devSecret))
			.withMessageContaining(reason);
	}

	@Test
	void credentialsAreTrimmedAndHidden() {
		Credentials credentials = new Credentials(" key\n", "se:cret ");
		assertThat(credentials.devKey()).isEqualTo("key");
		assertThat(credentials.devSecret()).isEqualTo("se:cret");
		assertThat(credentials).hasToString("Credentials[devKey=******, devSecret=******]");
	}

	@Test
	void connectionDetailsByDefaultAreOfOneAccountOfTheProvider() {
		EngageLabSmsConnectionDetails connectionDetails = (account) -> null;
		assertThat(connectionDetails.getAccounts()).containsExactly("default");
		assertThat(connectionDetails.getBaseUrl("default")).hasToString("https://smsapi.engagelab.com");
	}

	@ParameterizedTest
	@CsvSource({ "otp, true", "my.team-2_B, true", "a b, false", "., false", ".., false", "..., true", "'', false" })
	void accountNameIsOneThatAPathCanHave(String name, boolean valid) {
		assertThat(EngageLabSmsConnectionDetails.isAccountName(name)).isEqualTo(valid);
	}

	@ParameterizedTest
	@MethodSource("throwables")
	void getBalanceWhenCredentialsThrowRetriesAndSaysSo(Throwable failure) {
		this.details.credentials = () -> sneakyThrow(failure);
		run(this.runner, (service) -> {
			SmsBalanceException ex = fail(service);
			assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			assertThat(ex.getReason()).isEqualTo(failure.getClass().getName());
			assertThat(ex.getCause()).isNull();
			assertThat(ex).hasMessageNotContaining("hidden");
			assertThat(this.details.calls).hasValue(ALL_TRIES);
			assertThat(this.server.accepted()).isZero();
		});
	}

	@ParameterizedTest
	@MethodSource("throwables")
	void getBalanceWhenBaseUrlThrowsRetriesAndSaysSo(Throwable failure) {
		this.details.baseUrl = () -> sneakyThrow(failure);
		run(this.runner, (service) -> {
			SmsBalanceException ex = fail(service);
			assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			assertThat(ex.getReason()).isEqualTo(failure.getClass().getName());
			assertThat(ex.getCause()).isNull();
			assertThat(ex).hasMessageNotContaining("hidden");
			assertThat(this.details.calls).hasValue(ALL_TRIES);
		});
	}

	static Stream<Throwable> throwables() {
		return Stream.of(new IllegalStateException("hidden"), new Exception("hidden"), new StackOverflowError("hidden"),
				new NoClassDefFoundError("hidden"), new InterruptedException("hidden"));
	}

	@Test
	void getBalanceWhenCredentialsThrowOnceReadsIt() {
		this.details.credentials = () -> {
			if (this.details.calls.get() == 1) {
				throw new IllegalStateException("hidden");
			}
			return Details.CREDENTIALS;
		};
		run(this.runner, (service) -> {
			assertThat(service.getBalance()).isEqualTo(GOOD);
			assertThat(this.details.calls).hasValue(2);
			assertThat(this.server.requests()).hasSize(1);
		});
	}

	@Test
	void getBalanceWhenCredentialsAreNoneIsNotConfigured() {
		this.details.credentials = () -> null;
		run(this.runner, (service) -> {
			assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.NOT_CONFIGURED);
			assertThat(this.details.calls).hasValue(1);
			assertThat(this.server.accepted()).isZero();
		});
	}

	@Test
	void getBalanceWhenDetailsThrowOurExceptionPassesItOn() {
		this.details.credentials = () -> {
			throw new SmsBalanceException("default", SmsBalanceFailure.CREDENTIALS_DISABLED, "by hand", null);
		};
		run(this.runner, (service) -> {
			SmsBalanceException ex = fail(service);
			assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_DISABLED);
			assertThat(ex.getReason()).isEqualTo("by hand");
			assertThat(this.details.calls).hasValue(1);
		});
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = { "-, not an http or https address", "relative, not an http or https address",
			"//h.example, not an http or https address", "/v1, not an http or https address",
			"mailto:hidden@h.example, not an http or https address", "ftp://h.example, not an http or https address",
			"https:///v1, not an http or https address", "https://h.example/v1/balance, ends with /v1/balance",
			"http://h.example, plain http", "http://127.hidden.example, plain http",
			"https://hidden:hidden@h.example, user info", "https://h.example?hidden=1, user info",
			"https://h.example#hidden, user info", "https://h.example:70000, port", "https://h.example:0, port" })
	void getBalanceWhenBaseUrlIsNonsenseSaysSo(@Nullable String baseUrl, String reason) {
		this.details.baseUrl = () -> (baseUrl != null) ? URI.create(baseUrl) : null;
		run(this.runner, (service) -> {
			SmsBalanceException ex = fail(service);
			assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			assertThat(ex.getReason()).startsWith("base URL: ").contains(reason);
			assertThat(ex.getCause()).isNull();
			assertThat(ex).hasMessageNotContaining("hidden");
		});
	}

	@Test
	void getBalanceWhenPlaintextIsAllowedSendsIt() {
		this.details.baseUrl = () -> URI.create("http://nowhere.invalid");
		run(this.runner.withPropertyValues("engagelab.sms.http.allow-plaintext=true"),
				(service) -> assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.UNREACHABLE));
	}

	@Test
	void getBalanceWhenCredentialsHangEndsInTimeAndTakesOneThread() {
		this.details.credentials = this.details::hang;
		run(this.runner.withPropertyValues("engagelab.sms.http.request-timeout=300ms"), (service) -> {
			for (int i = 0; i < 3; i++) {
				long begin = System.nanoTime();
				assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
				assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofMillis(300),
						Duration.ofMillis(1300));
			}
			assertThat(this.details.calls).hasValue(1);
			assertThat(hangingThreads()).hasSize(1).first().asString().startsWith("engagelab-sms-account-");
			assertThat(this.server.accepted()).isZero();
		});
	}

	@Test
	void getBalanceWhenCredentialsCannotBeHadInTimeInterruptsTheCall() {
		AtomicBoolean interrupted = new AtomicBoolean();
		this.details.credentials = () -> {
			try {
				this.details.released.await();
			}
			catch (InterruptedException ex) {
				interrupted.set(true);
			}
			return Details.CREDENTIALS;
		};
		run(this.runner.withPropertyValues("engagelab.sms.http.request-timeout=300ms"), (service) -> {
			assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			Awaitility.await().untilTrue(interrupted);
			assertThat(this.server.accepted()).as("a late answer is dropped").isZero();
		});
	}

	@Test
	void getBalanceWhenHangingCallReturnsIsTriedAtOnce() {
		this.details.credentials = this.details::hang;
		this.runner.withPropertyValues("engagelab.sms.http.request-timeout=300ms")
			.withBean(EngageLabSmsConnectionDetails.class, () -> this.details)
			.run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
				this.details.credentials = () -> Details.CREDENTIALS;
				this.details.released.countDown();
				assertThat(service.getBalance()).isEqualTo(GOOD);
				assertThat(this.details.calls).hasValue(2);
			});
	}

	@Test
	void getBalanceWhenItWaitsForHangingCallReadsAsSoonAsThatReturns() {
		this.details.credentials = this.details::hang;
		this.details.accounts = Set.of("default");
		this.runner.withPropertyValues("engagelab.sms.http.request-timeout=1s")
			.withBean(EngageLabSmsConnectionDetails.class, () -> this.details)
			.run((context) -> {
				fail(context.getBean(SmsBalanceService.class));
				this.details.credentials = () -> Details.CREDENTIALS;
				CompletableFuture<SmsBalance> waiting = context.getBean(ReactiveSmsBalanceService.class)
					.getBalance()
					.toFuture();
				assertThat(waiting).isNotDone();
				assertThat(this.details.calls).hasValue(1);
				this.details.released.countDown();
				assertThat(waiting).succeedsWithin(Duration.ofMillis(900)).isEqualTo(GOOD);
			});
	}

	@Test
	void getBalanceWhenCredentialsOfManyHangReadsTheOther() {
		List<String> hanging = IntStream.range(0, 16).mapToObj((number) -> "hanging-" + number).toList();
		this.details.accounts = new LinkedHashSet<>(hanging);
		this.details.accounts.add("other");
		this.details.hanging = Set.copyOf(hanging);
		this.runner.withPropertyValues("engagelab.sms.http.request-timeout=10s")
			.withBean(EngageLabSmsConnectionDetails.class, () -> this.details)
			.run((context) -> {
				ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
				List<CompletableFuture<SmsBalance>> reads = hanging.stream()
					.map((account) -> service.forAccount(account).getBalance().toFuture())
					.toList();
				Awaitility.await().untilAtomic(this.details.calls, Matchers.is(16));
				assertThat(service.forAccount("other").getBalance().toFuture()).succeedsWithin(Duration.ofSeconds(2))
					.isEqualTo(GOOD);
				assertThat(reads).noneMatch(CompletableFuture::isDone);
				assertThat(hangingThreads()).hasSize(16);
				this.details.released.countDown();
				assertThat(reads).allSatisfy((read) -> assertThat(read).succeedsWithin(Duration.ofSeconds(5)));
			});
	}

	@Test
	void getBalanceWhenCredentialsAreSlowHasTheRestOfTheTimeForTheRequest() {
		try (RawServer silent = new RawServer((request, number, out, socket) -> socket.getInputStream().read())) {
			this.details.baseUrl = () -> URI.create(silent.baseUrl());
			this.details.credentials = () -> {
				this.details.hangFor(Duration.ofMillis(700));
				return Details.CREDENTIALS;
			};
			run(this.runner.withPropertyValues("engagelab.sms.http.request-timeout=1s"), (service) -> {
				long begin = System.nanoTime();
				assertThat(fail(service).getFailure()).isEqualTo(SmsBalanceFailure.TIMEOUT);
				assertThat(Duration.ofNanos(System.nanoTime() - begin)).isBetween(Duration.ofSeconds(1),
						Duration.ofMillis(1600));
				assertThat(silent.requests()).hasSize(1);
				Awaitility.await().until(() -> silent.connections() == 0);
			});
		}
	}

	private void run(ApplicationContextRunner runner, Consumer<SmsBalanceService> test) {
		runner.withBean(EngageLabSmsConnectionDetails.class, () -> this.details)
			.run((context) -> test.accept(context.getBean(SmsBalanceService.class)));
	}

	private static SmsBalanceException fail(SmsBalanceService service) {
		SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class, service::getBalance);
		assertThat(failure).isNotNull();
		return failure;
	}

	private static List<String> hangingThreads() {
		return Thread.getAllStackTraces()
			.entrySet()
			.stream()
			.filter((entry) -> Stream.of(entry.getValue())
				.anyMatch((frame) -> frame.getClassName().equals(Details.class.getName())
						&& frame.getMethodName().equals("hang")))
			.map((entry) -> entry.getKey().getName())
			.toList();
	}

	@SuppressWarnings({ "unchecked", "TypeParameterUnusedInFormals" })
	private static <T, X extends Throwable> T sneakyThrow(Throwable ex) throws X {
		throw (X) ex;
	}

	private static final class Details implements EngageLabSmsConnectionDetails {

		private static final Credentials CREDENTIALS = new Credentials("jiguangdev", "dev_secret");

		private final AtomicInteger calls = new AtomicInteger();

		private final CountDownLatch released = new CountDownLatch(1);

		private Set<String> accounts = Set.of("default");

		private Set<String> hanging = Set.of();

		private volatile Supplier<@Nullable Credentials> credentials = () -> CREDENTIALS;

		private volatile Supplier<@Nullable URI> baseUrl = () -> null;

		@Override
		public Set<String> getAccounts() {
			return this.accounts;
		}

		@Override
		public URI getBaseUrl(String account) {
			return this.baseUrl.get();
		}

		@Override
		public @Nullable Credentials getCredentials(String account) {
			this.calls.incrementAndGet();
			return this.hanging.contains(account) ? hang() : this.credentials.get();
		}

		/**
		 * Hang, whoever interrupts.
		 */
		private Credentials hang() {
			while (this.released.getCount() > 0) {
				hangFor(Duration.ofHours(1));
			}
			return CREDENTIALS;
		}

		private void hangFor(Duration duration) {
			try {
				var unused = this.released.await(duration.toMillis(), TimeUnit.MILLISECONDS);
			}
			catch (InterruptedException ex) {
				// Hangs on
			}
		}

	}

}

package io.github.engagelab.sms.autoconfigure;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.hamcrest.Matchers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.boot.LazyInitializationBeanFactoryPostProcessor;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.ssl.NoSuchSslBundleException;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

@ExtendWith(OutputCaptureExtension.class)
class EngageLabSmsAutoConfigurationTests {

	private static final SmsBalance BALANCE = new SmsBalance(1, 2, 3);

	private final ApplicationContextRunner runner = TestContexts.runner();

	@Test
	void runWhenCredentialsAreSetReadsTheBalanceAtOnce() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					assertThat(context).hasSingleBean(SmsBalanceService.class)
						.hasSingleBean(ReactiveSmsBalanceService.class)
						.hasSingleBean(WebClientSmsBalanceClient.class)
						.hasSingleBean(SmsBalancePoller.class);
					awaitState(context.getBean(SmsBalanceMonitors.class), SmsAccountState.OK);
					assertThat(server.requests()).hasSize(1);
				});
		}
	}

	@Test
	void beansHaveNamesThatAnApplicationDoesNotUseForItsOwn() {
		ApplicationContextRunner own = this.runner;
		for (String name : new String[] { "smsBalanceService", "reactiveSmsBalanceService", "smsBalanceClient",
				"smsBalanceMetrics", "smsBalanceEndpoint", "smsBalanceCluster" }) {
			own = own.withBean(name, String.class, () -> name);
		}
		own.run((context) -> {
			assertThat(context).hasNotFailed().hasSingleBean(SmsBalanceService.class);
			assertThat(context.getBeanDefinitionNames())
				.filteredOn((name) -> String.valueOf(context.getType(name)).contains("io.github.engagelab.sms."))
				.isNotEmpty()
				.allMatch((name) -> name.toLowerCase(Locale.ROOT).contains("engagelab"));
		});
	}

	@Test
	void runWhenDisabledHasBeansThatSaySoAndSendsNothing(CapturedOutput output) {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.enabled=false",
						"engagelab.sms.refresh.interval=1s")
				.run((context) -> {
					assertThat(context).hasNotFailed()
						.hasSingleBean(SmsBalanceService.class)
						.hasSingleBean(ReactiveSmsBalanceService.class)
						.hasSingleBean(SmsBalanceMonitors.class)
						.hasSingleBean(SmsBalancePoller.class)
						.hasSingleBean(SmsBalanceClient.class)
						.hasBean("engagelabSmsHealthContributor")
						.hasBean("engageLabSmsBalanceMetrics");
					assertThat(output).doesNotContain("WARN");
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					assertThat(service.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
					assertThat(service.getStatus().failure()).isEqualTo(SmsBalanceFailure.DISABLED);
					assertThatExceptionOfType(SmsBalanceException.class).isThrownBy(service::getBalance)
						.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.DISABLED));
					assertThatExceptionOfType(SmsBalanceException.class)
						.isThrownBy(() -> service.getBalance(Duration.ofHours(1)))
						.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.DISABLED));
					assertThatExceptionOfType(SmsBalanceException.class)
						.isThrownBy(context.getBean(ReactiveSmsBalanceService.class).getBalance()::block)
						.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.DISABLED));
					assertThat(context.getBean(SmsBalancePoller.class).getNextRefresh("default")).isNull();
					Awaitility.await()
						.during(Duration.ofMillis(500))
						.until(() -> server.accepted() == 0 && service.getStatus().snapshot() == null);
				});
			assertThat(output).doesNotContain("Exception");
		}
	}

	@Test
	void runWhenUserHasClientAndDisabledDoesNotAskIt() {
		AtomicInteger asked = new AtomicInteger();
		this.runner.withBean(SmsBalanceClient.class, () -> (account) -> {
			asked.incrementAndGet();
			return Mono.just(BALANCE);
		}).withPropertyValues("engagelab.sms.enabled=false").run((context) -> {
			assertThatExceptionOfType(SmsBalanceException.class)
				.isThrownBy(context.getBean(SmsBalanceService.class)::getBalance);
			assertThat(asked).hasValue(0);
		});
	}

	@Test
	void runWhenThereIsParentSharesItsMonitorsAndPoller() {
		AtomicInteger asked = new AtomicInteger();
		this.runner.withBean(SmsBalanceClient.class, () -> (account) -> Mono.fromSupplier(() -> {
			asked.incrementAndGet();
			return BALANCE;
		})).withPropertyValues("engagelab.sms.refresh.interval=1s").run((parent) -> {
			Awaitility.await().untilAtomic(asked, Matchers.greaterThan(0));
			TestContexts.runner()
				.withParent(parent)
				.withPropertyValues("engagelab.sms.refresh.interval=1s")
				.run((child) -> {
					for (Class<?> type : List.of(SmsBalanceService.class, ReactiveSmsBalanceService.class,
							SmsBalanceMonitors.class, SmsBalancePoller.class, SmsBalanceClient.class,
							EngageLabSmsThreads.class, EngageLabSmsConnectionDetails.class)) {
						assertThat(child.getBeanFactory().getBeanNamesForType(type)).as(type.getSimpleName()).isEmpty();
						assertThat(child.getBean(type)).isSameAs(parent.getBean(type));
					}
					assertThat(child.getBean(SmsBalanceService.class).getBalance()).isEqualTo(BALANCE);
				});
			assertThat(parent.getBean(SmsBalancePoller.class).isRunning()).isTrue();
			int before = asked.get();
			Awaitility.await().untilAtomic(asked, Matchers.greaterThan(before));
			assertThat(parent.getBean(SmsBalanceService.class).getBalance()).isEqualTo(BALANCE);
		});
	}

	@Test
	void runWhenNoCredentialsStartsAndSaysSoOnce(CapturedOutput output) {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.interval=1s")
				.run((context) -> {
					Awaitility.await()
						.untilAsserted(() -> assertThat(
								context.getBean(SmsBalanceMonitors.class).all().iterator().next().getStatus().failure())
							.isEqualTo(SmsBalanceFailure.NOT_CONFIGURED));
					SmsBalanceService service = context.getBean(SmsBalanceService.class);
					for (int i = 0; i < 3; i++) {
						assertThatExceptionOfType(SmsBalanceException.class).isThrownBy(service::getBalance)
							.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.NOT_CONFIGURED));
					}
					assertThat(server.requests()).isEmpty();
					assertThat(output.getAll().lines().filter((line) -> line.contains("WARN"))).singleElement()
						.asString()
						.contains("'default' is still UNKNOWN", "engagelab.sms.dev-key", "engagelab.sms.dev-secret");
				});
		}
	}

	@Test
	void runWhenRefreshIsDisabledDoesNotAsk() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.enabled=false")
				.run((context) -> {
					assertThat(context.getBean(SmsBalancePoller.class).getNextRefresh("default")).isNull();
					assertThat(context.getBean(SmsBalanceService.class).getBalance()).isNotNull();
					assertThat(server.requests()).hasSize(1);
				});
		}
	}

	@Test
	void runWhenUserHasClientAsksIt() {
		this.runner.withBean(SmsBalanceClient.class, () -> (account) -> Mono.just(BALANCE)).run((context) -> {
			assertThat(context).hasSingleBean(SmsBalanceClient.class).doesNotHaveBean(WebClientSmsBalanceClient.class);
			assertThat(context.getBean(SmsBalanceService.class).getBalance()).isEqualTo(BALANCE);
			awaitState(context.getBean(SmsBalanceMonitors.class), SmsAccountState.LOW);
		});
	}

	@Test
	void runWhenUserHasServiceBacksOff() {
		SmsBalanceService own = new SmsBalanceService() {

			@Override
			public SmsBalance getBalance() {
				return BALANCE;
			}

			@Override
			public SmsBalance getBalance(Duration maxAge) {
				return BALANCE;
			}

			@Override
			public SmsAccountStatus getStatus() {
				return new SmsAccountStatus("own", SmsAccountState.OK, null, new SmsBalanceThresholds(0, null), null);
			}

			@Override
			public SmsBalanceService forAccount(String account) {
				return this;
			}

			@Override
			public Set<String> getAccounts() {
				return Set.of("own");
			}

		};
		this.runner.withBean("own", SmsBalanceService.class, () -> own)
			.run((context) -> assertThat(context).getBean(SmsBalanceService.class).isSameAs(own));
	}

	@Test
	void runWhenUserHasConnectionDetailsAsksThere() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> new EngageLabSmsConnectionDetails() {

				@Override
				public URI getBaseUrl(String account) {
					return URI.create(server.baseUrl());
				}

				@Override
				public Credentials getCredentials(String account) {
					return new Credentials("own", "details");
				}

			}).run((context) -> {
				assertThat(context).doesNotHaveBean(PropertiesEngageLabSmsConnectionDetails.class);
				context.getBean(SmsBalanceService.class).getBalance();
				assertThat(server.requests().get(0)).contains("Basic b3duOmRldGFpbHM=");
			});
		}
	}

	@Test
	void runWhenInitializationIsLazyPollsAllTheSame() {
		AtomicInteger asked = new AtomicInteger();
		this.runner
			.withInitializer(
					(context) -> context.addBeanFactoryPostProcessor(new LazyInitializationBeanFactoryPostProcessor()))
			.withBean(SmsBalanceClient.class, () -> (account) -> Mono.fromSupplier(() -> {
				asked.incrementAndGet();
				return BALANCE;
			}))
			.run((context) -> Awaitility.await().untilAtomic(asked, Matchers.greaterThan(0)));
	}

	@Test
	void runAddsNoNonDaemonThread() {
		Set<Thread> before = Set.copyOf(Thread.getAllStackTraces().keySet());
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> {
					context.getBean(SmsBalanceService.class).getBalance();
					assertThat(Thread.getAllStackTraces().keySet()).filteredOn((thread) -> !before.contains(thread))
						.extracting(Thread::getName)
						.anyMatch((name) -> name.startsWith("engagelab-sms-timer"))
						.anyMatch((name) -> name.startsWith("engagelab-sms-account"));
					assertThat(Thread.getAllStackTraces().keySet()).filteredOn((thread) -> !before.contains(thread))
						.allMatch(Thread::isDaemon);
				});
			// Nothing is left once the context is closed; before JDK 21 the HTTP client's
			// own thread is up to the garbage collector
			Awaitility.await()
				.untilAsserted(() -> assertThat(Thread.getAllStackTraces().keySet())
					.filteredOn((thread) -> !before.contains(thread))
					.extracting(Thread::getName)
					.noneMatch((name) -> name.startsWith("engagelab-sms"))
					.noneMatch((name) -> Runtime.version().feature() >= 21 && name.startsWith("HttpClient")));
		}
	}

	@Test
	void runWhenServletStaysServlet() {
		new WebApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(SmsBalanceService.class));
	}

	@Test
	void runWhenReactiveStaysReactive() {
		new ReactiveWebApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(ReactiveSmsBalanceService.class));
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					engagelab.sms.dev-key=only-the-key          | engagelab.sms.dev-secret           | engagelab.sms.dev-secret too
					engagelab.sms.dev-secret=hidden-secret      | engagelab.sms.dev-key              | engagelab.sms.dev-key too
					engagelab.sms.base-url=smsapi.engagelab.com | engagelab.sms.base-url             | like https://
					engagelab.sms.base-url=ftp://hidden.example | engagelab.sms.base-url             | like https://
					engagelab.sms.base-url=https:///v1          | engagelab.sms.base-url             | like https://
					engagelab.sms.base-url=https://ho st        | engagelab.sms.base-url             | like https://
					engagelab.sms.base-url=https://u:hidden@h   | engagelab.sms.base-url             | belong in dev-key
					engagelab.sms.base-url=https://h?hidden=1   | engagelab.sms.base-url             | belong in dev-key
					engagelab.sms.base-url=https://h#hidden     | engagelab.sms.base-url             | belong in dev-key
					engagelab.sms.base-url=http://h.example     | engagelab.sms.base-url             | allow-plaintext=true
					engagelab.sms.base-url=http://127.evil.com  | engagelab.sms.base-url             | allow-plaintext=true
					engagelab.sms.threshold.low=-0.00001        | engagelab.sms.threshold.low        | at most 4 decimals
					engagelab.sms.threshold.low=0.00001         | engagelab.sms.threshold.low        | at most 4 decimals
					engagelab.sms.threshold.low=1e300           | engagelab.sms.threshold.low        | at most 4 decimals
					engagelab.sms.threshold.warning=1.00001     | engagelab.sms.threshold.warning    | at most 4 decimals
					engagelab.sms.threshold.warning=0.9999      | engagelab.sms.threshold.warning    | at least the low threshold
					engagelab.sms.refresh.interval=999ms        | engagelab.sms.refresh.interval     | at least 1s
					engagelab.sms.refresh.interval=60           | engagelab.sms.refresh.interval     | is in milliseconds
					engagelab.sms.refresh.max-age=89s           | engagelab.sms.refresh.max-age      | at least 90s
					engagelab.sms.http.connect-timeout=0        | engagelab.sms.http.connect-timeout | at least 1ms
					engagelab.sms.http.read-timeout=-1s         | engagelab.sms.http.read-timeout    | at least 1ms
					engagelab.sms.http.request-timeout=0        | engagelab.sms.http.request-timeout | at least 1ms
					engagelab.sms.retry.max-retries=-1          | engagelab.sms.retry.max-retries    | 0 or more
					engagelab.sms.retry.delay=0                 | engagelab.sms.retry.delay          | at least 1ms
					engagelab.sms.retry.max-delay=100ms         | engagelab.sms.retry.max-delay      | at least 200ms
					engagelab.sms.health.status.low=            | engagelab.sms.health.status.low    | or remove it
					engagelab.sms.health.status.lo=UNKNOWN      | engagelab.sms.health.status.lo     | UNAVAILABLE, UNKNOWN
					engagelab.sms.base-url=https://a/v1/balance | engagelab.sms.base-url             | https://smsapi.engagelab.com
					""")
	void runWhenPropertyIsWrongFailsAndSaysWhatToDo(String setting, String property, String action,
			CapturedOutput output) {
		assertThatException().isThrownBy(() -> start(setting.stripTrailing()))
			.satisfies((ex) -> assertThat(stackTrace(ex)).doesNotContain("hidden"));
		assertThat(output).contains("APPLICATION FAILED TO START", "Property: " + property, action)
			.doesNotContain("hidden");
	}

	@ParameterizedTest
	@ValueSource(strings = { "engagelab.sms.threshold.low=", "engagelab.sms.threshold=5", "engagelab.sms.http=x",
			"engagelab.sms.retry.max-retries=x", "engagelab.sms.retry.max-retries=", "engagelab.sms.refresh.interval=x",
			"engagelab.sms.refresh.interval=", "engagelab.sms.refresh.interval=P9999999999D",
			"engagelab.sms.accounts=x", "engagelab.sms.accounts.otp=x", "engagelab.sms.accounts.otp.threshold=5",
			"engagelab.sms.health=x", "engagelab.sms.health.status.lo=UNKNOWN", "engagelab.sms.health.status=x",
			"engagelab.sms.cluster=x", "engagelab.sms.enabled=x", "engagelab.sms.accounts.otp.threshold.low=x" })
	void runWhenPropertyCannotBeBoundShowsNoCredential(String setting, CapturedOutput output) {
		try {
			start("engagelab.sms.dev-key=hidden", "engagelab.sms.dev-secret=hidden", setting);
		}
		catch (Exception ex) {
			assertThat(stackTrace(ex)).doesNotContain("hidden");
		}
		assertThat(output).doesNotContain("hidden");
	}

	@Test
	void runWhenMaxAgeIsLessThanOneAndAHalfIntervalsFails(CapturedOutput output) {
		assertThatException()
			.isThrownBy(() -> start("engagelab.sms.refresh.interval=1s", "engagelab.sms.refresh.max-age=1s"));
		assertThat(output).contains("Property: engagelab.sms.refresh.max-age",
				"1s is less than 1500ms, which is 1.5 x engagelab.sms.refresh.interval", "at least 1500ms");
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-", value = { "1m, -, PT5M", "100s, -, PT5M", "101s, -, PT5M3S", "10m, -, PT30M",
			"1s, 1500ms, PT1.5S", "1m, 90s, PT1M30S" })
	void maxAgeIsFiveMinutesOrThreeIntervals(String interval, @Nullable String maxAge, Duration expected) {
		this.runner.withPropertyValues("engagelab.sms.refresh.interval=" + interval)
			.withPropertyValues(
					(maxAge != null) ? new String[] { "engagelab.sms.refresh.max-age=" + maxAge } : new String[0])
			.withBean(SmsBalanceClient.class, () -> (account) -> Mono.just(BALANCE))
			.run((context) -> assertThat(context.getBean(EngageLabSmsProperties.class).refresh().effectiveMaxAge())
				.isEqualTo(expected));
	}

	@Test
	void maxAgeMayBeShortWithoutPolls() {
		this.runner
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.refresh.interval=1m",
					"engagelab.sms.refresh.max-age=1s")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@Test
	void runWhenKeyHasColonFailsWithoutShowingIt(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("engagelab.sms.dev-key=hidden:key", "engagelab.sms.dev-secret=x"))
			.satisfies((ex) -> assertThat(stackTrace(ex)).doesNotContain("hidden"));
		assertThat(output).contains("Property: engagelab.sms.dev-key", "Origin: \"engagelab.sms.dev-key\"", "colon")
			.doesNotContain("hidden");
	}

	@Test
	void runWhenSslBundleIsUnknownFails() {
		this.runner.withPropertyValues("engagelab.sms.http.ssl.bundle=nowhere")
			.run((context) -> assertThat(context).getFailure()
				.rootCause()
				.isInstanceOf(NoSuchSslBundleException.class));
	}

	@ParameterizedTest
	@CsvSource({ "http://localhost:1, 0", "http://127.0.0.1:1, 0", "http://[::1]:1, 0", "https://h.example, 0",
			"http://h.example, 1" })
	void runWhenPlaintextIsAllowedWarnsOnceBeyondThisHost(String baseUrl, int warnings, CapturedOutput output) {
		this.runner.withPropertyValues(TestContexts.credentials())
			.withPropertyValues("engagelab.sms.base-url=" + baseUrl, "engagelab.sms.http.allow-plaintext=true",
					"engagelab.sms.refresh.enabled=false")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(output.getAll().lines().filter((line) -> line.contains("unencrypted"))).hasSize(warnings);
			});
	}

	private static void awaitState(SmsBalanceMonitors monitors, SmsAccountState state) {
		Awaitility.await()
			.untilAsserted(() -> assertThat(monitors.all().iterator().next().getStatus().state()).isEqualTo(state));
	}

	private static void start(String... settings) {
		new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
			.run(Stream.of(settings).map((setting) -> "--" + setting).toArray(String[]::new));
	}

	private static String stackTrace(Throwable failure) {
		StringWriter text = new StringWriter();
		failure.printStackTrace(new PrintWriter(text));
		return text.toString();
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EngageLabSmsAutoConfiguration.class)
	static class Application {

	}

}

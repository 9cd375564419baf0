package io.github.engagelab.sms.autoconfigure;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

@ExtendWith(OutputCaptureExtension.class)
class SeveralAccountsTests {

	private static final String[] THREE = { "engagelab.sms.dev-key=key-default", "engagelab.sms.dev-secret=s-default",
			"engagelab.sms.accounts.otp.dev-key=key-otp", "engagelab.sms.accounts.otp.dev-secret=s-otp",
			"engagelab.sms.accounts.marketing.dev-key=key-marketing",
			"engagelab.sms.accounts.marketing.dev-secret=s-marketing" };

	private final ApplicationContextRunner runner = TestContexts.runner();

	@Test
	void getBalanceSendsTheCredentialsOfTheAccount() {
		try (RawServer server = new RawServer((request, number, out, socket) -> out
			.write(RawServer.http("200 OK", RawServer.EXAMPLE.replace("143456", total(request)))))) {
			this.runner.withPropertyValues(THREE)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.enabled=false")
				.run((context) -> {
					ReactiveSmsBalanceService service = context.getBean(ReactiveSmsBalanceService.class);
					List<String> accounts = List.copyOf(service.getAccounts());
					assertThat(accounts).containsExactly("default", "otp", "marketing");
					Flux.range(0, 200).flatMap((i) -> {
						String account = accounts.get(i % 3);
						return service.forAccount(account)
							.getBalance()
							.doOnNext((balance) -> assertThat(balance.totalBalance10000()).isEqualTo(account.length()));
					}, 3).blockLast();
					Map<String, Long> perAccount = server.requests()
						.stream()
						.collect(Collectors.groupingBy(SeveralAccountsTests::account, Collectors.counting()));
					assertThat(perAccount.keySet()).containsExactlyInAnyOrder("default", "otp", "marketing");
					assertThat(perAccount.values()).allMatch((count) -> count > 20);
				});
		}
	}

	@ParameterizedTest
	@ValueSource(strings = { "401", "hang", "flood" })
	void otherAccountsAreUntouchedWhenOneFails(String trouble) {
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			if (!account(request).equals("otp")) {
				out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
			}
			else if (trouble.equals("401")) {
				out.write(RawServer.http("401 Unauthorized", "{\"code\":2001,\"message\":\"no\"}"));
			}
			else if (trouble.equals("hang")) {
				socket.getInputStream().read();
			}
			else {
				out.write(RawServer.http("200 OK", " ".repeat(1024 * 1024)));
			}
		})) {
			this.runner.withPropertyValues(THREE)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.refresh.interval=1s",
						"engagelab.sms.http.request-timeout=2s")
				.run((context) -> {
					SmsBalanceMonitors monitors = context.getBean(SmsBalanceMonitors.class);
					Awaitility.await().until(() -> monitors.get("otp").getStatus().failure() != null);
					Awaitility.await()
						.until(() -> server.requests()
							.stream()
							.filter((request) -> account(request).equals("default"))
							.count() >= 3);
					for (String account : List.of("default", "marketing")) {
						SmsAccountStatus status = monitors.get(account).getStatus();
						assertThat(status.failure()).isNull();
						assertThat(status.snapshot().balance()).isEqualTo(new SmsBalance(123456, 20000, 143456));
					}
					assertThat(monitors.get("otp").getStatus().snapshot()).isNull();
					assertThat(context.getBean(SmsBalanceService.class).getBalance(Duration.ofSeconds(3))).isNotNull();
					if (trouble.equals("401")) {
						assertThat(childStatus(context, "otp")).isEqualTo(Status.DOWN);
					}
					assertThat(childStatus(context, "default")).isEqualTo(Status.UP);
					assertThat(childStatus(context, "marketing")).isEqualTo(Status.UP);
				});
		}
	}

	@Test
	void forAccountWhenUnknownListsTheKnownOnes() {
		this.runner.withPropertyValues(THREE)
			.withPropertyValues("engagelab.sms.refresh.enabled=false")
			.run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				assertThat(service.getAccounts()).containsExactly("default", "otp", "marketing");
				assertThat(service.forAccount("otp").getAccounts()).containsExactly("default", "otp", "marketing");
				assertThatIllegalArgumentException().isThrownBy(() -> service.forAccount("nobody"))
					.withMessageContaining("'nobody'")
					.withMessageContaining("[default, otp, marketing]");
			});
	}

	@Test
	void accountTakesWhatItDoesNotSayItselfFromTheCommonSettings() {
		this.runner
			.withPropertyValues("engagelab.sms.threshold.low=5", "engagelab.sms.threshold.warning=20",
					"engagelab.sms.accounts.a.threshold.low=7", "engagelab.sms.accounts.b.threshold.warning=50",
					"engagelab.sms.accounts.b.base-url=https://b.example", "engagelab.sms.base-url=https://all.example",
					"engagelab.sms.accounts.c.dev-key=c", "engagelab.sms.accounts.c.dev-secret=c",
					"engagelab.sms.primary-account=b", "engagelab.sms.refresh.enabled=false")
			.run((context) -> {
				SmsBalanceMonitors monitors = context.getBean(SmsBalanceMonitors.class);
				assertThat(monitors.asMap().keySet()).containsExactly("a", "b", "c");
				assertThat(monitors.get("a").getStatus().thresholds())
					.hasToString("SmsBalanceThresholds[low10000=70000, warning10000=200000]");
				assertThat(monitors.get("b").getStatus().thresholds())
					.hasToString("SmsBalanceThresholds[low10000=50000, warning10000=500000]");
				assertThat(monitors.get("c").getStatus().thresholds())
					.hasToString("SmsBalanceThresholds[low10000=50000, warning10000=200000]");
				EngageLabSmsConnectionDetails details = context.getBean(EngageLabSmsConnectionDetails.class);
				assertThat(details.getBaseUrl("a")).hasToString("https://all.example");
				assertThat(details.getBaseUrl("b")).hasToString("https://b.example");
				assertThat(details.getCredentials("a")).isNull();
				assertThat(details.getCredentials("c")).isEqualTo(new Credentials("c", "c"));
				assertThat(catchThrowableOfType(SmsBalanceException.class,
						context.getBean(SmsBalanceService.class)::getBalance))
					.satisfies((ex) -> {
						assertThat(ex.getAccount()).isEqualTo("b");
						assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.NOT_CONFIGURED);
					});
			});
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|',
			textBlock = """
					engagelab.sms.accounts.a.dev-key=k              | engagelab.sms.accounts.a.dev-secret        | remove engagelab.sms.accounts.a.dev-key
					engagelab.sms.accounts.a.dev-secret=hidden      | engagelab.sms.accounts.a.dev-key           | remove engagelab.sms.accounts.a.dev-secret
					engagelab.sms.accounts.a.base-url=nowhere       | engagelab.sms.accounts.a.base-url          | like https://
					engagelab.sms.accounts.a.base-url=http://h.test | engagelab.sms.accounts.a.base-url          | allow-plaintext=true
					engagelab.sms.accounts.a.threshold.low=1e300    | engagelab.sms.accounts.a.threshold.low     | at most 4 decimals
					engagelab.sms.accounts.a.threshold.warning=0.5  | engagelab.sms.accounts.a.threshold.warning | at least
					engagelab.sms.accounts[a/b].dev-key=k           | engagelab.sms.accounts                     | letters, digits
					engagelab.sms.accounts[a b].dev-key=k           | engagelab.sms.accounts                     | letters, digits
					engagelab.sms.primary-account=nobody            | engagelab.sms.primary-account              | one of default
					""")
	void runWhenAccountIsWrongFailsAndSaysWhatToDo(String setting, String property, String action,
			CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("--" + setting.stripTrailing()));
		assertThat(output).contains("APPLICATION FAILED TO START", "Property: " + property, action)
			.doesNotContain("hidden");
	}

	@Test
	void runWhenPrimaryAccountIsUnknownFailsEvenIfLazy(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("--spring.main.lazy-initialization=true",
				"--engagelab.sms.primary-account=nobody", "--engagelab.sms.refresh.enabled=false"));
		assertThat(output).contains("Property: engagelab.sms.primary-account", "one of default");
	}

	@Test
	void runWhenPrimaryAccountIsOpenStartsAndSaysSoWhereItMatters() {
		this.runner
			.withPropertyValues("engagelab.sms.accounts.a.threshold.low=1", "engagelab.sms.accounts.b.threshold.low=1",
					"engagelab.sms.refresh.enabled=false")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				assertThat(service.getAccounts()).containsExactlyInAnyOrder("a", "b");
				assertThat(service.forAccount("a").getStatus().account()).isEqualTo("a");
				assertThatThrownBy(service::getBalance).hasMessageContaining("engagelab.sms.primary-account");
				assertThatThrownBy(service::getStatus).hasMessageContaining("engagelab.sms.primary-account");
			});
	}

	@Test
	void runWhenDefaultIsSetTwiceFails(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("--engagelab.sms.dev-key=k", "--engagelab.sms.dev-secret=s",
				"--engagelab.sms.accounts.default.dev-key=k", "--engagelab.sms.accounts.default.dev-secret=s"));
		assertThat(output).contains("Property: engagelab.sms.accounts.default");
	}

	@Test
	void environmentVariablesBind() {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
					new SystemEnvironmentPropertySource(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
							Map.of("ENGAGELAB_SMS_ACCOUNTS_OTP_DEVKEY", "k", "ENGAGELAB_SMS_ACCOUNTS_OTP_DEVSECRET",
									"s", "ENGAGELAB_SMS_ACCOUNTS_OTP_THRESHOLD_LOW", "50")));
		try (ConfigurableApplicationContext context = application().environment(environment)
			.run("--engagelab.sms.refresh.enabled=false")) {
			assertThat(context.getBean(SmsBalanceService.class).getAccounts()).containsExactly("otp");
			assertThat(context.getBean(EngageLabSmsConnectionDetails.class).getCredentials("otp"))
				.isEqualTo(new Credentials("k", "s"));
			assertThat(context.getBean(SmsBalanceMonitors.class).get("otp").getStatus().thresholds().low10000())
				.isEqualTo(500000);
		}
	}

	@Test
	void yamlBinds(@TempDir Path directory) throws Exception {
		Path yaml = Files.writeString(directory.resolve("application.yaml"), """
				engagelab:
				  sms:
				    dev-key: k0
				    dev-secret: s0
				    threshold: {low: 5}
				    primary-account: otp-1
				    accounts:
				      otp-1:      {dev-key: k1, dev-secret: s1, threshold: {low: 50, warning: 200}}
				      "[de.vip]": {dev-key: k2, dev-secret: s2, base-url: "https://other.example"}
				""");
		try (ConfigurableApplicationContext context = start("--spring.config.location=" + yaml.toUri(),
				"--engagelab.sms.refresh.enabled=false")) {
			assertThat(context.getBean(SmsBalanceService.class).getAccounts()).containsExactly("default", "otp-1",
					"de.vip");
			EngageLabSmsConnectionDetails details = context.getBean(EngageLabSmsConnectionDetails.class);
			assertThat(details.getCredentials("default")).isEqualTo(new Credentials("k0", "s0"));
			assertThat(details.getCredentials("otp-1")).isEqualTo(new Credentials("k1", "s1"));
			assertThat(details.getCredentials("de.vip")).isEqualTo(new Credentials("k2", "s2"));
			assertThat(details.getBaseUrl("de.vip")).hasToString("https://other.example");
		}
	}

	@Test
	void mountedSecretFilesBind(@TempDir Path directory) throws Exception {
		Files.writeString(directory.resolve("engagelab.sms.accounts.otp.dev-key"), "k\n");
		Files.writeString(directory.resolve("engagelab.sms.accounts.otp.dev-secret"), "s\n");
		try (ConfigurableApplicationContext context = start("--spring.config.import=configtree:" + directory + "/",
				"--engagelab.sms.refresh.enabled=false")) {
			assertThat(context.getBean(SmsBalanceService.class).getAccounts()).containsExactly("otp");
			assertThat(context.getBean(EngageLabSmsConnectionDetails.class).getCredentials("otp"))
				.isEqualTo(new Credentials("k", "s"));
		}
	}

	@Test
	void connectionDetailsWithBadNameOrNoneFail() {
		for (List<String> accounts : List.of(List.of("a/b"), List.<String>of())) {
			this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> new EngageLabSmsConnectionDetails() {

				@Override
				public Set<String> getAccounts() {
					return Set.copyOf(accounts);
				}

				@Override
				public Credentials getCredentials(String account) {
					return null;
				}

			})
				.run((context) -> assertThat(context).getFailure()
					.rootCause()
					.isInstanceOf(IllegalArgumentException.class));
		}
	}

	@Test
	void stateOfEachAccountFollowsItsOwnThresholds() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues(THREE)
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(),
						"engagelab.sms.accounts.otp.threshold.low=50",
						"engagelab.sms.accounts.marketing.threshold.warning=20")
				.run((context) -> {
					SmsBalanceMonitors monitors = context.getBean(SmsBalanceMonitors.class);
					Awaitility.await()
						.untilAsserted(
								() -> assertThat(monitors.all()).extracting((monitor) -> monitor.getStatus().state())
									.containsExactly(SmsAccountState.OK, SmsAccountState.LOW, SmsAccountState.WARNING));
				});
		}
	}

	private static Status childStatus(ConfigurableApplicationContext context, String account) {
		CompositeHealthContributor composite = (CompositeHealthContributor) context
			.getBean(HealthContributorRegistry.class)
			.getContributor("engagelabSms");
		return ((HealthIndicator) composite.getContributor(account)).health().getStatus();
	}

	private static ConfigurableApplicationContext start(String... arguments) {
		return application().run(arguments);
	}

	private static SpringApplicationBuilder application() {
		return new SpringApplicationBuilder(EngageLabSmsAutoConfigurationTests.Application.class)
			.web(WebApplicationType.NONE);
	}

	/**
	 * The account whose key a request carries.
	 */
	private static String account(String request) {
		String basic = request.lines()
			.filter((line) -> line.startsWith("Authorization: Basic "))
			.map((line) -> line.substring("Authorization: Basic ".length()))
			.findFirst()
			.orElseThrow();
		String credentials = new String(Base64.getDecoder().decode(basic), StandardCharsets.ISO_8859_1);
		String account = credentials.substring("key-".length(), credentials.indexOf(':'));
		assertThat(credentials).isEqualTo("key-" + account + ":s-" + account);
		return account;
	}

	private static String total(String request) {
		return String.valueOf(account(request).length());
	}

}

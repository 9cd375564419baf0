package io.github.engagelab.sms.autoconfigure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.SmsBalanceThresholds;
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

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * What is bound from {@code engagelab.sms.*}, and what is refused and how.
 */
@ExtendWith(OutputCaptureExtension.class)
class EngageLabSmsPropertiesTests {

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues("engagelab.sms.refresh.enabled=false");

	@Test
	void credentialsWhenPlaceholderIsUnresolvedAreNotSetAndNameTheVariable(CapturedOutput output) {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			TestContexts.runner()
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.withInitializer((context) -> context.getEnvironment()
					.getPropertySources()
					.addFirst(new MapPropertySource("unresolved",
							Map.of("engagelab.sms.dev-key", "${NO_SUCH_KEY}", "engagelab.sms.dev-secret",
									" ${NO_SUCH_SECRET}\n"))))
				.run((context) -> {
					SmsBalanceException failure = catchThrowableOfType(SmsBalanceException.class,
							context.getBean(SmsBalanceService.class)::getBalance);
					assertThat(failure.getFailure()).isEqualTo(SmsBalanceFailure.NOT_CONFIGURED);
					assertThat(failure).hasMessageContaining("NO_SUCH_KEY is not set");
					assertThat(context.getBean(SmsBalanceService.class).getStatus().state())
						.isEqualTo(SmsAccountState.UNKNOWN);
					assertThat(context.getBean(SmsBalanceMonitors.class).get("default").getDetails().toString())
						.contains("NO_SUCH_KEY is not set");
					Awaitility.await().until(() -> output.getAll().contains("WARN"));
				});
			assertThat(server.requests()).isEmpty();
			assertThat(output.getAll().lines().filter((line) -> line.contains("WARN"))).singleElement()
				.asString()
				.contains("NO_SUCH_KEY is not set", "engagelab.sms.dev-key");
		}
	}

	@Test
	void credentialsWhenOnlyTheSecretIsUnresolvedFailAndNameTheVariable(CapturedOutput output) {
		assertThatException()
			.isThrownBy(() -> start("engagelab.sms.dev-key=k", "engagelab.sms.dev-secret=${NO_SUCH_SECRET}"));
		assertThat(output).contains("Property: engagelab.sms.dev-secret", "its variable NO_SUCH_SECRET is not set",
				"Set NO_SUCH_SECRET too, or remove engagelab.sms.dev-key");
	}

	@Test
	void accountWhenPlaceholderIsUnresolvedStaysBesideOthers() {
		this.runner
			.withPropertyValues("engagelab.sms.accounts.otp.dev-key=k", "engagelab.sms.accounts.otp.dev-secret=s")
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addFirst(new MapPropertySource("unresolved",
						Map.of("engagelab.sms.dev-key", "${NO_SUCH_KEY}", "engagelab.sms.dev-secret", "${X}"))))
			.run((context) -> assertThat(context.getBean(SmsBalanceService.class).getAccounts())
				.containsExactly("default", "otp"));
	}

	@Test
	void credentialsWithWhiteSpaceAroundThemAreStripped() {
		this.runner
			.withInitializer((context) -> context.getEnvironment()
				.getPropertySources()
				.addFirst(new MapPropertySource("files",
						Map.of("engagelab.sms.dev-key", " k\r\n", "engagelab.sms.dev-secret", "\ts \n"))))
			.run((context) -> assertThat(context.getBean(EngageLabSmsConnectionDetails.class).getCredentials("default"))
				.isEqualTo(new Credentials("k", "s")));
	}

	@ParameterizedTest
	@CsvSource({ "1m, , PT5M", "1s, , PT5M", "100s, , PT5M", "2m, , PT6M", "10m, , PT30M", "10m, 15m, PT15M",
			"1s, 1500ms, PT1.5S" })
	void maxAgeWhenUnsetIsTheGreaterOf5mAnd3Intervals(String interval, String maxAge, Duration expected) {
		TestContexts.runner()
			.withPropertyValues("engagelab.sms.refresh.interval=" + interval)
			.withPropertyValues((maxAge != null) ? "engagelab.sms.refresh.max-age=" + maxAge : "unset=")
			.run((context) -> assertThat(context.getBean(EngageLabSmsProperties.class).refresh().effectiveMaxAge())
				.isEqualTo(expected));
	}

	@Test
	void maxAgeWhenNothingIsPolledMayBeShorterThanTheInterval() {
		this.runner.withPropertyValues("engagelab.sms.refresh.max-age=1s")
			.run((context) -> assertThat(context).hasNotFailed());
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			engagelab.sms.refresh.max-age=89s               | engagelab.sms.refresh.max-age      | at least 90s
			engagelab.sms.refresh.max-age=200000d           | engagelab.sms.refresh.max-age      | at most 365d
			engagelab.sms.refresh.interval=200000d          | engagelab.sms.refresh.interval     | at most 365d
			engagelab.sms.http.connect-timeout=200000d      | engagelab.sms.http.connect-timeout | at most 365d
			engagelab.sms.http.read-timeout=200000d         | engagelab.sms.http.read-timeout    | at most 365d
			engagelab.sms.http.request-timeout=200000d      | engagelab.sms.http.request-timeout | at most 365d
			engagelab.sms.retry.delay=200000d               | engagelab.sms.retry.delay          | at most 365d
			engagelab.sms.retry.max-delay=200000d           | engagelab.sms.retry.max-delay      | at most 365d
			engagelab.sms.base-url=https://h.example:70000  | engagelab.sms.base-url             | like https://
			engagelab.sms.base-url=https://h.example:0      | engagelab.sms.base-url             | like https://
			engagelab.sms.threshold.low=1E+999999999        | engagelab.sms.threshold.low        | at most 4 decimals
			engagelab.sms.threshold.low=-1E+999999999       | engagelab.sms.threshold.low        | at most 4 decimals
			engagelab.sms.accounts[.].dev-key=k             | engagelab.sms.accounts             | letters, digits
			engagelab.sms.accounts[..].dev-key=k            | engagelab.sms.accounts             | letters, digits
			""")
	void runWhenPropertyIsWrongFailsAndSaysWhatToDo(String setting, String property, String action,
			CapturedOutput output) {
		assertThatException().isThrownBy(() -> start(setting.stripTrailing()));
		assertThat(output).contains("APPLICATION FAILED TO START", "Property: " + property, action);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			port=3128                               | host     | Set engagelab.sms.http.proxy.host too
			host=http://h.example,port=3128         | host     | engagelab.sms.http.proxy.port to the port
			host=h                                  | port     | not set to a port from 1 to
			host=h,port=65536                       | port     | not set to a port from 1 to
			host=h,port=1,username=u                | password | Set engagelab.sms.http.proxy.password too, or remove
			host=h,port=1,password=hidden           | username | Set engagelab.sms.http.proxy.username too, or remove
			host=h,port=1,username=u,password=${NO} | password | its variable NO is not set
			host=h,port=1,username=hidden:x,password=hidden | username | proxy.password to the part after it
			""")
	void runWhenProxyIsWrongFailsAndSaysWhatToDo(String settings, String property, String message,
			CapturedOutput output) {
		assertThatException().isThrownBy(() -> start(
				Stream.of(settings.split(",")).map("engagelab.sms.http.proxy."::concat).toArray(String[]::new)));
		assertThat(output).contains("Property: engagelab.sms.http.proxy." + property, message).doesNotContain("hidden");
	}

	@ParameterizedTest
	@CsvSource({ "-5, , -50000, ", "-5.5, -5.5, -55000, -55000", "-5, 0.0001, -50000, 1",
			"-922337203685477.5808, , -9223372036854775808, " })
	void thresholdsMayBeNegative(String low, String warning, long low10000, Long warning10000) {
		this.runner
			.withPropertyValues("engagelab.sms.dev-key=k", "engagelab.sms.dev-secret=s",
					"engagelab.sms.accounts.otp.threshold.low=" + low, "engagelab.sms.threshold.low=" + low)
			.withPropertyValues((warning != null) ? "engagelab.sms.threshold.warning=" + warning : "unset=")
			.run((context) -> assertThat(context.getBean(SmsBalanceMonitors.class).all()).hasSize(2)
				.allSatisfy((monitor) -> assertThat(monitor.getStatus().thresholds())
					.isEqualTo(new SmsBalanceThresholds(low10000, warning10000))));
	}

	@Test
	void runWhenNegativeWarningThresholdIsTooLowFails(CapturedOutput output) {
		assertThatException()
			.isThrownBy(() -> start("engagelab.sms.threshold.low=-5", "engagelab.sms.threshold.warning=-5.0001"));
		assertThat(output).contains("Property: engagelab.sms.threshold.warning",
				"-5.0001 is less than the low threshold -5");
	}

	@Test
	void runWhenInheritedWarningThresholdIsTooLowSaysWhereItComesFrom(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("engagelab.sms.threshold.low=5",
				"engagelab.sms.threshold.warning=20", "engagelab.sms.accounts.otp.threshold.low=50"));
		assertThat(output).contains("Property: engagelab.sms.accounts.otp.threshold.low",
				"50 is greater than the warning threshold 20, which comes from engagelab.sms.threshold.warning",
				"Set engagelab.sms.accounts.otp.threshold.warning to at least 50");
	}

	@Test
	void accountWhenNamesDifferInCaseAndSeparatorsOnlyIsOne(@TempDir Path directory) throws Exception {
		try (ConfigurableApplicationContext context = start(directory, """
				engagelab.sms:
				  accounts:
				    my-team: {threshold: {low: 5}}
				    OTP: {threshold: {low: 7}, base-url: "http://localhost:1"}
				""",
				Map.of("ENGAGELAB_SMS_ACCOUNTS_MYTEAM_DEVKEY", "k1", "ENGAGELAB_SMS_ACCOUNTS_MYTEAM_DEVSECRET", "s1",
						"ENGAGELAB_SMS_ACCOUNTS_OTP_DEVKEY", "k2", "ENGAGELAB_SMS_ACCOUNTS_OTP_DEVSECRET", "s2",
						"ENGAGELAB_SMS_ACCOUNTS_OTP_THRESHOLD_WARNING", "8"))) {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			assertThat(service.getAccounts()).containsExactlyInAnyOrder("my-team", "OTP");
			EngageLabSmsConnectionDetails details = context.getBean(EngageLabSmsConnectionDetails.class);
			assertThat(details.getCredentials("my-team")).isEqualTo(new Credentials("k1", "s1"));
			assertThat(details.getCredentials("OTP")).isEqualTo(new Credentials("k2", "s2"));
			assertThat(details.getBaseUrl("OTP")).hasToString("http://localhost:1");
			assertThat(service.forAccount("my-team").getStatus().thresholds().low()).isEqualByComparingTo("5");
			assertThat(service.forAccount("OTP").getStatus().thresholds().low()).isEqualByComparingTo("7");
			assertThat(service.forAccount("OTP").getStatus().thresholds().warning()).isEqualByComparingTo("8");
		}
	}

	@Test
	void accountWhenAValueIsGivenUnderTwoSpellingsFails(@TempDir Path directory, CapturedOutput output) {
		assertThatException().isThrownBy(() -> start(directory, """
				engagelab.sms.accounts:
				  my-team: {dev-key: hidden-k, dev-secret: hidden-s}
				  myteam: {dev-secret: hidden-s2}
				""", Map.of()));
		assertThat(output).contains("dev-secret", "it is also set by engagelab.sms.accounts.", "Remove either")
			.doesNotContain("hidden");
	}

	@Test
	void accountWhenTwoSpellingsHaveSeparatorsOrCapitalsFails(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("engagelab.sms.accounts.my-team.dev-key=k",
				"engagelab.sms.accounts.my-team.dev-secret=s", "engagelab.sms.accounts.myTeam.threshold.low=5"));
		assertThat(output).contains("Property: engagelab.sms.accounts.my", "the account is also set by",
				"Names that differ only in case and separators are the same name");
	}

	@Test
	void accountsWhoseNamesHaveNoLetterOfOursAreNotTakenForOne(CapturedOutput output) {
		assertThatException().isThrownBy(
				() -> start("engagelab.sms.accounts.[\u00e9].dev-key=k", "engagelab.sms.accounts.[\u00fc].dev-key=k"));
		assertThat(output).contains("Property: engagelab.sms.accounts\n", "cannot name an account")
			.doesNotContain("the account is also set by");
	}

	@ParameterizedTest
	@ValueSource(strings = { "Authorization", "host", "Accept", "Proxy-Authorization", "content-length", "connection",
			"expect", "upgrade", "transfer-encoding" })
	void headerWhenTheClientSetsItFails(String name, CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("engagelab.sms.http.headers.[" + name + "]=hidden"));
		assertThat(output)
			.contains("Property: engagelab.sms.http.headers." + name, "the client sets this header itself")
			.doesNotContain("hidden");
	}

	@Test
	void headerWhenItHasALineBreakFails(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("engagelab.sms.http.headers.X-Token=hidden\nX-Other: hidden"));
		assertThat(output).contains("Property: engagelab.sms.http.headers.X-Token", "contains a line break")
			.doesNotContain("hidden");
	}

	@Test
	void runWhenDefaultIsSetTwiceFailsHoweverItIsSpelt(CapturedOutput output) {
		assertThatException().isThrownBy(() -> start("engagelab.sms.dev-key=k", "engagelab.sms.dev-secret=s",
				"engagelab.sms.accounts.Default.dev-key=k", "engagelab.sms.accounts.Default.dev-secret=s"));
		assertThat(output).contains("Property: engagelab.sms.accounts.", "also set by engagelab.sms.dev-key");
	}

	private static ConfigurableApplicationContext start(Path directory, String content, Map<String, Object> variables)
			throws IOException {
		Path yaml = Files.writeString(directory.resolve("application.yaml"), content);
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables));
		return application().environment(environment)
			.run("--spring.config.location=" + yaml.toUri(), "--engagelab.sms.refresh.enabled=false");
	}

	private static ConfigurableApplicationContext start(String... settings) {
		return application().run(Stream.of(settings).map((setting) -> "--" + setting).toArray(String[]::new));
	}

	private static SpringApplicationBuilder application() {
		return new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE);
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EngageLabSmsAutoConfiguration.class)
	static class Application {

	}

}

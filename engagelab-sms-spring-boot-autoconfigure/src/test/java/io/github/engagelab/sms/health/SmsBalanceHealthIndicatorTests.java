package io.github.engagelab.sms.health;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Mono;

import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.autoconfigure.actuate.endpoint.HealthEndpointAutoConfiguration;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;

@ExtendWith(OutputCaptureExtension.class)
class SmsBalanceHealthIndicatorTests {

	private final VirtualTime time = new VirtualTime();

	private final ScriptedClient client = new ScriptedClient(this.time::nanoTime);

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
		.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.low=1",
				"engagelab.sms.threshold.warning=5")
		.withBean(EngageLabSmsThreads.class, this.time::threads)
		.withBean(SmsBalanceClient.class, () -> this.client);

	@ParameterizedTest
	@CsvSource({ "100000, UP, OK", "49999, UP, WARNING", "9999, DOWN, LOW" })
	void healthFollowsTheBalance(long total10000, String status, String state) {
		this.client.balance(total10000);
		this.runner.run((context) -> {
			refresh(context);
			assertThat(health(context).getStatus()).isEqualTo(new Status(status));
			assertThat(health(context).getDetails()).containsEntry("state", state);
			Health withoutDetails = indicator(context).health(false);
			assertThat(withoutDetails.getStatus()).isEqualTo(new Status(status));
			assertThat(withoutDetails.getDetails()).isEmpty();
		});
	}

	@Test
	void healthShowsAllThatIsKnown() {
		this.time.advanceTimeTo(Instant.parse("2026-01-01T00:00:00Z"));
		this.client.answer(Mono.just(new SmsBalance(123456, 20000, 143456)));
		this.runner.run((context) -> {
			refresh(context);
			this.time.advanceTimeTo(Instant.parse("2026-01-01T00:00:07.5Z"));
			assertThat(health(context).getDetails()).containsExactly(Map.entry("account", "default"),
					Map.entry("state", "OK"), Map.entry("balance10000", 123456L), Map.entry("giftBalance10000", 20000L),
					Map.entry("totalBalance10000", 143456L), Map.entry("totalBalance", "14.3456"),
					Map.entry("threshold", Map.of("low", "1.0000", "warning", "5.0000")),
					Map.entry("readAt", "2026-01-01T00:00:00Z"), Map.entry("age", "PT7.5S"));
		});
	}

	@Test
	void healthWhenReadFailsKeepsTheBalanceAndSaysWhy() {
		this.client.answer(Mono.just(new SmsBalance(123456, 20000, 143456)));
		this.runner.run((context) -> {
			refresh(context);
			this.client.answer(Mono.error(() -> new SmsBalanceException("default", SmsBalanceFailure.SERVER_ERROR, 500,
					1000, "internal error", null)));
			refresh(context);
			Health health = health(context);
			assertThat(health.getStatus()).isEqualTo(Status.UP);
			assertThat(health.getDetails()).containsEntry("totalBalance", "14.3456");
			assertThat(health.getDetails()).extractingByKey("failure", InstanceOfAssertFactories.MAP)
				.containsExactly(Map.entry("name", "SERVER_ERROR"),
						Map.entry("hint", SmsBalanceFailure.SERVER_ERROR.getHint()), Map.entry("status", 500),
						Map.entry("code", 1000), Map.entry("message", "internal error"),
						Map.entry("at", "1970-01-01T00:00:00Z"));
		});
	}

	@Test
	void healthWhenRejectedIsDown() {
		this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
		this.runner.run((context) -> {
			refresh(context);
			assertThat(health(context).getStatus()).isEqualTo(Status.DOWN);
		});
	}

	@Test
	void healthWhenUnavailableIsUnknown() {
		this.client.balance(100000);
		this.runner.run((context) -> {
			refresh(context);
			this.time.advanceTimeBy(Duration.ofMinutes(5));
			assertThat(health(context).getStatus()).isEqualTo(Status.UNKNOWN);
			assertThat(health(context).getDetails()).containsEntry("state", "UNAVAILABLE")
				.containsEntry("totalBalance10000", 100000L)
				.containsEntry("age", "PT5M");
		});
	}

	@Test
	void healthWhenNothingWasReadIsUnknownAndSaysWhy() {
		this.runner.run((context) -> {
			assertThat(health(context).getStatus()).isEqualTo(Status.UNKNOWN);
			assertThat(health(context).getDetails()).extractingByKey("hint", InstanceOfAssertFactories.STRING)
				.contains("engagelab.sms.refresh.enabled");
		});
	}

	@Test
	void healthWhenNotConfiguredNamesTheProperties() {
		this.client.fail(SmsBalanceFailure.NOT_CONFIGURED);
		this.runner.run((context) -> {
			refresh(context);
			assertThat(health(context).getStatus()).isEqualTo(Status.UNKNOWN);
			assertThat(health(context).getDetails().get("failure").toString()).contains("engagelab.sms.dev-key",
					"engagelab.sms.dev-secret");
		});
	}

	@Test
	void healthWhenDisabledIsUnknownAndSaysSo() {
		this.runner.withPropertyValues("engagelab.sms.enabled=false", "engagelab.sms.refresh.enabled=true")
			.run((context) -> {
				Runnable verify = () -> {
					assertThat(health(context).getStatus()).isEqualTo(Status.UNKNOWN);
					assertThat(health(context).getDetails()).containsEntry("state", "UNKNOWN")
						.doesNotContainKey("hint")
						.extractingByKey("failure", InstanceOfAssertFactories.MAP)
						.containsEntry("name", "DISABLED")
						.containsEntry("hint", SmsBalanceFailure.DISABLED.getHint());
				};
				verify.run();
				this.time.advanceTimeBy(Duration.ofHours(1));
				verify.run();
				refresh(context);
				this.time.advanceTimeBy(Duration.ofHours(1));
				verify.run();
				assertThat(this.client.calls()).isEmpty();
			});
	}

	@Test
	void healthWhenClockIsSetBackShowsTheTimeThatHasPassedAsAge() {
		this.client.balance(100000);
		this.runner.run((context) -> {
			refresh(context);
			this.time.setClockBackBy(Duration.ofHours(1));
			this.time.advanceTimeBy(Duration.ofMillis(1500));
			assertThat(health(context).getDetails()).containsEntry("age", "PT1.5S")
				.containsEntry("readAt", "1970-01-01T00:00:00Z");
		});
	}

	@Test
	void healthStatusOfAStateCanBeChosen() {
		this.client.balance(0);
		this.runner
			.withPropertyValues("engagelab.sms.health.status.low=OUT_OF_SERVICE",
					"engagelab.sms.health.status.unknown=FATAL")
			.run((context) -> {
				assertThat(health(context).getStatus()).isEqualTo(new Status("FATAL"));
				refresh(context);
				assertThat(health(context).getStatus()).isEqualTo(Status.OUT_OF_SERVICE);
			});
	}

	@Test
	void healthNeverAsksTheProviderNorLogs(CapturedOutput output) {
		this.runner.run((context) -> {
			int before = output.getAll().length();
			for (int i = 0; i < 100; i++) {
				health(context);
			}
			assertThat(this.client.calls()).isEmpty();
			assertThat(output.getAll().substring(before)).isEmpty();
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "management.health.engagelab-sms.enabled", "management.health.engagelabsms.enabled",
			"management.health.engagelabSms.enabled", "management.health.defaults.enabled" })
	void healthCanBeSwitchedOff(String property) {
		this.runner.withPropertyValues(property + "=false")
			.run((context) -> assertThat(context).hasNotFailed().doesNotHaveBean("engagelabSmsHealthContributor"));
	}

	@Test
	void healthWhenUserHasOneBacksOff() {
		HealthIndicator own = () -> Health.up().build();
		this.runner.withBean("engagelabSmsHealthIndicator", HealthIndicator.class, () -> own)
			.run((context) -> assertThat(
					context.getBean(HealthContributorRegistry.class).getContributor("engagelabSms"))
				.isSameAs(own));
	}

	@Test
	void healthWhenSeveralAccountsHasAChildEach() {
		this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> new Accounts("default", "otp"))
			.run((context) -> {
				this.client.balance(0);
				refresh(context, "otp");
				this.client.balance(100000);
				refresh(context, "default");
				assertThat(children(context)).containsExactly("default UP", "otp DOWN");
			});
	}

	@Test
	void healthWhenSoleAccountIsNamedHasAChildSoThatAGroupCanNameIt() {
		this.runner.withConfiguration(AutoConfigurations.of(HealthEndpointAutoConfiguration.class))
			.withPropertyValues("engagelab.sms.accounts.otp.dev-key=k", "engagelab.sms.accounts.otp.dev-secret=s",
					"management.endpoint.health.group.sms.include=engagelabSms/otp")
			.run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(children(context)).containsExactly("otp UNKNOWN");
			});
	}

	@Test
	void healthWhenSoleAccountOfConnectionDetailsIsNamedHasAChild() {
		this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> new Accounts("otp"))
			.run((context) -> assertThat(children(context)).containsExactly("otp UNKNOWN"));
	}

	@Test
	void healthWhenSoleAccountOfConnectionDetailsIsDefaultHasNoChild() {
		this.runner.withBean(EngageLabSmsConnectionDetails.class, () -> new Accounts("default"))
			.run((context) -> assertThat(health(context).getDetails()).containsEntry("account", "default"));
	}

	private static void refresh(ListableBeanFactory context) {
		refresh(context, "default");
	}

	private static void refresh(ListableBeanFactory context, String account) {
		assertThat(context.getBean(SmsBalanceMonitors.class).get(account).refresh()).isDone();
	}

	private static Health health(ListableBeanFactory context) {
		return indicator(context).health();
	}

	private static HealthIndicator indicator(ListableBeanFactory context) {
		return (HealthIndicator) context.getBean(HealthContributorRegistry.class).getContributor("engagelabSms");
	}

	private static Stream<String> children(ListableBeanFactory context) {
		HealthContributor contributor = context.getBean(HealthContributorRegistry.class).getContributor("engagelabSms");
		assertThat(contributor).isInstanceOf(CompositeHealthContributor.class);
		return ((CompositeHealthContributor) contributor).stream()
			.map((entry) -> entry.name() + " " + ((HealthIndicator) entry.contributor()).health().getStatus());
	}

	private record Accounts(Set<String> getAccounts) implements EngageLabSmsConnectionDetails {

		Accounts(String... names) {
			this(new LinkedHashSet<>(List.of(names)));
		}

		@Override
		public Credentials getCredentials(String account) {
			return new Credentials("key", "secret");
		}

	}

}

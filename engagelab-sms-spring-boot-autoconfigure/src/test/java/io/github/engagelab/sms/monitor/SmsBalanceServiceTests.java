package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BiConsumer;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.UnknownSmsAccountException;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.github.engagelab.sms.testsupport.VirtualTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import reactor.core.publisher.Mono;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Both services, as an application uses them.
 */
@ExtendWith(OutputCaptureExtension.class)
class SmsBalanceServiceTests {

	private final VirtualTime time = new VirtualTime();

	private final ScriptedClient client = new ScriptedClient(this.time::nanoTime);

	private final ApplicationContextRunner runner = new ApplicationContextRunner()
		.withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
		.withPropertyValues("engagelab.sms.refresh.enabled=false")
		.withBean(EngageLabSmsThreads.class, this.time::threads)
		.withBean(SmsBalanceClient.class, () -> this.client);

	private final ApplicationContextRunner twoAccounts = this.runner.withPropertyValues(
			"engagelab.sms.accounts.otp.dev-key=a", "engagelab.sms.accounts.otp.dev-secret=b",
			"engagelab.sms.accounts.ads.dev-key=c", "engagelab.sms.accounts.ads.dev-secret=d");

	@Test
	void getBalanceAsksEveryTime() {
		run(this.runner, (blocking, reactive) -> {
			this.client.balance(1);
			assertThat(blocking.getBalance()).isEqualTo(new SmsBalance(1, 0, 1));
			this.client.balance(2);
			assertThat(blocking.getBalance()).isEqualTo(new SmsBalance(2, 0, 2));
			this.client.balance(3);
			Mono<SmsBalance> balance = reactive.getBalance();
			assertThat(this.client.calls()).hasSize(2);
			assertThat(balance.toFuture()).isCompletedWithValue(new SmsBalance(3, 0, 3));
			this.client.balance(4);
			assertThat(balance.toFuture()).isCompletedWithValue(new SmsBalance(4, 0, 4));
			assertThat(this.client.calls()).hasSize(4);
		});
	}

	@Test
	void getBalanceWhenYoungEnoughDoesNotAsk() {
		run(this.runner, (blocking, reactive) -> {
			Duration maxAge = Duration.ofSeconds(10);
			this.client.balance(1);
			assertThat(blocking.getBalance(maxAge).totalBalance10000()).isEqualTo(1);
			assertThat(this.client.calls()).hasSize(1);
			this.client.balance(2);
			this.time.advanceTimeBy(Duration.ofSeconds(9));
			assertThat(blocking.getBalance(maxAge).totalBalance10000()).isEqualTo(1);
			Mono<SmsBalance> balance = reactive.getBalance(maxAge);
			assertThat(balance.toFuture()).isCompletedWithValue(new SmsBalance(1, 0, 1));
			assertThat(this.client.calls()).hasSize(1);
			this.time.advanceTimeBy(Duration.ofSeconds(1));
			assertThat(balance.toFuture()).isCompletedWithValue(new SmsBalance(2, 0, 2));
			assertThat(this.client.calls()).hasSize(2);
			this.time.advanceTimeBy(Duration.ofSeconds(10));
			assertThat(blocking.getBalance(maxAge).totalBalance10000()).isEqualTo(2);
			assertThat(this.client.calls()).hasSize(3);
			assertThat(blocking.getBalance(Duration.ZERO).totalBalance10000()).isEqualTo(2);
			assertThat(reactive.getBalance(Duration.ZERO).toFuture()).isCompleted();
			assertThat(this.client.calls()).hasSize(5);
		});
	}

	@Test
	void getBalanceWhenMaxAgeIsNegativeIsRefused() {
		run(this.runner, (blocking, reactive) -> {
			this.client.balance(1);
			blocking.getBalance();
			assertThatIllegalArgumentException().isThrownBy(() -> blocking.getBalance(Duration.ofNanos(-1)));
			assertThatIllegalArgumentException()
				.isThrownBy(() -> reactive.getBalance(Duration.ofNanos(-1)).toFuture().getNow(null));
			assertThat(this.client.calls()).hasSize(1);
		});
	}

	@Test
	void getBalanceWhenItFailsNeverGivesTheOldOne() {
		run(this.runner, (blocking, reactive) -> {
			this.client.balance(1);
			blocking.getBalance();
			this.client.fail(SmsBalanceFailure.SERVER_ERROR);
			assertThatExceptionOfType(SmsBalanceException.class).isThrownBy(blocking::getBalance)
				.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.SERVER_ERROR));
			assertFails(reactive.getBalance(), SmsBalanceFailure.SERVER_ERROR);
			assertFails(reactive.getBalance(Duration.ZERO), SmsBalanceFailure.SERVER_ERROR);
			assertThat(blocking.getBalance(Duration.ofSeconds(1)).totalBalance10000()).isEqualTo(1);
		});
	}

	@Test
	void getStatusNeverAsks() {
		run(this.runner, (blocking, reactive) -> {
			assertThat(blocking.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			assertThat(reactive.getStatus()).isEqualTo(blocking.getStatus());
			assertThat(this.client.calls()).isEmpty();
			this.client.balance(9999);
			blocking.getBalance();
			assertThat(blocking.getStatus().state()).isEqualTo(SmsAccountState.LOW);
			assertThat(reactive.getStatus()).isEqualTo(blocking.getStatus());
			assertThat(reactive.getStatus().account()).isEqualTo("default");
			this.time.advanceTimeBy(Duration.ofMinutes(5));
			assertThat(blocking.getStatus().state()).isEqualTo(SmsAccountState.UNAVAILABLE);
			assertThat(reactive.getStatus()).isEqualTo(blocking.getStatus());
			assertThat(this.client.calls()).hasSize(1);
		});
	}

	@Test
	void getBalanceWhenDisabledFailsWithoutAskingAndIsNoNews(CapturedOutput output) {
		run(this.runner.withPropertyValues("engagelab.sms.enabled=false"), (blocking, reactive) -> {
			this.client.balance(1);
			int before = output.getAll().length();
			assertThatExceptionOfType(SmsBalanceException.class).isThrownBy(blocking::getBalance)
				.withMessageContaining(SmsBalanceFailure.DISABLED.getHint())
				.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.DISABLED));
			assertFails(reactive.getBalance(), SmsBalanceFailure.DISABLED);
			assertFails(reactive.getBalance(Duration.ofHours(1)), SmsBalanceFailure.DISABLED);
			assertThat(blocking.getStatus().failure()).isEqualTo(SmsBalanceFailure.DISABLED);
			assertThat(blocking.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			this.time.advanceTimeBy(Duration.ofHours(1));
			assertThat(reactive.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
			assertThat(this.client.calls()).isEmpty();
			assertThat(output.getAll().substring(before)).isEmpty();
		});
	}

	@Test
	void methodsWithoutAccountWhenThereIsNoPrimaryOneNameTheProperty() {
		run(this.twoAccounts, (blocking, reactive) -> {
			this.client.balance(7);
			assertThatIllegalStateException().isThrownBy(blocking::getBalance)
				.withMessageContaining("engagelab.sms.primary-account")
				.withMessageContaining("ads")
				.withMessageContaining("otp");
			assertThatIllegalStateException().isThrownBy(() -> blocking.getBalance(Duration.ofHours(1)))
				.withMessageContaining("engagelab.sms.primary-account");
			assertThatIllegalStateException().isThrownBy(blocking::getStatus)
				.withMessageContaining("engagelab.sms.primary-account");
			assertThatIllegalStateException().isThrownBy(() -> reactive.getBalance().toFuture().getNow(null))
				.withMessageContaining("engagelab.sms.primary-account");
			assertThatIllegalStateException().isThrownBy(reactive::getStatus)
				.withMessageContaining("engagelab.sms.primary-account");
			assertThat(this.client.calls()).isEmpty();
			assertThat(blocking.getAccounts()).containsExactlyInAnyOrder("ads", "otp");
			assertThat(reactive.getAccounts()).containsExactlyInAnyOrder("ads", "otp");
			assertThat(blocking.forAccount("otp").getBalance().totalBalance10000()).isEqualTo(7);
			assertThat(reactive.forAccount("ads").getBalance().toFuture()).isCompleted();
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::account).containsExactly("otp", "ads");
			assertThat(blocking.forAccount("otp").getAccounts()).containsExactlyInAnyOrder("ads", "otp");
		});
	}

	@Test
	void methodsWithoutAccountAreOfThePrimaryOne() {
		run(this.twoAccounts.withPropertyValues("engagelab.sms.primary-account=otp"), (blocking, reactive) -> {
			this.client.balance(7);
			blocking.getBalance();
			assertThat(reactive.getBalance().toFuture()).isCompleted();
			assertThat(this.client.calls()).extracting(ScriptedClient.Call::account).containsExactly("otp", "otp");
			assertThat(blocking.getStatus().account()).isEqualTo("otp");
			assertThat(reactive.forAccount("ads").getStatus().account()).isEqualTo("ads");
			assertThat(reactive.forAccount("ads").getStatus().snapshot()).isNull();
		});
	}

	@Test
	void forAccountWhenThereIsNoneListsThoseThereAre() {
		run(this.twoAccounts, (blocking, reactive) -> {
			assertThatExceptionOfType(UnknownSmsAccountException.class).isThrownBy(() -> blocking.forAccount("default"))
				.withMessageContaining("'default'")
				.withMessageContaining("ads")
				.withMessageContaining("otp");
			assertThatExceptionOfType(UnknownSmsAccountException.class).isThrownBy(() -> reactive.forAccount(""));
		});
	}

	private static void assertFails(Mono<SmsBalance> balance, SmsBalanceFailure failure) {
		CompletableFuture<SmsBalance> answer = balance.toFuture();
		assertThat(answer).isDone();
		assertThatExceptionOfType(ExecutionException.class).isThrownBy(answer::get)
			.satisfies((ex) -> assertThat(ex.getCause()).isInstanceOfSatisfying(SmsBalanceException.class,
					(failed) -> assertThat(failed.getFailure()).isEqualTo(failure)));
	}

	private static void run(ApplicationContextRunner runner,
			BiConsumer<SmsBalanceService, ReactiveSmsBalanceService> test) {
		runner.run((context) -> {
			assertThat(context).hasNotFailed();
			test.accept(context.getBean(SmsBalanceService.class), context.getBean(ReactiveSmsBalanceService.class));
		});
	}

}

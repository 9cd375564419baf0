package consumer;

import consumer.support.RunningJar;
import consumer.support.StubProvider;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class ConsumerApplicationIT {

	@Test
	void programWhenItHasPrintedBalanceEnds() {
		try (StubProvider provider = new StubProvider();
				RunningJar program = new RunningJar("target/no-web-1.jar", RunningJar.credentials(provider))) {
			assertThat(program.awaitExit()).as(program.getOutput()).isZero();
			assertThat(program.getOutput()).contains("Balance: 14.3456");
			// The runner's, and a poll if the program still runs then
			assertThat(provider.getRequests()).isBetween(1, 2);
		}
	}

}

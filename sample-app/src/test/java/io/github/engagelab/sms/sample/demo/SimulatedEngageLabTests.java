package io.github.engagelab.sms.sample.demo;

import java.math.BigDecimal;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

/**
 * Tests for {@link SimulatedEngageLab}.
 */
class SimulatedEngageLabTests {

	@Test
	void secondInstanceUsesTheFirst() {
		try (SimulatedEngageLab first = new SimulatedEngageLab(0)) {
			int port = first.getBaseUrl("default").getPort();
			try (SimulatedEngageLab second = new SimulatedEngageLab(port)) {
				assertThat(second.getBaseUrl("default")).isEqualTo(first.getBaseUrl("default"));
				assertThat(second.getAccounts()).isEqualTo(first.getAccounts());
				assertThatIllegalStateException().isThrownBy(() -> second.account("default"))
					.withMessageContaining("started first");
			}
			first.account("default").spend(BigDecimal.ONE);
			assertThat(first.account("default").balance().totalBalance10000()).isEqualTo(133456);
		}
	}

}

package io.github.engagelab.sms;

import java.time.Duration;
import java.time.Instant;

/**
 * A balance and the moment it was read.
 *
 * @param balance the balance
 * @param readAt when the provider's answer had arrived, by this host's clock
 * @since 0.1.0
 */
public record SmsBalanceSnapshot(SmsBalance balance, Instant readAt) {

	/**
	 * Return how old this snapshot is.
	 * @param now the moment to compare with
	 * @return the age, never negative even if the host's clock was set back
	 */
	public Duration age(Instant now) {
		Duration age = Duration.between(this.readAt, now);
		return age.isNegative() ? Duration.ZERO : age;
	}

}

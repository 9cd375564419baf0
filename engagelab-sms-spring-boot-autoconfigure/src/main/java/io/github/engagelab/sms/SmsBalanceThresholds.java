package io.github.engagelab.sms;

import java.math.BigDecimal;

import org.jspecify.annotations.Nullable;

/**
 * The total balances below which an account is {@link SmsAccountState#LOW} or
 * {@link SmsAccountState#WARNING}.
 *
 * @param low10000 the low threshold x 10000
 * @param warning10000 the warning threshold x 10000, or {@code null} if there is none
 * @since 0.1.0
 */
public record SmsBalanceThresholds(long low10000, @Nullable Long warning10000) {

	/**
	 * Return the low threshold.
	 * @return the low threshold in account currency, with a scale of 4
	 */
	public BigDecimal low() {
		return BigDecimal.valueOf(this.low10000, SmsBalance.SCALE);
	}

	/**
	 * Return the warning threshold.
	 * @return the warning threshold in account currency, with a scale of 4, or
	 * {@code null} if there is none
	 */
	public @Nullable BigDecimal warning() {
		return (this.warning10000 != null) ? BigDecimal.valueOf(this.warning10000, SmsBalance.SCALE) : null;
	}

	/**
	 * Compare a balance with the thresholds, exactly.
	 * @param balance the balance
	 * @return {@link SmsAccountState#OK}, {@link SmsAccountState#WARNING} or
	 * {@link SmsAccountState#LOW}
	 */
	public SmsAccountState evaluate(SmsBalance balance) {
		if (balance.totalBalance10000() < this.low10000) {
			return SmsAccountState.LOW;
		}
		if (this.warning10000 != null && balance.totalBalance10000() < this.warning10000) {
			return SmsAccountState.WARNING;
		}
		return SmsAccountState.OK;
	}

}

package io.github.engagelab.sms;

import java.math.BigDecimal;

/**
 * A balance as {@code GET /v1/balance} gives it. The three components are the integer
 * fields of the answer, in units of 1/10000 of the account currency: they are exact, and
 * the provider advises to use them instead of their floating-point twins. All amounts may
 * be negative.
 *
 * @param balance10000 the general balance x 10000 ({@code balance10000})
 * @param giftBalance10000 the gift balance x 10000 ({@code gift_balance10000})
 * @param totalBalance10000 the total balance x 10000 ({@code total_balance10000})
 * @since 0.1.0
 */
public record SmsBalance(long balance10000, long giftBalance10000, long totalBalance10000) {

	/**
	 * The number of decimals of an amount: 4, as it counts 1/10000 of the currency.
	 */
	public static final int SCALE = 4;

	/**
	 * Return the general balance.
	 * @return the general balance in account currency, with a scale of 4
	 */
	public BigDecimal balance() {
		return BigDecimal.valueOf(this.balance10000, SCALE);
	}

	/**
	 * Return the gift balance.
	 * @return the gift balance in account currency, with a scale of 4
	 */
	public BigDecimal giftBalance() {
		return BigDecimal.valueOf(this.giftBalance10000, SCALE);
	}

	/**
	 * Return the total balance.
	 * @return the total balance in account currency, with a scale of 4
	 */
	public BigDecimal totalBalance() {
		return BigDecimal.valueOf(this.totalBalance10000, SCALE);
	}

}

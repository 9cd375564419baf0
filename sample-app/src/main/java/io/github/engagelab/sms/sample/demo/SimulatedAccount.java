package io.github.engagelab.sms.sample.demo;

import java.math.BigDecimal;

import io.github.engagelab.sms.SmsBalance;

/**
 * A prepaid account that starts at the amounts of the provider's documentation. What is
 * spent is taken from the gift first.
 */
final class SimulatedAccount {

	private long balance10000 = 123456;

	private long giftBalance10000 = 20000;

	synchronized void spend(BigDecimal amount) {
		long spent10000 = x10000(amount);
		long gift10000 = Math.min(spent10000, this.giftBalance10000);
		this.giftBalance10000 -= gift10000;
		this.balance10000 -= spent10000 - gift10000;
	}

	synchronized void topUp(BigDecimal amount) {
		this.balance10000 = Math.addExact(this.balance10000, x10000(amount));
	}

	synchronized SmsBalance balance() {
		return new SmsBalance(this.balance10000, this.giftBalance10000, this.balance10000 + this.giftBalance10000);
	}

	private static long x10000(BigDecimal amount) {
		if (amount.signum() <= 0) {
			throw new ArithmeticException("not positive");
		}
		return amount.movePointRight(SmsBalance.SCALE).longValueExact();
	}

}

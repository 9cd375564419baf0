package io.github.engagelab.sms.sample.demo;

import java.math.BigDecimal;

import io.github.engagelab.sms.SmsBalance;
import org.jspecify.annotations.Nullable;

/**
 * A prepaid account, and what is wrong with it. What is spent is taken from the gift
 * first.
 */
final class SimulatedAccount {

	private long balance10000;

	private long giftBalance10000;

	private @Nullable Fault fault;

	SimulatedAccount(long balance10000, long giftBalance10000) {
		this.balance10000 = balance10000;
		this.giftBalance10000 = giftBalance10000;
	}

	synchronized void spend(BigDecimal amount) {
		long spent10000 = x10000(amount);
		long gift10000 = Math.min(spent10000, this.giftBalance10000);
		this.balance10000 = Math.subtractExact(this.balance10000, spent10000 - gift10000);
		this.giftBalance10000 -= gift10000;
	}

	synchronized void topUp(BigDecimal amount) {
		this.balance10000 = Math.addExact(this.balance10000, x10000(amount));
	}

	synchronized SmsBalance balance() {
		return new SmsBalance(this.balance10000, this.giftBalance10000, this.balance10000 + this.giftBalance10000);
	}

	synchronized void fail(@Nullable Fault fault) {
		this.fault = fault;
	}

	synchronized @Nullable Fault fault() {
		return this.fault;
	}

	private static long x10000(BigDecimal amount) {
		if (amount.signum() <= 0) {
			throw new ArithmeticException("not positive");
		}
		return amount.movePointRight(SmsBalance.SCALE).longValueExact();
	}

}

package io.github.engagelab.sms.client;

import java.util.function.Consumer;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import org.jspecify.annotations.Nullable;

/**
 * Reads the balance of an account on the thread that calls it. The one place where this
 * library's client and an application's own differ. Public for technical reasons only.
 */
public interface SmsBalanceReader {

	// Read as a part of what is observed, if anything is. Before each step, say what
	// fails of the read if that ends now. May throw anything
	@Nullable SmsBalance read(String account, @Nullable Object observation, Consumer<SmsBalanceFailure> pending)
			throws InterruptedException;

	// Return what the thread that calls this is observed by
	default @Nullable Object getCurrentObservation() {
		return null;
	}

	// Return what tells accounts of the provider apart, without a way back to credentials
	default String getIdentity(String account, Consumer<SmsBalanceFailure> pending) {
		return "";
	}

	static SmsBalanceReader of(SmsBalanceClient client) {
		if (client instanceof SmsBalanceReader reader) {
			return reader;
		}
		return (account, observation, pending) -> {
			pending.accept(SmsBalanceFailure.TIMEOUT);
			// Mapped before block(), which adds a suppressed exception to any other
			return client.getBalance(account).onErrorMap((ex) -> toFailure(account, ex)).block();
		};
	}

	// Return a reader that fails at once
	static SmsBalanceReader failing(SmsBalanceException failure) {
		return (account, observation, pending) -> {
			throw failure;
		};
	}

	// Return what is thrown by a read, or null if that has brought nothing, as a failure
	static SmsBalanceException toFailure(String account, @Nullable Throwable ex) {
		return (ex instanceof SmsBalanceException failure) ? failure
				: new SmsBalanceException(account, SmsBalanceFailure.MALFORMED_RESPONSE, (ex != null)
						? "SmsBalanceClient failed: " + ex.getClass().getName() : "SmsBalanceClient returned nothing",
						ex);
	}

}

package io.github.engagelab.sms.cluster;

import java.time.Duration;

import io.github.engagelab.sms.client.SecretMask;
import org.jspecify.annotations.Nullable;

import org.springframework.core.NestedExceptionUtils;

/**
 * Why a replica polls alone.
 *
 * @param cause the cause, {@code null} if a refresh fails for the same reason and logs it
 * @param outage whether the store is the cause, for all accounts alike
 */
record Alone(@Nullable String cause, boolean outage) {

	static final Alone UNIDENTIFIED = new Alone(null, true);

	// For a shortage of memory, or an exception that throws one
	private static final Alone UNSPEAKABLE = new Alone("the store failed", true);

	static Alone ofTimeout(Duration timeout) {
		return new Alone("no answer within %d ms".formatted(timeout.toMillis()), true);
	}

	static Alone of(Throwable ex) {
		try {
			return new Alone(describe(ex), true);
		}
		catch (Throwable another) {
			return UNSPEAKABLE;
		}
	}

	private static String describe(Throwable ex) {
		Throwable root = NestedExceptionUtils.getMostSpecificCause(ex);
		return SecretMask.printable("%s: %s".formatted(root.getClass().getSimpleName(), root.getMessage()));
	}

}

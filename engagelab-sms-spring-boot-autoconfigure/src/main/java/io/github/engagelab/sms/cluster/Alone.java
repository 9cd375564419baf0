package io.github.engagelab.sms.cluster;

import java.time.Duration;

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

	private static final int MAX_LENGTH = 200;

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
		String text = "%s: %s".formatted(root.getClass().getSimpleName(), root.getMessage())
			.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", " ");
		return (text.length() > MAX_LENGTH) ? text.substring(0, MAX_LENGTH) + "..." : text;
	}

}

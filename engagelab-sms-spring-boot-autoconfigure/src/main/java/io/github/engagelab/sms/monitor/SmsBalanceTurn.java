package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

/**
 * The part of this replica in polling an account that several replicas share. No method
 * blocks. Public for technical reasons only.
 */
public interface SmsBalanceTurn {

	// Do what is due, and return when to do so again. Called by the timer
	Duration tick();

	// Return how long it takes until this replica polls, unless another one does
	Duration getDelay();

	// Return who polls: self, other or alone
	String getPolledBy();

	// A refresh begins: return what shares its result, or null if nothing does
	@Nullable Consumer<SharedResult> started();

	void stop();

}

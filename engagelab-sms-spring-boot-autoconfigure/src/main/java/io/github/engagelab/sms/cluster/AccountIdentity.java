package io.github.engagelab.sms.cluster;

import java.util.function.Consumer;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Whose account this replica polls: a short hash of base URL and dev-key, both of which
 * the application may change.
 */
final class AccountIdentity {

	private final Supplier<Mono<String>> source;

	private volatile @Nullable String last;

	private volatile boolean pending;

	AccountIdentity(Supplier<Mono<String>> source) {
		this.source = source;
	}

	@Nullable String getLast() {
		return this.last;
	}

	// Ask for credentials and base URL, but never twice at a time
	void ask(Consumer<String> next, Runnable failed) {
		if (this.pending) {
			return;
		}
		this.pending = true;
		try {
			this.source.get().subscribe((identity) -> {
				this.last = identity;
				this.pending = false;
				next.accept(identity);
			}, (ex) -> fail(failed));
		}
		catch (Throwable ex) {
			fail(failed);
		}
	}

	private void fail(Runnable failed) {
		this.pending = false;
		failed.run();
	}

}

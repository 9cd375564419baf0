package io.github.engagelab.sms.cluster;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What a replica has seen of the store. Times are monotonic, in nanoseconds.
 *
 * @param text the text, {@code null} if there was none
 * @param reading what the text says, {@code null} if that is nothing
 * @param newest the newest result that was seen
 * @param changedAt when the text was first seen
 * @param lookedAt when the last look began, {@code null} before the first one
 * @param balanceAt when the balance was read at the earliest, {@code null} if unknown
 */
record Seen(@Nullable String text, @Nullable SharedReading reading, @Nullable SharedReading newest, long changedAt,
		@Nullable Long lookedAt, @Nullable Long balanceAt) {

	Seen still(long lookedAt) {
		return new Seen(this.text, this.reading, this.newest, this.changedAt, lookedAt, this.balanceAt);
	}

	// A text was written after the last look that did not show it, so it is not older
	// than that. It has not changed if it has only disappeared
	Seen next(@Nullable String text, @Nullable SharedReading reading, long lookedAt, long now) {
		return new Seen(text, reading, (reading != null && isNew(reading)) ? reading : this.newest,
				(text != null) ? now : this.changedAt, lookedAt, (reading != null && this.lookedAt != null)
						? (Long) (this.lookedAt - Duration.ofMillis(reading.age()).toNanos()) : null);
	}

	boolean isNew(SharedReading reading) {
		return this.newest == null || this.newest.isBehind(reading);
	}

	// Return whether the store has lost what it held
	boolean isLost() {
		return this.newest != null && (this.reading == null || this.reading.isBehind(this.newest));
	}

}

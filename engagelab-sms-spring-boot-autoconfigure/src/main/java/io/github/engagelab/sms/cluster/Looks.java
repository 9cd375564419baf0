package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.stream.LongStream;

/**
 * When a replica looks at the store, and whether the store answers in time. The timer
 * begins a look, and a worker ends it.
 */
final class Looks {

	static final Duration TIMEOUT = Duration.ofMillis(500);

	// The driver may have to be loaded, and to connect, for the first calls
	private static final Duration FIRST_TIMEOUT = Duration.ofSeconds(3);

	private static final int FIRST_LOOKS = 2;

	private final long quarter;

	private volatile boolean underWay;

	private volatile long since;

	private volatile int answers;

	private long nextTick;

	private boolean wasDue;

	Looks(Duration interval) {
		this.quarter = interval.toNanos() / 4;
	}

	// Begin a look if it is time: in every quarter of an interval, and once a poll is due
	boolean begin(boolean first, boolean due, long now) {
		boolean time = now - this.since >= this.quarter || (due && !this.wasDue);
		if (!first && (this.underWay || !time)) {
			return false;
		}
		this.wasDue = due;
		this.underWay = true;
		this.since = now;
		return true;
	}

	// Count from now, as something else had to come first
	void restart(long now) {
		this.since = now;
	}

	boolean isOverdue(long now) {
		if (this.underWay && now - this.nextTick >= getTimeout().toNanos()) {
			// The process was paused: the answer may be there already
			restart(now);
		}
		return this.underWay && now - this.since >= getTimeout().toNanos();
	}

	// The store has answered. Return whether it did in time
	boolean answered(long now) {
		boolean inTime = now - this.since < getTimeout().toNanos();
		this.answers = Math.min(this.answers + 1, FIRST_LOOKS);
		return inTime;
	}

	void end() {
		this.underWay = false;
	}

	Duration getTimeout() {
		return (this.answers < FIRST_LOOKS) ? FIRST_TIMEOUT : TIMEOUT;
	}

	Duration untilNextTick(long now, long... waits) {
		long own = this.since + (this.underWay ? getTimeout().toNanos() : this.quarter) - now;
		long wait = LongStream.concat(LongStream.of(own), LongStream.of(waits))
			.filter((nanos) -> nanos > 0)
			.reduce(this.quarter, Math::min);
		this.nextTick = now + wait;
		return Duration.ofNanos(wait);
	}

}

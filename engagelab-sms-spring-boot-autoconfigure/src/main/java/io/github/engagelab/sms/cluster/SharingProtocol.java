package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.function.LongSupplier;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.monitor.SharedAccount;
import io.github.engagelab.sms.monitor.SharedResult;
import org.jspecify.annotations.Nullable;

/**
 * How a replica shares an account: it looks at what the store holds, adopts what is new,
 * takes its turn to ask the provider if nobody else does, and writes what that brings.
 * Whatever calls the store runs on the one worker of the cluster.
 */
final class SharingProtocol {

	private static final int MAX_ATTEMPTS = 3;

	private final SmsBalanceStore store;

	private final SharedAccount account;

	private final long interval;

	private final LongSupplier nanoTime;

	private final String id = randomId();

	private volatile Seen seen;

	// When this replica took its last turn
	private volatile long turnAt;

	SharingProtocol(SmsBalanceStore store, SharedAccount account, Duration interval, LongSupplier nanoTime) {
		this.store = store;
		this.account = account;
		this.interval = interval.toNanos();
		this.nanoTime = nanoTime;
		this.seen = new Seen(null, null, null, nanoTime.getAsLong(), null, null);
	}

	// Look, and adopt what is new. Return why this replica has to poll alone, or null
	@Nullable String look(String whose) {
		Seen before = this.seen;
		long startedAt = this.nanoTime.getAsLong();
		String text = this.store.get(this.account.getAccount());
		long now = this.nanoTime.getAsLong();
		if (before.lookedAt() != null && Objects.equals(text, before.text())) {
			this.seen = before.still(startedAt);
		}
		else {
			SharedReading reading = (text != null) ? SharedReading.parse(text) : null;
			this.seen = before.next(text, reading, startedAt, now);
			Long balanceAt = this.seen.balanceAt();
			if (reading != null && reading.of() > 0 && balanceAt != null && before.isNew(reading)
					&& reading.whose().equals(whose)) {
				long askedAt = ((reading.failure() != null) ? Objects.requireNonNull(before.lookedAt()) : balanceAt)
						- Duration.ofMillis(reading.took()).toNanos();
				this.account.adopt(reading.balance(), balanceAt, reading.exception(this.account.getAccount()), askedAt);
			}
		}
		return reasonToPollAlone(whose, now);
	}

	private @Nullable String reasonToPollAlone(String whose, long now) {
		SharedReading reading = this.seen.reading();
		if (reading == null) {
			return (this.seen.text() != null) ? "the store holds a text that this version cannot read" : null;
		}
		// Nobody else's, or abandoned
		boolean mine = reading.whose().equals(whose) || isWriter(reading)
				|| now - this.seen.changedAt() >= 3 * this.interval;
		return mine ? null : "other instances use another dev-key or base-url under this name";
	}

	// In nanoseconds until this replica has to ask the provider, as it looks now
	long untilDue(boolean alone) {
		Duration refreshed = this.account.getTimeSinceRefresh();
		long age = (refreshed != null) ? refreshed.toNanos() : Long.MAX_VALUE;
		long wait = alone ? this.interval / 8 * 7 - age : untilTurn(age, this.nanoTime.getAsLong());
		return Math.max(wait, this.account.getRetryAfter().toNanos());
	}

	// In nanoseconds until this replica has to ask, whatever the others and the store do
	long untilLate() {
		Duration refreshed = this.account.getTimeSinceRefresh();
		if (refreshed == null) {
			return this.interval;
		}
		// Where a pause ends, one asks for all
		return Math.max(this.interval / 4 * 7 - refreshed.toNanos(),
				this.account.getRetryAfter().toNanos() + this.interval / 4 * 3);
	}

	private long untilTurn(long age, long now) {
		SharedReading reading = (this.seen.reading() != null) ? this.seen.reading() : this.seen.newest();
		long unchanged = now - this.seen.changedAt();
		long patience = this.interval / 5 * 6;
		if (reading == null) {
			return Math.min(patience - unchanged, patience - age);
		}
		boolean failed = reading.failure() != null && !reading.isOpen();
		if (isWriter(reading)) {
			// After a failure the others come first, whom it may not concern
			return (failed ? patience : this.interval) - (now - this.turnAt);
		}
		if (reading.isOpen()) {
			return Math.min(patience - unchanged, Math.max(this.interval / 2 - unchanged, patience - age));
		}
		long pause = Duration.ofMillis(reading.pause()).toNanos();
		return Math.max(pause - unchanged,
				(age == Long.MAX_VALUE) ? 0 : (failed ? this.interval : patience) - unchanged);
	}

	// Return whether it is this replica's turn to ask the provider
	boolean takeTurn(String whose, Instant wallTime) {
		long now = this.nanoTime.getAsLong();
		SharedReading reading = this.seen.reading();
		Long balanceAt = this.seen.balanceAt();
		SharedReading turn;
		if (this.seen.isLost() || (reading != null && !reading.whose().equals(whose))) {
			// What was announced is not known
			turn = SharedReading.first(nextChain(wallTime), null, this.id, whose);
		}
		else if (reading == null) {
			turn = SharedReading.first(nextChain(wallTime), SmsAccountState.UNKNOWN, this.id, whose);
		}
		else {
			turn = reading.taken(this.id, (balanceAt != null) ? Duration.ofNanos(now - balanceAt) : null);
		}
		boolean taken = replace(this.seen.text(), turn, now, balanceAt);
		if (taken) {
			this.turnAt = now;
		}
		return taken;
	}

	// Share a result, unless another one has been shared since it was asked for
	void share(SharedResult result, SharedReading base) {
		for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
			String text = this.store.get(this.account.getAccount());
			SharedReading current = (text != null) ? SharedReading.parse(text) : null;
			if (current == null || !current.hasResultOf(base) || !current.whose().equals(base.whose())) {
				return;
			}
			long now = this.nanoTime.getAsLong();
			if (!isWriter(current) || !current.isOpen()) {
				this.turnAt = now - result.took().toNanos();
			}
			SharedReading next = current.brought(this.id, result, Duration.ofNanos(now - result.balanceAt()));
			if (replace(text, next, now, result.balanceAt())) {
				this.account.shared((current.state() != next.state()) ? current.state() : null, result.status());
				return;
			}
		}
	}

	@Nullable SharedReading reading() {
		return this.seen.reading();
	}

	// Return what a result may follow on
	@Nullable SharedReading base() {
		return this.seen.isLost() ? null : this.seen.reading();
	}

	boolean isAsker() {
		SharedReading reading = this.seen.reading();
		return reading != null && isWriter(reading);
	}

	private boolean isWriter(SharedReading reading) {
		return reading.writer().equals(this.id);
	}

	private boolean replace(@Nullable String expected, SharedReading next, long now, @Nullable Long balanceAt) {
		String text = next.format();
		String name = this.account.getAccount();
		// What a driver repeats after a reconnect has been written by its first try
		boolean replaced = this.store.replace(name, expected, text) || text.equals(this.store.get(name));
		if (replaced) {
			this.seen = new Seen(text, next, this.seen.isNew(next) ? next : this.seen.newest(), now, now, balanceAt);
		}
		return replaced;
	}

	// Clocks do not decide: a replica goes on from the chain that it knows, and only one
	// that has just started knows none
	private long nextChain(Instant wallTime) {
		SharedReading newest = this.seen.newest();
		return Math.max(wallTime.toEpochMilli(), (newest != null) ? newest.chain() + 1 : 0);
	}

	private static String randomId() {
		return UUID.randomUUID().toString().substring(0, 8);
	}

}

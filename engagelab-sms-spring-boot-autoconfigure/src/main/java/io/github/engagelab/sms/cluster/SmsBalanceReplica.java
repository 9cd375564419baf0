package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.github.engagelab.sms.monitor.SharedAccount;
import io.github.engagelab.sms.monitor.SharedResult;
import io.github.engagelab.sms.monitor.SmsBalanceTurn;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The part of this replica in polling an account together with others: when to look at
 * the store, and polling alone while that is impossible. Public for technical reasons
 * only.
 */
public final class SmsBalanceReplica implements SmsBalanceTurn {

	private final SmsBalanceCluster cluster;

	private final SharedAccount account;

	private final SharingProtocol protocol;

	private final AccountIdentity identity;

	private final Looks looks;

	private volatile boolean running;

	private volatile @Nullable Alone alone;

	// Whether the last attempt to write has failed: reading proves nothing then
	private volatile boolean readOnly;

	SmsBalanceReplica(SmsBalanceCluster cluster, SharedAccount account, Supplier<Mono<String>> identity) {
		this.cluster = cluster;
		this.account = account;
		this.protocol = new SharingProtocol(cluster.store(), account, cluster.interval(), cluster::nanoTime);
		this.identity = new AccountIdentity(identity);
		this.looks = new Looks(cluster.interval());
	}

	// Return who polls: self, other or alone
	@Override
	public String getPolledBy() {
		return (this.alone != null) ? "alone" : this.protocol.isAsker() ? "self" : "other";
	}

	// Return how long it takes until this replica polls, unless another one does
	@Override
	public Duration getDelay() {
		return Duration.ofNanos(Math.max(0, untilDue()));
	}

	// Do what is due, and return when to do so again. Called by the timer
	@Override
	public Duration tick() {
		long now = this.cluster.nanoTime();
		if (this.looks.begin(!this.running, untilDue() <= 0, now)) {
			this.running = true;
			this.cluster.executeApart(this::begin);
		}
		else if (this.looks.isOverdue(now) && this.alone == null) {
			this.alone = (this.identity.getLast() != null) ? Alone.ofTimeout(this.looks.getTimeout())
					: Alone.UNIDENTIFIED;
		}
		if (this.alone != null && untilDue() <= 0) {
			this.cluster.executeApart(this::pollAlone);
		}
		else if (this.protocol.untilLate() <= 0) {
			this.account.poll();
		}
		return this.looks.untilNextTick(now, untilDue(), this.protocol.untilLate());
	}

	@Override
	public void stop() {
		this.running = false;
	}

	// Return what shares the result of a refresh that begins now, or null if there is no
	// way to
	@Override
	public @Nullable Consumer<SharedResult> started() {
		SharedReading base = this.protocol.base();
		if (base == null || this.alone != null || !base.whose().equals(this.identity.getLast())) {
			return null;
		}
		return (result) -> {
			if (this.alone == null && !result.isOfThisReplica()) {
				this.cluster.execute(() -> write(() -> this.protocol.share(result, base)));
			}
		};
	}

	private void begin() {
		String known = this.identity.getLast();
		if (known != null) {
			this.cluster.execute(() -> look(known));
		}
		else {
			identify((current) -> this.cluster.execute(() -> look(current)));
		}
	}

	private void identify(Consumer<String> next) {
		this.identity.ask((current) -> {
			this.looks.restart(this.cluster.nanoTime());
			next.accept(current);
		}, () -> {
			this.looks.end();
			this.alone = Alone.UNIDENTIFIED;
		});
	}

	private void look(String identity) {
		try {
			SharedReading before = this.protocol.reading();
			String cause = this.protocol.look(identity);
			boolean inTime = this.looks.answered(this.cluster.nanoTime());
			this.readOnly = this.readOnly && Objects.equals(before, this.protocol.reading());
			if (cause != null) {
				goAloneUnlessChanged(identity, cause);
			}
			else if (!inTime) {
				this.alone = Alone.ofTimeout(this.looks.getTimeout());
			}
			else {
				if (!this.readOnly) {
					rejoin();
				}
				if (isDue()) {
					identify((current) -> this.cluster.execute(() -> write(() -> takeTurn(current))));
				}
			}
		}
		catch (Throwable ex) {
			this.alone = Alone.of(ex);
		}
		finally {
			this.looks.end();
		}
		if (this.alone != null && untilDue() <= 0) {
			pollAlone();
		}
	}

	// The credentials of all replicas may have changed
	private void goAloneUnlessChanged(String identity, String cause) {
		identify((current) -> {
			if (current.equals(identity)) {
				this.alone = new Alone(cause, false);
			}
			else {
				this.cluster.execute(() -> look(current));
			}
		});
	}

	private void takeTurn(String identity) {
		if (this.running && isDue()) {
			boolean taken = this.protocol.takeTurn(identity, this.cluster.now());
			this.readOnly = false;
			if (taken) {
				rejoin();
				this.account.poll();
			}
		}
	}

	private void write(Runnable task) {
		try {
			task.run();
		}
		catch (Throwable ex) {
			this.readOnly = true;
			this.alone = Alone.of(ex);
		}
	}

	private void rejoin() {
		this.alone = null;
		this.cluster.rejoined(this.account.getAccount());
	}

	private boolean isDue() {
		return this.protocol.untilDue(false) <= 0 && !this.account.isRefreshing();
	}

	private long untilDue() {
		return this.protocol.untilDue(this.alone != null);
	}

	private void pollAlone() {
		Alone current = this.alone;
		if (current != null) {
			// Only now: one call that fails does not matter
			this.cluster.warn(this.account.getAccount(), current);
			this.account.poll();
		}
	}

}

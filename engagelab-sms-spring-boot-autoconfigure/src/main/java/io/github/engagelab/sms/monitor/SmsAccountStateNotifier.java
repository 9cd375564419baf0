package io.github.engagelab.sms.monitor;

import java.math.BigDecimal;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Notifies of an account's changes of state, once each: by a log line and by an event.
 */
final class SmsAccountStateNotifier {

	private static final Log logger = LogFactory.getLog(SmsAccountStateNotifier.class);

	private final Executor workers;

	private final Consumer<SmsAccountStateChangedEvent> publisher;

	// Whether replicas publish a change by #publish, one for all
	private final boolean shared;

	private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	// The last one to notify of: the next one waits for it, without a thread
	private CompletableFuture<?> last = CompletableFuture.completedFuture(null);

	private final Set<SmsBalanceFailure> loggedFailures = EnumSet.noneOf(SmsBalanceFailure.class);

	private SmsAccountState lastNotified = SmsAccountState.UNKNOWN;

	private volatile boolean notifiesOfRefreshes = true;

	private volatile boolean notifiesOfExpiry;

	SmsAccountStateNotifier(Executor workers, Consumer<SmsAccountStateChangedEvent> publisher, boolean shared) {
		this.workers = workers;
		this.publisher = publisher;
		this.shared = shared;
	}

	void addListener(Runnable listener) {
		this.listeners.add(listener);
	}

	// Set what to notify of: expiry is no news if nobody polls, and nothing is once
	// stopped
	void notifyOf(boolean refreshes, boolean expiry) {
		this.notifiesOfRefreshes = refreshes;
		this.notifiesOfExpiry = expiry;
	}

	// Notify on a worker, in the order of the calls
	void add(SmsAccountStatus status, @Nullable SmsBalanceException failure, boolean fresh, boolean refreshed) {
		var unused = then(() -> {
			this.listeners.forEach(this::run);
			if (refreshed && failure != null) {
				logger.debug("A refresh has failed", failure);
			}
			if (refreshed ? this.notifiesOfRefreshes : this.notifiesOfExpiry) {
				notifyOfState(status, failure, fresh);
			}
		});
	}

	// Run a task after what is to be notified of, whatever came of that
	synchronized CompletableFuture<?> then(Runnable task) {
		this.last = this.last.handleAsync((result, ex) -> {
			task.run();
			return null;
		}, this.workers);
		return this.last;
	}

	void publish(SmsAccountState previous, SmsAccountStatus status) {
		this.publisher.accept(new SmsAccountStateChangedEvent(status.account(), previous, status.state(),
				status.snapshot(), status.failure()));
	}

	private void run(Runnable listener) {
		try {
			listener.run();
		}
		catch (Throwable ex) {
			logger.warn("Monitoring of an EngageLab SMS account continues after an error", ex);
		}
	}

	private void notifyOfState(SmsAccountStatus status, @Nullable SmsBalanceException failure, boolean fresh) {
		if (failure == null) {
			this.loggedFailures.clear();
		}
		boolean newFailure = failure != null && this.loggedFailures.add(failure.getFailure());
		SmsAccountState previous = this.lastNotified;
		if (previous != status.state()) {
			this.lastNotified = status.state();
			// Before the line, which an appender may spoil
			if (!this.shared) {
				publish(previous, status);
			}
			log(severity(status.state()) < severity(previous), "EngageLab SMS account '%s' is %s, was %s: %s"
				.formatted(status.account(), status.state(), previous, describe(status, failure)));
		}
		else if (failure != null && newFailure && (!fresh || failure.getFailure().isRejection())) {
			log(false, "EngageLab SMS account '%s' is still %s: %s".formatted(status.account(), status.state(),
					describe(status, failure)));
		}
	}

	private static void log(boolean better, String line) {
		if (better) {
			logger.info(line);
		}
		else {
			logger.warn(line);
		}
	}

	private static String describe(SmsAccountStatus status, @Nullable SmsBalanceException failure) {
		SmsBalanceSnapshot snapshot = status.snapshot();
		String text = "no balance has been read yet";
		if (snapshot != null) {
			BigDecimal warning = (status.state() == SmsAccountState.WARNING) ? status.thresholds().warning() : null;
			text = "the total balance is %s (%s threshold %s), read at %s".formatted(
					snapshot.balance().totalBalance().toPlainString(), (warning != null) ? "warning" : "low",
					((warning != null) ? warning : status.thresholds().low()).toPlainString(), snapshot.readAt());
		}
		return (failure != null) ? text + "; " + failure.getMessage() : text;
	}

	private static int severity(SmsAccountState state) {
		return switch (state) {
			case OK -> 0;
			case UNKNOWN -> 1;
			case WARNING -> 2;
			case LOW, REJECTED, UNAVAILABLE -> 3;
		};
	}

}

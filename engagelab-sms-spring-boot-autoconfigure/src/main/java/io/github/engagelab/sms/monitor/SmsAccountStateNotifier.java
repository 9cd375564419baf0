package io.github.engagelab.sms.monitor;

import java.math.BigDecimal;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.client.BoundedExecutor;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

/**
 * Notifies of an account's changes of state, once each: by a log line and by an event.
 */
final class SmsAccountStateNotifier {

	private static final Log logger = LogFactory.getLog(SmsAccountStateNotifier.class);

	// Keeps what follows from refreshes in order, off the timer and outside of any lock
	private final BoundedExecutor executor;

	private final Consumer<SmsAccountStateChangedEvent> publisher;

	// Whether one of several replicas publishes a change, by #publish
	private final boolean shared;

	private final List<Runnable> listeners = new CopyOnWriteArrayList<>();

	private final Set<SmsBalanceFailure> loggedFailures = EnumSet.noneOf(SmsBalanceFailure.class);

	private SmsAccountState lastNotified = SmsAccountState.UNKNOWN;

	private volatile Mode mode = Mode.ON_DEMAND;

	SmsAccountStateNotifier(EngageLabSmsThreads threads, Consumer<SmsAccountStateChangedEvent> publisher,
			boolean shared) {
		this.executor = new BoundedExecutor(threads, 1);
		this.publisher = publisher;
		this.shared = shared;
	}

	void addListener(Runnable listener) {
		this.listeners.add(listener);
	}

	void setMode(Mode mode) {
		this.mode = mode;
	}

	// Add a reading to notify of. To be called under a lock that keeps readings in order
	void add(Reading reading, SmsAccountStatus status, boolean fresh, @Nullable SmsBalanceRead read,
			@Nullable Runnable share) {
		this.executor.add(() -> {
			try {
				this.listeners.forEach(this::run);
				if (read != null && reading.failure() != null) {
					logger.debug("A refresh has failed", reading.failure());
				}
				if (this.mode == Mode.POLLED || (this.mode == Mode.ON_DEMAND && read != null)) {
					notifyListeners(status, reading.failure(), fresh);
				}
			}
			finally {
				if (read != null) {
					read.complete(reading);
				}
				if (share != null && this.mode == Mode.POLLED) {
					share.run();
				}
			}
		});
	}

	void notifyListeners() {
		this.executor.start();
	}

	void execute(Runnable task) {
		this.executor.execute(task);
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

	private void notifyListeners(SmsAccountStatus status, @Nullable SmsBalanceException failure, boolean fresh) {
		if (failure == null) {
			this.loggedFailures.clear();
		}
		boolean newFailure = failure != null && this.loggedFailures.add(failure.getFailure());
		SmsAccountState previous = this.lastNotified;
		if (previous != status.state()) {
			this.lastNotified = status.state();
			log(severity(status.state()) < severity(previous), "EngageLab SMS account '%s' is %s, was %s: %s"
				.formatted(status.account(), status.state(), previous, describe(status, failure)));
			if (!this.shared) {
				publish(previous, status);
			}
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
		StringBuilder text = new StringBuilder();
		SmsBalanceSnapshot snapshot = status.snapshot();
		BigDecimal warning = status.thresholds().warning();
		if (snapshot != null) {
			text.append("the total balance is ").append(snapshot.balance().totalBalance().toPlainString());
			if (status.state() == SmsAccountState.WARNING && warning != null) {
				text.append(" (warning threshold ").append(warning.toPlainString());
			}
			else {
				text.append(" (low threshold ").append(status.thresholds().low().toPlainString());
			}
			text.append("), read at ").append(snapshot.readAt());
		}
		else {
			text.append("no balance has been read yet");
		}
		if (failure != null) {
			text.append("; ").append(failure.getMessage());
		}
		return text.toString();
	}

	private static int severity(SmsAccountState state) {
		return switch (state) {
			case OK -> 0;
			case UNKNOWN -> 1;
			case WARNING -> 2;
			case LOW, REJECTED, UNAVAILABLE -> 3;
		};
	}

	/**
	 * Which changes are announced.
	 */
	enum Mode {

		// What a refresh brings
		ON_DEMAND,

		// What a refresh brings, and expiry
		POLLED,

		// Nothing
		PAUSED

	}

}

package io.github.engagelab.sms.monitor;

import java.util.EnumSet;
import java.util.Set;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import reactor.core.scheduler.Scheduler;

import org.springframework.context.ApplicationEventPublisher;

/**
 * Says every change of an account's state once: in one log line and by one event.
 */
final class SmsAccountStateAnnouncer implements SmsBalanceMonitorListener {

	private static final Log logger = LogFactory.getLog(SmsAccountStateAnnouncer.class);

	private final ApplicationEventPublisher publisher;

	private final Scheduler events;

	private final Set<SmsBalanceFailure> said = EnumSet.noneOf(SmsBalanceFailure.class);

	/**
	 * Create an announcer for one account.
	 * @param publisher where events go
	 * @param events the one thread that publishes them, so that a slow listener holds up
	 * nothing but further events
	 */
	SmsAccountStateAnnouncer(ApplicationEventPublisher publisher, Scheduler events) {
		this.publisher = publisher;
		this.events = events;
	}

	@Override
	public void refreshed(SmsAccountStatus previous, SmsAccountStatus current) {
		announce(previous, current);
		if (current.lastFailure() != null) {
			logger.debug("The balance could not be read", current.lastFailure());
		}
	}

	@Override
	public void expired(SmsAccountStatus previous, SmsAccountStatus current) {
		announce(previous, current);
	}

	private void announce(SmsAccountStatus previous, SmsAccountStatus current) {
		SmsBalanceFailure failure = current.failure();
		if (failure == null) {
			this.said.clear();
		}
		boolean news = failure != null && this.said.add(failure);
		if (previous.state() != current.state()) {
			log(isBetter(previous.state(), current.state()), "EngageLab SMS account '%s' is %s, was %s: %s"
				.formatted(current.account(), current.state(), previous.state(), describe(current)));
			publish(new SmsAccountStateChangedEvent(current.account(), previous.state(), current.state(),
					current.snapshot(), failure));
		}
		else if (news && !current.fresh()) {
			log(false, "EngageLab SMS account '%s' is still %s: %s".formatted(current.account(), current.state(),
					describe(current)));
		}
	}

	private void log(boolean better, String line) {
		if (better) {
			logger.info(line);
		}
		else {
			logger.warn(line);
		}
	}

	private void publish(SmsAccountStateChangedEvent event) {
		this.events.schedule(() -> {
			try {
				this.publisher.publishEvent(event);
			}
			catch (RuntimeException ex) {
				logger.warn("A listener to the state of EngageLab SMS account '" + event.account() + "' failed", ex);
			}
		});
	}

	private static String describe(SmsAccountStatus status) {
		StringBuilder text = new StringBuilder();
		SmsBalanceSnapshot snapshot = status.snapshot();
		if (snapshot != null) {
			text.append("the total balance is ")
				.append(snapshot.balance().totalBalance().toPlainString())
				.append(" (low threshold ")
				.append(status.thresholds().low().toPlainString())
				.append("), read at ")
				.append(snapshot.readAt());
		}
		else {
			text.append("no balance has been read yet");
		}
		if (status.lastFailure() != null) {
			text.append("; ").append(status.lastFailure().getMessage());
		}
		return text.toString();
	}

	private static boolean isBetter(SmsAccountState previous, SmsAccountState current) {
		return severity(current) < severity(previous);
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

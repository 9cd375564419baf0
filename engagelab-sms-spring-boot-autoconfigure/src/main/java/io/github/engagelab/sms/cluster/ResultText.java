package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.monitor.SharedResult;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import org.jspecify.annotations.Nullable;

/**
 * The text of a result in Redis: the replica that publishes it, the balance and its age,
 * how long the refresh took, the pause that follows, and the failure. Without credentials
 * and without text of the provider.
 */
final class ResultText {

	private static final int FIELDS = 10;

	// What still can be added to a time in nanoseconds
	private static final long MAX_MILLIS = Duration.ofDays(10_000).toMillis();

	private ResultText() {
	}

	// Return whether a result concerns other replicas, which may have what is missing
	// here
	static boolean concernsOthers(SharedResult result) {
		return result.failure() == null || switch (result.failure().getFailure()) {
			case CREDENTIALS_UNAVAILABLE, NOT_CONFIGURED, DISABLED -> false;
			default -> true;
		};
	}

	// Return the state that a result leads to, null after a failure that says nothing of
	// the balance
	static @Nullable SmsAccountState state(SharedResult result) {
		SmsAccountState state = result.status().state();
		return (result.failure() == null || state == SmsAccountState.REJECTED || state == SmsAccountState.UNAVAILABLE)
				? state : null;
	}

	static String format(SharedResult result, String replica, Duration took, long now) {
		SmsBalance balance = (result.status().snapshot() != null) ? result.status().snapshot().balance() : null;
		SmsBalanceException failure = result.failure();
		return Stream
			.of(replica,
					(balance != null) ? "%d;%d;%d".formatted(balance.balance10000(), balance.giftBalance10000(),
							balance.totalBalance10000()) : ";;",
					Duration.ofNanos(now - result.balanceAt()).toMillis(), took.toMillis(),
					Math.max(0, result.pause().toMillis()), (failure != null) ? failure.getFailure() : "",
					(failure != null && failure.getStatus() != null) ? failure.getStatus() : "",
					(failure != null && failure.getCode() != null) ? failure.getCode() : "")
			.map(Object::toString)
			.collect(Collectors.joining(";"));
	}

	// Let a monitor adopt what another replica has published at a monotonic time, unless
	// that was so long ago that nobody polls any more
	static void adopt(String text, Duration age, long publishedAt, Duration interval, SmsBalanceMonitor monitor) {
		String[] fields = text.split(";", -1);
		if (fields.length != FIELDS) {
			throw new IllegalArgumentException("Redis holds a result that this version cannot read");
		}
		SmsBalance balance = fields[1].isEmpty() ? null
				: new SmsBalance(Long.parseLong(fields[1]), Long.parseLong(fields[2]), Long.parseLong(fields[3]));
		long balanceAt = publishedAt - millis(fields[4]).toNanos();
		long askedAt = publishedAt - millis(fields[5]).toNanos();
		Duration pause = millis(fields[6]);
		SmsBalanceException failure = fields[7].isEmpty() ? null
				: failure(monitor.getAccount(), SmsBalanceFailure.valueOf(fields[7]), fields[8], fields[9], pause);
		if (age.compareTo(interval.multipliedBy(2).plus(pause)) <= 0) {
			monitor.adopt(balance, balanceAt, failure, askedAt, publishedAt);
		}
	}

	private static SmsBalanceException failure(String account, SmsBalanceFailure failure, String status, String code,
			Duration pause) {
		if (status.isEmpty()) {
			return new SmsBalanceException(account, failure, null);
		}
		return new SmsBalanceException(account, failure, Integer.parseInt(status),
				code.isEmpty() ? null : Integer.valueOf(code), null, pause.isZero() ? null : pause);
	}

	private static Duration millis(String field) {
		long value = Long.parseLong(field);
		if (value < 0 || value > MAX_MILLIS) {
			throw new NumberFormatException("For input string: \"%d\"".formatted(value));
		}
		return Duration.ofMillis(value);
	}

}

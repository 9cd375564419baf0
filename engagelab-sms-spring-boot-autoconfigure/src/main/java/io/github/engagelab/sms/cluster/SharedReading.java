package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import io.github.engagelab.sms.monitor.SharedResult;
import org.jspecify.annotations.Nullable;

/**
 * What replicas share of an account: the result of the newest refresh, the state that
 * follows from it, and which replica asks next. It holds ages, as no two clocks are
 * compared: a reader adds the time since it saw the text change.
 *
 * @param chain a number of the texts that follow one another, higher for those that begin
 * after the store has lost what it held
 * @param turn the number of the turn to ask that was taken last
 * @param of the turn that has brought the result, 0 if there is none
 * @param writer a random id of the replica that wrote this
 * @param whose a short hash of base URL and dev-key
 * @param pause how long the provider asked to wait, in milliseconds
 * @param state the state, {@code null} if it is unknown what was announced last
 * @param balance the newest balance or {@code null}
 * @param age how old the balance is, in milliseconds
 * @param took how long the refresh that brought the result took, in milliseconds
 * @param failure why that refresh failed, {@code null} if it succeeded
 * @param status the HTTP status of a failure or {@code null}
 * @param code the provider's code of a failure or {@code null}
 */
record SharedReading(long chain, long turn, long of, String writer, String whose, long pause,
		@Nullable SmsAccountState state, @Nullable SmsBalance balance, long age, long took,
		@Nullable SmsBalanceFailure failure, @Nullable Integer status, @Nullable Integer code) {

	private static final String VERSION = "1";

	private static final int FIELDS = 16;

	// What still can be added to a time in nanoseconds
	private static final long MAX_MILLIS = Duration.ofDays(10_000).toMillis();

	static final int MAX_LENGTH = 400;

	// Far more than there can be, and far from what overflows
	private static final long MAX_NUMBER = 1L << 53;

	static @Nullable SharedReading parse(String text) {
		String[] fields = (text.length() <= MAX_LENGTH) ? text.split(";", -1) : new String[0];
		if (fields.length != FIELDS || !fields[0].equals(VERSION)) {
			return null;
		}
		try {
			return new SharedReading(number(fields[1]), number(fields[2]), number(fields[3]), fields[4], fields[5],
					millis(fields[6]), fields[7].isEmpty() ? null : SmsAccountState.valueOf(fields[7]),
					fields[8].isEmpty() ? null
							: new SmsBalance(Long.parseLong(fields[8]), Long.parseLong(fields[9]),
									Long.parseLong(fields[10])),
					millis(fields[11]), millis(fields[12]),
					fields[13].isEmpty() ? null : SmsBalanceFailure.valueOf(fields[13]), integer(fields[14]),
					integer(fields[15]));
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
	}

	String format() {
		SmsBalance known = this.balance;
		String amounts = (known != null)
				? "%d;%d;%d".formatted(known.balance10000(), known.giftBalance10000(), known.totalBalance10000())
				: ";;";
		return Stream
			.of(VERSION, this.chain, this.turn, this.of, this.writer, this.whose, this.pause, text(this.state), amounts,
					this.age, this.took, text(this.failure), text(this.status), text(this.code))
			.map(Object::toString)
			.collect(Collectors.joining(";"));
	}

	// The first text of a chain
	static SharedReading first(long chain, @Nullable SmsAccountState state, String writer, String whose) {
		return new SharedReading(chain, 1, 0, writer, whose, 0, state, null, 0, 0, null, null, null);
	}

	// Without the balance if it is not known how old that is
	SharedReading taken(String writer, @Nullable Duration age) {
		return new SharedReading(this.chain, this.turn + 1, this.of, writer, this.whose, 0, this.state,
				(age != null) ? this.balance : null, (age != null) ? age.toMillis() : 0, this.took, this.failure,
				this.status, this.code);
	}

	SharedReading brought(String writer, SharedResult result, Duration age) {
		long of = isOpen() ? this.turn : this.turn + 1;
		SmsBalanceSnapshot snapshot = result.status().snapshot();
		SmsBalanceException failure = result.failure();
		return new SharedReading(this.chain, of, of, writer, this.whose, Math.max(0, result.pause().toMillis()),
				result.changesState() ? result.status().state() : this.state,
				(snapshot != null) ? snapshot.balance() : null, age.toMillis(), result.took().toMillis(),
				(failure != null) ? failure.getFailure() : null, (failure != null) ? failure.getStatus() : null,
				(failure != null) ? failure.getCode() : null);
	}

	// Return whether somebody is asking
	boolean isOpen() {
		return this.turn > this.of;
	}

	boolean hasResultOf(SharedReading other) {
		return this.chain == other.chain && this.of == other.of;
	}

	// Return whether the other one is newer: a store that fails over may fall behind
	boolean isBehind(SharedReading other) {
		return this.chain < other.chain || (this.chain == other.chain && this.of < other.of);
	}

	@Nullable SmsBalanceException exception(String account) {
		if (this.failure == null) {
			return null;
		}
		return (this.status != null)
				? new SmsBalanceException(account, this.failure, this.status, this.code, null,
						(this.pause > 0) ? Duration.ofMillis(this.pause) : null)
				: new SmsBalanceException(account, this.failure, null);
	}

	private static String text(@Nullable Object value) {
		return (value != null) ? value.toString() : "";
	}

	private static long number(String field) {
		long value = Long.parseLong(field);
		if (value < 0 || value > MAX_NUMBER) {
			throw new NumberFormatException(field);
		}
		return value;
	}

	private static long millis(String field) {
		long value = number(field);
		if (value > MAX_MILLIS) {
			throw new NumberFormatException(field);
		}
		return value;
	}

	private static @Nullable Integer integer(String field) {
		return field.isEmpty() ? null : Integer.valueOf(field);
	}

}

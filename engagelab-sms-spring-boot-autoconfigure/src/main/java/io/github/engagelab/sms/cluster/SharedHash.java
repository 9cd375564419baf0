package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.monitor.SharedResult;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import org.jspecify.annotations.Nullable;

import org.springframework.core.io.ClassPathResource;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.util.Assert;

/**
 * What replicas share in Redis: a hash for each account, which two scripts read and
 * write, with a result as a text that holds no credentials and no text of the provider.
 * Calls block, and throw as the driver does. Public for technical reasons only.
 */
@SuppressWarnings("rawtypes")
public class SharedHash {

	static final RedisScript<List> CLAIM = RedisScript.of(new ClassPathResource("claim.lua", SharedHash.class),
			List.class);

	static final RedisScript<List> PUBLISH = RedisScript.of(new ClassPathResource("publish.lua", SharedHash.class),
			List.class);

	// The number is that of the format: replicas of another one share among themselves
	private static final String PREFIX = "engagelab-sms:1:";

	private final StringRedisTemplate redisTemplate;

	private final String name;

	final Duration interval;

	private final String expiry;

	public SharedHash(RedisConnectionFactory connectionFactory, String name, Duration interval) {
		this.redisTemplate = new StringRedisTemplate(connectionFactory);
		this.name = name;
		this.interval = interval;
		this.expiry = String.valueOf(Math.max(Duration.ofDays(1).toMillis(), 3 * interval.toMillis()));
	}

	String key(String account, String identity) {
		return PREFIX + this.name + ":" + account + ":" + identity;
	}

	Claim claim(String key, String replica, long interval, boolean wanted) {
		List<?> reply = run(CLAIM, key, replica, String.valueOf(interval / 1_000_000), String.valueOf(wanted),
				this.expiry);
		return new Claim((Long) reply.get(0) == 1, (Long) reply.get(1) == 1, (Long) reply.get(2), (Long) reply.get(3),
				(Long) reply.get(4), (Long) reply.get(5), state(reply, 6), (String) reply.get(7));
	}

	// Return null if there is a newer result
	@Nullable Published publish(String key, String poller, Duration took, long seen, SmsAccountState known,
			@Nullable SmsAccountState state, String result, long sentAt) {
		List<?> reply = run(PUBLISH, key, poller, String.valueOf(took.toMillis()), String.valueOf(seen), known.name(),
				(state != null) ? state.name() : "", result, String.valueOf(sentAt), this.expiry);
		return reply.isEmpty() ? null
				: new Published((Long) reply.get(0), Objects.requireNonNullElse(state(reply, 1), known));
	}

	// Return whether others are concerned, who may have what is missing here
	static boolean concernsOthers(SharedResult result) {
		return result.failure() == null || switch (result.failure().getFailure()) {
			case CREDENTIALS_UNAVAILABLE, NOT_CONFIGURED, DISABLED -> false;
			default -> true;
		};
	}

	// Return null after a failure that says nothing of the balance
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
					(now - result.balanceAt()) / 1_000_000, took.toMillis(), Math.max(0, result.pause().toMillis()),
					(failure != null) ? failure.getFailure() : "",
					(failure != null && failure.getStatus() != null) ? failure.getStatus() : "",
					(failure != null && failure.getCode() != null) ? failure.getCode() : "")
			.map(Object::toString)
			.collect(Collectors.joining(";"));
	}

	// Let a monitor adopt a result of some age, unless nobody polls any more
	static void adopt(String text, long age, long now, long interval, SmsBalanceMonitor monitor) {
		String[] fields = text.split(";", -1);
		Assert.isTrue(fields.length == 10, "Redis holds a result that this version cannot read");
		SmsBalance balance = fields[1].isEmpty() ? null
				: new SmsBalance(Long.parseLong(fields[1]), Long.parseLong(fields[2]), Long.parseLong(fields[3]));
		long balanceAt = now - age - nanos(fields[4]);
		long askedAt = now - age - nanos(fields[5]);
		long pause = nanos(fields[6]);
		SmsBalanceException failure = fields[7].isEmpty() ? null
				: failure(monitor.getAccount(), SmsBalanceFailure.valueOf(fields[7]), fields[8], fields[9], pause);
		if (age <= 2 * interval + pause) {
			monitor.adopt(balance, balanceAt, failure, askedAt, now - age);
		}
	}

	private static SmsBalanceException failure(String account, SmsBalanceFailure failure, String status, String code,
			long pause) {
		return status.isEmpty() ? new SmsBalanceException(account, failure, null)
				: new SmsBalanceException(account, failure, Integer.parseInt(status),
						code.isEmpty() ? null : Integer.valueOf(code), null,
						(pause > 0) ? Duration.ofNanos(pause) : null);
	}

	private static long nanos(String field) {
		long millis = Long.parseLong(field);
		Assert.isTrue(millis >= 0 && millis <= Duration.ofDays(10_000).toMillis(), "Redis holds a time that cannot be");
		return TimeUnit.MILLISECONDS.toNanos(millis);
	}

	private static @Nullable SmsAccountState state(List<?> reply, int index) {
		String text = (String) reply.get(index);
		return text.isEmpty() ? null : SmsAccountState.valueOf(text);
	}

	List<?> run(RedisScript<List> script, String key, String... arguments) {
		return Objects.requireNonNull(this.redisTemplate.execute(script, List.of(key), (Object[]) arguments));
	}

	/**
	 * The reply to a claim, with times in milliseconds.
	 */
	record Claim(boolean granted, boolean poller, long untilTurn, long version, long now, long age,
			@Nullable SmsAccountState state, String result) {
	}

	/**
	 * The reply to a result that was published: its version, and the state before.
	 */
	record Published(long version, SmsAccountState before) {
	}

}

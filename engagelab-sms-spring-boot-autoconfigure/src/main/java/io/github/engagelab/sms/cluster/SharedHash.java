package io.github.engagelab.sms.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

import io.github.engagelab.sms.SmsAccountState;
import org.jspecify.annotations.Nullable;

import org.springframework.core.io.ClassPathResource;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;

/**
 * The hashes in Redis that replicas share, one for each account, and the two scripts that
 * work on them. Calls may block, and throw what the driver does.
 */
@SuppressWarnings("rawtypes")
class SharedHash {

	static final RedisScript<List> CLAIM = script("claim.lua");

	static final RedisScript<List> PUBLISH = script("publish.lua");

	// The number is that of the format: replicas of another one share among themselves
	private static final String PREFIX = "engagelab-sms:1:";

	private static final Duration MIN_EXPIRY = Duration.ofDays(1);

	private final StringRedisTemplate redisTemplate;

	private final String name;

	private final String interval;

	private final String expiry;

	SharedHash(RedisConnectionFactory connectionFactory, String name, Duration interval) {
		this.redisTemplate = new StringRedisTemplate(connectionFactory);
		this.name = name;
		this.interval = String.valueOf(interval.toMillis());
		this.expiry = String.valueOf(Math.max(MIN_EXPIRY.toMillis(), 3 * interval.toMillis()));
	}

	String key(String account, String identity) {
		return PREFIX + this.name + ":" + account + ":" + identity;
	}

	Claim claim(String key, String replica, boolean wanted) {
		List<?> reply = run(CLAIM, key, replica, this.interval, String.valueOf(wanted), this.expiry);
		return new Claim(number(reply, 0) == 1, number(reply, 1) == 1, number(reply, 2), number(reply, 3),
				number(reply, 4), number(reply, 5), state(reply, 6), text(reply, 7));
	}

	// Return null if there is a newer result
	@Nullable Published publish(String key, String poller, Duration took, long seen, SmsAccountState known,
			@Nullable SmsAccountState state, String result, long sentAt) {
		List<?> reply = run(PUBLISH, key, poller, String.valueOf(took.toMillis()), String.valueOf(seen), known.name(),
				(state != null) ? state.name() : "", result, String.valueOf(sentAt), this.expiry);
		return reply.isEmpty() ? null
				: new Published(number(reply, 0), Objects.requireNonNullElse(state(reply, 1), known));
	}

	private static long number(List<?> reply, int index) {
		return ((Number) reply.get(index)).longValue();
	}

	private static @Nullable SmsAccountState state(List<?> reply, int index) {
		String text = text(reply, index);
		return text.isEmpty() ? null : SmsAccountState.valueOf(text);
	}

	private static String text(List<?> reply, int index) {
		return (String) reply.get(index);
	}

	List<?> run(RedisScript<List> script, String key, String... arguments) {
		return Objects.requireNonNull(this.redisTemplate.execute(script, List.of(key), (Object[]) arguments));
	}

	private static RedisScript<List> script(String file) {
		try {
			String text = new ClassPathResource(file, SharedHash.class).getContentAsString(StandardCharsets.UTF_8);
			return RedisScript.of(text, List.class);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/**
	 * The reply to a claim, with times in milliseconds.
	 *
	 * @param granted whether the replica is to poll now
	 * @param poller whether the replica is the one that polls
	 * @param untilTurn until its turn, zero or negative if that has begun
	 * @param version the version of the result, 0 if there is none
	 * @param now the time by the clock of Redis
	 * @param age how long ago the result was published, -1 if unknown
	 * @param state the state, or {@code null}
	 * @param result the result, or empty
	 */
	record Claim(boolean granted, boolean poller, long untilTurn, long version, long now, long age,
			@Nullable SmsAccountState state, String result) {
	}

	/**
	 * The reply to a result that was published.
	 *
	 * @param version the version it has
	 * @param before the state before
	 */
	record Published(long version, SmsAccountState before) {
	}

}

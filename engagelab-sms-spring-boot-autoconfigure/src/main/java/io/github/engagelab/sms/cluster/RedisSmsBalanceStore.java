package io.github.engagelab.sms.cluster;

import java.time.Duration;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.data.redis.core.script.RedisScript;
import org.springframework.util.Assert;
import org.springframework.util.StringUtils;

/**
 * {@link SmsBalanceStore} on the application's Redis, under the keys
 * <code>engagelab-sms:{name}:{account}</code>. Safe for use by many threads.
 *
 * @since 0.1.0
 */
public final class RedisSmsBalanceStore implements SmsBalanceStore {

	// Hygiene only: a text that nobody replaces any more
	private static final Duration TIME_TO_LIVE = Duration.ofDays(1);

	private static final RedisScript<Boolean> REPLACE = RedisScript.of("""
			if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
			redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
			return 1
			""", Boolean.class);

	private final StringRedisTemplate redisTemplate;

	private final String prefix;

	/**
	 * Create a store.
	 * @param connectionFactory the connection factory to use
	 * @param name the name shared by all replicas, and by no other application on the
	 * same Redis
	 */
	public RedisSmsBalanceStore(RedisConnectionFactory connectionFactory, String name) {
		Assert.hasText(name, "'name' must not be empty");
		this.redisTemplate = new StringRedisTemplate(connectionFactory);
		this.prefix = "engagelab-sms:" + name + ":";
	}

	@Override
	public @Nullable String get(String account) {
		// The key may hold something else, of any size: one character more than a valid
		// text tells
		String text = this.redisTemplate.opsForValue().get(this.prefix + account, 0, SharedReading.MAX_LENGTH);
		return StringUtils.hasLength(text) ? text : null;
	}

	@Override
	public boolean replace(String account, @Nullable String expected, String text) {
		return Boolean.TRUE.equals(this.redisTemplate.execute(REPLACE, List.of(this.prefix + account),
				(expected != null) ? expected : "", text, String.valueOf(TIME_TO_LIVE.toMillis())));
	}

}

package io.github.engagelab.sms.cluster;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import org.springframework.data.redis.core.script.RedisScript;

/**
 * The scripts in Java, on hashes in memory. {@link SharedHashTests} compares it with the
 * scripts.
 */
@SuppressWarnings("rawtypes")
final class RedisModel {

	final Map<String, Map<String, String>> hashes = new HashMap<>();

	// So far the clock of Redis is ahead
	long clockOffset = 1_700_000_000_000L;

	// By key, in milliseconds
	long expiry;

	List<?> run(RedisScript<List> script, String key, long millis, String... arguments) {
		Map<String, String> hash = this.hashes.computeIfAbsent(key, (name) -> new HashMap<>());
		long now = millis + this.clockOffset;
		return (script == SharedHash.CLAIM) ? claim(hash, now, arguments) : publish(hash, now, arguments);
	}

	// As a replica of Redis does it
	List<?> runReadOnly(RedisScript<List> script, String key, long millis, String... arguments) {
		Map<String, String> before = Map.copyOf(this.hashes.getOrDefault(key, Map.of()));
		List<?> reply = run(script, key, millis, arguments);
		if (script == SharedHash.PUBLISH || Objects.equals(reply.get(0), 1L)) {
			this.hashes.put(key, new HashMap<>(before));
			throw new IllegalStateException("READONLY");
		}
		return reply;
	}

	private List<?> claim(Map<String, String> hash, long now, String... arguments) {
		String replica = arguments[0];
		long interval = Long.parseLong(arguments[1]);
		boolean wanted = Boolean.parseBoolean(arguments[2]);
		long version = number(hash, "version");
		long polledAt = number(hash, "polled_at");
		long publishedAt = number(hash, "published_at");
		String poller = hash.getOrDefault("poller", "");
		String result = hash.getOrDefault("result", "");
		if (polledAt > now || publishedAt > now) {
			polledAt = 0;
			publishedAt = 0;
		}
		if (publishedAt == 0) {
			result = "";
		}
		double due = polledAt + interval;
		if (!poller.isEmpty() && !poller.equals(replica)) {
			due = Math.max(polledAt + interval / 2.0, publishedAt + interval * 1.2);
		}
		boolean open = poller.equals(replica) && polledAt > publishedAt;
		boolean granted = wanted && (due <= now || open);
		if (granted) {
			polledAt = (due <= now) ? now : polledAt;
			hash.put("poller", replica);
			hash.put("polled_at", String.valueOf(polledAt));
			hash.put("published_at", String.valueOf(publishedAt));
			this.expiry = Long.parseLong(arguments[3]);
			poller = replica;
			due = polledAt + interval;
		}
		return List.of(granted ? 1L : 0L, poller.equals(replica) ? 1L : 0L, (long) Math.ceil(due - now), version, now,
				now - publishedAt, cut(hash.getOrDefault("state", "")), cut(result));
	}

	private List<?> publish(Map<String, String> hash, long now, String... arguments) {
		long took = Long.parseLong(arguments[1]);
		long seen = Long.parseLong(arguments[2]);
		long version = number(hash, "version");
		if (version > seen) {
			return List.of();
		}
		String before = (version == seen) ? hash.getOrDefault("state", arguments[3]) : arguments[3];
		version = Math.max(now, seen + 1);
		long publishedAt = Math.min(now, Long.parseLong(arguments[6]));
		hash.putAll(Map.of("version", String.valueOf(version), "state", arguments[4].isEmpty() ? before : arguments[4],
				"poller", arguments[0], "polled_at", String.valueOf(publishedAt - took), "published_at",
				String.valueOf(publishedAt), "result", arguments[5]));
		this.expiry = Long.parseLong(arguments[7]);
		return Arrays.asList(version, before);
	}

	private static long number(Map<String, String> hash, String field) {
		try {
			long value = Long.parseLong(hash.getOrDefault(field, "0"));
			if (value >= 0 && value < (1L << 53)) {
				return value;
			}
		}
		catch (NumberFormatException ex) {
			// Garbage
		}
		throw new IllegalStateException("ERR this version cannot read it");
	}

	private static String cut(String text) {
		return text.substring(0, Math.min(200, text.length()));
	}

}

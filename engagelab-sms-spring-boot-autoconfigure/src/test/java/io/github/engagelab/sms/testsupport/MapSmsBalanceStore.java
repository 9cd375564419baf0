package io.github.engagelab.sms.testsupport;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

import io.github.engagelab.sms.cluster.SmsBalanceStore;
import org.jspecify.annotations.Nullable;

/**
 * A store in any concurrent map, as data grids have one.
 */
public class MapSmsBalanceStore implements SmsBalanceStore {

	private final ConcurrentMap<String, String> map = new ConcurrentHashMap<>();

	@Override
	public @Nullable String get(String account) {
		return this.map.get(account);
	}

	@Override
	public boolean replace(String account, @Nullable String expected, String text) {
		return (expected != null) ? this.map.replace(account, expected, text)
				: this.map.putIfAbsent(account, text) == null;
	}

}

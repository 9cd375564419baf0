package io.github.engagelab.sms.docs;

import io.github.engagelab.sms.cluster.SmsBalanceStore;
import org.jspecify.annotations.Nullable;

import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * A store in a table of a database.
 */
@Component
public record JdbcSmsBalanceStore(JdbcClient jdbcClient) implements SmsBalanceStore {

	@Override
	public @Nullable String get(String account) {
		return this.jdbcClient.sql("SELECT reading FROM sms_balance WHERE account = ?")
			.param(account)
			.query(String.class)
			.optional()
			.orElse(null);
	}

	@Override
	public boolean replace(String account, @Nullable String expected, String text) {
		if (expected != null) {
			return this.jdbcClient.sql("UPDATE sms_balance SET reading = ? WHERE account = ? AND reading = ?")
				.params(text, account, expected)
				.update() == 1;
		}
		try {
			return this.jdbcClient.sql("INSERT INTO sms_balance (account, reading) VALUES (?, ?)")
				.params(account, text)
				.update() == 1;
		}
		catch (DuplicateKeyException ex) {
			return false;
		}
	}

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import org.jspecify.annotations.Nullable;

/**
 * A shared account as its monitor knows it. No method blocks. Public for technical
 * reasons only.
 */
public interface SharedAccount {

	String getAccount();

	@Nullable Duration getTimeSinceRefresh();

	// How long the provider still asks to wait, within bounds; zero or negative if not
	Duration getRetryAfter();

	boolean isRefreshing();

	void poll();

	// Take in what another replica was answered. The times are monotonic lower bounds
	void adopt(@Nullable SmsBalance balance, long balanceAt, @Nullable SmsBalanceException failure, long askedAt);

	// A status of this replica is shared. The previous state is null unless it is known,
	// and another one
	void shared(@Nullable SmsAccountState previous, SmsAccountStatus status);

}

package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import io.github.engagelab.sms.SmsAccountStatus;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.SmsBalanceSnapshot;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

import org.springframework.util.Assert;

/**
 * {@link SmsBalanceService} that asks an account's monitor. Public for technical reasons
 * only.
 */
public class DefaultSmsBalanceService implements SmsBalanceService {

	private final SmsBalanceMonitors monitors;

	// The account, or null for the one used when none is specified
	private final @Nullable String account;

	public DefaultSmsBalanceService(SmsBalanceMonitors monitors) {
		this(monitors, null);
	}

	private DefaultSmsBalanceService(SmsBalanceMonitors monitors, @Nullable String account) {
		this.monitors = monitors;
		this.account = account;
	}

	@Override
	public SmsBalance getBalance() {
		return await(monitor());
	}

	@Override
	public SmsBalance getBalance(Duration maxAge) {
		Assert.isTrue(!maxAge.isNegative(), "'maxAge' must not be negative");
		SmsBalanceMonitor monitor = monitor();
		SmsBalanceSnapshot snapshot = monitor.getSnapshot(maxAge);
		return (snapshot != null) ? snapshot.balance() : await(monitor);
	}

	@Override
	public SmsAccountStatus getStatus() {
		return monitor().getStatus();
	}

	@Override
	public SmsBalanceService forAccount(String account) {
		return new DefaultSmsBalanceService(this.monitors, this.monitors.get(account).getAccount());
	}

	@Override
	public Set<String> getAccounts() {
		return this.monitors.asMap().keySet();
	}

	private SmsBalanceMonitor monitor() {
		return this.monitors.get(this.account);
	}

	private static SmsBalance await(SmsBalanceMonitor monitor) {
		Assert.state(!Schedulers.isInNonBlockingThread(),
				() -> "%s must not block: use ReactiveSmsBalanceService".formatted(Thread.currentThread()));
		try {
			// Not join: a thread of the common pool is compensated for either way, but
			// only this is bounded
			return monitor.startOrJoin(monitor.getCurrentObservation())
				.get(monitor.getPatience().toMillis(), TimeUnit.MILLISECONDS)
				.balance();
		}
		catch (ExecutionException ex) {
			if (ex.getCause() instanceof SmsBalanceException failed) {
				throw new SmsBalanceException(failed);
			}
			throw new IllegalStateException(ex.getCause());
		}
		catch (CancellationException ex) {
			// With the frames of this caller
			throw new CancellationException(ex.getMessage());
		}
		catch (TimeoutException ex) {
			throw new SmsBalanceException(monitor.getAccount(), SmsBalanceFailure.TIMEOUT, null);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new CancellationException("Interrupted while waiting for the balance");
		}
	}

}

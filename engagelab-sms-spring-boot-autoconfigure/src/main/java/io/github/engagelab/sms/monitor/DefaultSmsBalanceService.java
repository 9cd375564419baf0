package io.github.engagelab.sms.monitor;

import java.time.Duration;
import java.util.Set;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import reactor.core.publisher.Mono;

import org.springframework.util.Assert;

/**
 * {@link SmsBalanceService} that waits for the reactive one.
 */
public final class DefaultSmsBalanceService implements SmsBalanceService {

	private final ReactiveSmsBalanceService service;

	/**
	 * Create a service.
	 * @param service the service to wait for
	 */
	public DefaultSmsBalanceService(ReactiveSmsBalanceService service) {
		this.service = service;
	}

	@Override
	public SmsBalance getBalance() {
		return await(this.service.getBalance());
	}

	@Override
	public SmsBalance getBalance(Duration maxAge) {
		return await(this.service.getBalance(maxAge));
	}

	@Override
	public SmsBalanceService forAccount(String account) {
		return new DefaultSmsBalanceService(this.service.forAccount(account));
	}

	@Override
	public Set<String> getAccounts() {
		return this.service.getAccounts();
	}

	private static SmsBalance await(Mono<SmsBalance> answer) {
		SmsBalance balance = answer.block();
		Assert.state(balance != null, "No balance and no failure");
		return balance;
	}

}

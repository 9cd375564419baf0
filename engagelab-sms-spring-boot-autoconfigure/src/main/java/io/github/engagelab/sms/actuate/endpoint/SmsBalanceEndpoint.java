package io.github.engagelab.sms.actuate.endpoint;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import io.github.engagelab.sms.monitor.SmsAccountStatus;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;

/**
 * {@link Endpoint @Endpoint} that shows what is known of the accounts, and refreshes it
 * on demand. To read it never calls the provider.
 */
@Endpoint(id = "smsbalance")
public final class SmsBalanceEndpoint {

	/**
	 * An account that was asked for within this time is not asked for again.
	 */
	private static final Duration SHORTEST_INTERVAL = Duration.ofSeconds(1);

	private final SmsBalanceMonitors monitors;

	private final SmsBalancePoller poller;

	/**
	 * Create the endpoint.
	 * @param monitors the monitors of the accounts
	 * @param poller tells when the next refresh of an account is due
	 */
	public SmsBalanceEndpoint(SmsBalanceMonitors monitors, SmsBalancePoller poller) {
		this.monitors = monitors;
		this.poller = poller;
	}

	/**
	 * Return all accounts.
	 * @return the accounts by their names
	 */
	@ReadOperation
	public Map<String, Object> accounts() {
		Map<String, Object> accounts = new LinkedHashMap<>();
		this.monitors.asMap().forEach((account, monitor) -> accounts.put(account, describe(monitor)));
		return Map.of("accounts", accounts);
	}

	/**
	 * Return an account.
	 * @param account the name of the account
	 * @return the account, or {@code null} if there is none of that name
	 */
	@ReadOperation
	public @Nullable Map<String, Object> account(@Selector String account) {
		SmsBalanceMonitor monitor = this.monitors.asMap().get(account);
		return (monitor != null) ? describe(monitor) : null;
	}

	/**
	 * Refresh all accounts.
	 * @return the accounts by their names, refreshed or with the reason why not
	 */
	@WriteOperation
	public Mono<Map<String, Object>> refreshAll() {
		return Flux.fromIterable(this.monitors.all()).flatMap(this::refresh).then(Mono.fromSupplier(this::accounts));
	}

	/**
	 * Refresh an account.
	 * @param account the name of the account
	 * @return the account, refreshed or with the reason why not
	 * @throws ResponseStatusException if there is no account of that name
	 */
	@WriteOperation
	public Mono<Map<String, Object>> refresh(@Selector String account) {
		SmsBalanceMonitor monitor = this.monitors.asMap().get(account);
		if (monitor == null) {
			throw new ResponseStatusException(HttpStatus.NOT_FOUND, "No such account");
		}
		return refresh(monitor).then(Mono.fromSupplier(() -> describe(monitor)));
	}

	private Mono<Void> refresh(SmsBalanceMonitor monitor) {
		return Mono.defer(() -> {
			SmsAccountStatus status = monitor.getStatus();
			// There is a last failure only if no success came after it
			Instant newest = status.lastFailureAt();
			if (newest == null && status.snapshot() != null) {
				newest = status.snapshot().readAt();
			}
			boolean early = newest != null && newest.plus(SHORTEST_INTERVAL).isAfter(status.at());
			// A failure shows in the status
			return early ? Mono.empty() : monitor.refresh().then().onErrorComplete();
		});
	}

	private Map<String, Object> describe(SmsBalanceMonitor monitor) {
		Map<String, Object> details = monitor.getStatus().details();
		Instant nextRefresh = this.poller.getNextRefresh(monitor.getAccount());
		if (nextRefresh != null) {
			details.put("nextRefresh", nextRefresh.truncatedTo(ChronoUnit.MILLIS).toString());
		}
		return details;
	}

}

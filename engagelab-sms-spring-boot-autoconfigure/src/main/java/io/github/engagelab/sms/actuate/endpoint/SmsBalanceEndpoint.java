package io.github.engagelab.sms.actuate.endpoint;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.github.engagelab.sms.monitor.SmsAccountDetails;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;

/**
 * {@link Endpoint @Endpoint} that shows what is known of the accounts and refreshes them
 * on demand. Reading it never calls the provider. Public for technical reasons only.
 */
@Endpoint(id = "smsbalance")
public final class SmsBalanceEndpoint {

	// An account that was refreshed within this time is not refreshed again
	private static final Duration MIN_INTERVAL = Duration.ofSeconds(1);

	private final SmsBalanceMonitors monitors;

	private final SmsBalancePoller poller;

	public SmsBalanceEndpoint(SmsBalanceMonitors monitors, SmsBalancePoller poller) {
		this.monitors = monitors;
		this.poller = poller;
	}

	@ReadOperation
	public AccountsDescriptor accounts() {
		Map<String, AccountDescriptor> accounts = new LinkedHashMap<>();
		this.monitors.asMap().forEach((account, monitor) -> accounts.put(account, describe(monitor)));
		return new AccountsDescriptor(accounts);
	}

	@ReadOperation
	public @Nullable AccountDescriptor account(@Selector String account) {
		SmsBalanceMonitor monitor = this.monitors.asMap().get(account);
		return (monitor != null) ? describe(monitor) : null;
	}

	@WriteOperation
	public Mono<AccountsDescriptor> refreshAll() {
		return Mono.when(this.monitors.all().stream().map(SmsBalanceEndpoint::refresh).toList())
			.then(Mono.fromSupplier(this::accounts));
	}

	@WriteOperation
	public @Nullable Mono<AccountDescriptor> refresh(@Selector String account) {
		SmsBalanceMonitor monitor = this.monitors.asMap().get(account);
		return (monitor != null) ? refresh(monitor).then(Mono.fromSupplier(() -> describe(monitor))) : null;
	}

	private static Mono<Void> refresh(SmsBalanceMonitor monitor) {
		Duration age = monitor.getTimeSinceRefresh();
		boolean early = age != null && age.compareTo(MIN_INTERVAL) < 0;
		// A failure shows in the details
		return early ? Mono.empty()
				: Mono.fromFuture(monitor.refresh().handle((snapshot, failure) -> monitor), true).then();
	}

	private AccountDescriptor describe(SmsBalanceMonitor monitor) {
		Instant nextRefresh = this.poller.getNextRefresh(monitor.getAccount());
		return new AccountDescriptor(monitor.getDetails(),
				(nextRefresh != null) ? nextRefresh.truncatedTo(ChronoUnit.MILLIS).toString() : null,
				monitor.getPolledBy());
	}

	/**
	 * Description of all accounts.
	 */
	public record AccountsDescriptor(Map<String, AccountDescriptor> accounts) implements OperationResponseBody {
	}

	/**
	 * Description of an account.
	 */
	@JsonInclude(Include.NON_NULL)
	public record AccountDescriptor(@JsonUnwrapped SmsAccountDetails details, @Nullable String nextRefresh,
			@Nullable String polledBy) implements OperationResponseBody {
	}

}

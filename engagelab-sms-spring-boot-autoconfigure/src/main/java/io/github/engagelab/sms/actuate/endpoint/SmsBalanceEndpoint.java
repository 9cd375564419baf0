package io.github.engagelab.sms.actuate.endpoint;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;

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
public class SmsBalanceEndpoint {

	// An account that was refreshed within this time is not refreshed again
	private static final Duration MIN_INTERVAL = Duration.ofSeconds(1);

	private final SmsBalanceMonitors monitors;

	private final SmsBalancePoller poller;

	public SmsBalanceEndpoint(SmsBalanceMonitors monitors, SmsBalancePoller poller) {
		this.monitors = monitors;
		this.poller = poller;
	}

	@ReadOperation
	public Map<String, Object> accounts() {
		Map<String, Object> accounts = new LinkedHashMap<>();
		this.monitors.asMap().forEach((account, monitor) -> accounts.put(account, describe(monitor)));
		return OperationResponseBody.of(Map.of("accounts", accounts));
	}

	@ReadOperation
	public @Nullable Map<String, Object> account(@Selector String account) {
		SmsBalanceMonitor monitor = this.monitors.asMap().get(account);
		return (monitor != null) ? describe(monitor) : null;
	}

	@WriteOperation
	public Mono<Map<String, Object>> refreshAll() {
		return Mono.when(this.monitors.all().stream().map(SmsBalanceEndpoint::refresh).toList())
			.then(Mono.fromSupplier(this::accounts));
	}

	@WriteOperation
	public @Nullable Mono<Map<String, Object>> refresh(@Selector String account) {
		SmsBalanceMonitor monitor = this.monitors.asMap().get(account);
		return (monitor != null) ? refresh(monitor).then(Mono.fromSupplier(() -> describe(monitor))) : null;
	}

	private static Mono<?> refresh(SmsBalanceMonitor monitor) {
		Duration age = monitor.getTimeSinceRefresh();
		boolean early = age != null && age.compareTo(MIN_INTERVAL) < 0;
		// A failure shows in the details
		return early ? Mono.empty() : Mono.fromFuture(monitor::refresh).onErrorComplete();
	}

	private Map<String, Object> describe(SmsBalanceMonitor monitor) {
		Map<String, Object> details = new LinkedHashMap<>(monitor.getDetails());
		Instant nextRefresh = this.poller.getNextRefresh(monitor.getAccount());
		if (nextRefresh != null) {
			details.put("nextRefresh", nextRefresh.truncatedTo(ChronoUnit.MILLIS).toString());
		}
		if (monitor.getPolledBy() != null) {
			details.put("polledBy", monitor.getPolledBy());
		}
		return OperationResponseBody.of(details);
	}

}

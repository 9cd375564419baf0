package io.github.engagelab.sms.actuate.endpoint;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

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
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;

/**
 * {@link Endpoint @Endpoint} that shows what is known of the accounts and refreshes them
 * on demand. Reading it never calls the provider. Public for technical reasons only.
 */
@Endpoint(id = "smsbalance")
public class SmsBalanceEndpoint {

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
		// Not twice a second. A failure shows in the details
		return (age != null && age.toSeconds() < 1) ? Mono.empty()
				: Mono.fromFuture(monitor::refresh).onErrorComplete();
	}

	private Map<String, Object> describe(SmsBalanceMonitor monitor) {
		Map<String, Object> details = new LinkedHashMap<>(monitor.getDetails());
		Optional.ofNullable(this.poller.getNextRefresh(monitor.getAccount()))
			.ifPresent((next) -> details.put("nextRefresh", next.truncatedTo(ChronoUnit.MILLIS).toString()));
		Optional.ofNullable(monitor.getPolledBy()).ifPresent((polledBy) -> details.put("polledBy", polledBy));
		return OperationResponseBody.of(details);
	}

	/**
	 * Answers 404 over HTTP where there is no account. Not in the endpoint itself, which
	 * answers {@code null} over JMX.
	 */
	@EndpointWebExtension(endpoint = SmsBalanceEndpoint.class)
	public static class WebExtension {

		private final SmsBalanceEndpoint endpoint;

		public WebExtension(SmsBalanceEndpoint endpoint) {
			this.endpoint = endpoint;
		}

		@WriteOperation
		public Mono<Map<String, Object>> refresh(@Selector String account) {
			// Not a WebEndpointResponse, which is not unwrapped from a Mono
			return Optional.ofNullable(this.endpoint.refresh(account))
				.orElseThrow(() -> new ResponseStatusException(HttpStatus.NOT_FOUND, "No such account"));
		}

	}

}

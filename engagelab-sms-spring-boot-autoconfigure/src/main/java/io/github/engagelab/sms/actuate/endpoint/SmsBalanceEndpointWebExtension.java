package io.github.engagelab.sms.actuate.endpoint;

import java.util.Map;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.annotation.EndpointWebExtension;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;

/**
 * {@link EndpointWebExtension @EndpointWebExtension} for {@link SmsBalanceEndpoint} that
 * answers 404 where there is no account. Public for technical reasons only.
 */
@EndpointWebExtension(endpoint = SmsBalanceEndpoint.class)
public class SmsBalanceEndpointWebExtension {

	private final SmsBalanceEndpoint endpoint;

	public SmsBalanceEndpointWebExtension(SmsBalanceEndpoint endpoint) {
		this.endpoint = endpoint;
	}

	@WriteOperation
	public Mono<Map<String, Object>> refresh(@Selector String account) {
		@Nullable Mono<Map<String, Object>> refreshed = this.endpoint.refresh(account);
		if (refreshed == null) {
			// Not a WebEndpointResponse, which is not unwrapped from a Mono
			throw new ResponseStatusException(HttpStatus.NOT_FOUND, "No such account");
		}
		return refreshed;
	}

}

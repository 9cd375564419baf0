package io.github.engagelab.sms.docs;

import io.micrometer.observation.ObservationPredicate;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.client.ClientRequestObservationContext;

/**
 * Keeps requests to the provider out of traces.
 */
@Configuration(proxyBeanMethods = false)
class UntracedRequests {

	@Bean
	ObservationPredicate untracedSmsBalance() {
		return (name, context) -> !(context instanceof ClientRequestObservationContext request)
				|| !request.getCarrier().build().url().getPath().endsWith("/v1/balance");
	}

}

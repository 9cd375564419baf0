package io.github.engagelab.sms.autoconfigure;

import io.github.engagelab.sms.actuate.endpoint.SmsBalanceEndpoint;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;

import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link AutoConfiguration Auto-configuration} for {@link SmsBalanceEndpoint}.
 */
@AutoConfiguration(after = EngageLabSmsAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnBean(SmsBalanceMonitors.class)
@ConditionalOnAvailableEndpoint(SmsBalanceEndpoint.class)
public final class EngageLabSmsEndpointAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	SmsBalanceEndpoint engageLabSmsBalanceEndpoint(SmsBalanceMonitors monitors, SmsBalancePoller poller) {
		return new SmsBalanceEndpoint(monitors, poller);
	}

	@Bean
	@ConditionalOnMissingBean
	@ConditionalOnBean(SmsBalanceEndpoint.class)
	SmsBalanceEndpoint.WebExtension engageLabSmsBalanceEndpointWebExtension(SmsBalanceEndpoint endpoint) {
		return new SmsBalanceEndpoint.WebExtension(endpoint);
	}

}

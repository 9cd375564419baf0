package io.github.engagelab.sms.autoconfigure.health;

import java.util.Map;

import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.health.SmsBalanceHealthIndicator;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
import org.springframework.context.annotation.Bean;

/**
 * {@link AutoConfiguration Auto-configuration} for {@link SmsBalanceHealthIndicator}.
 */
@AutoConfiguration(after = EngageLabSmsAutoConfiguration.class)
@ConditionalOnClass({ Health.class, ConditionalOnEnabledHealthIndicator.class })
@ConditionalOnBean(SmsBalanceMonitors.class)
@ConditionalOnEnabledHealthIndicator("engagelab-sms")
public final class EngageLabSmsHealthContributorAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(name = { "engagelabSmsHealthIndicator", "engagelabSmsHealthContributor" })
	HealthContributor engagelabSmsHealthContributor(SmsBalanceMonitors monitors, EngageLabSmsProperties properties) {
		Map<String, String> statuses = properties.health().status();
		SmsBalanceMonitor unnamed = monitors.asMap().get(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT);
		// A named account keeps its path when others come or go
		return (unnamed != null && monitors.all().size() == 1) ? new SmsBalanceHealthIndicator(unnamed, statuses)
				: CompositeHealthContributor.fromMap(monitors.asMap(),
						(monitor) -> new SmsBalanceHealthIndicator(monitor, statuses));
	}

}

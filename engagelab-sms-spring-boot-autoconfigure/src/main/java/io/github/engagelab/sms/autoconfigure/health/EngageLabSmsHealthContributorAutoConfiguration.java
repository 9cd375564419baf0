package io.github.engagelab.sms.autoconfigure.health;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

import io.github.engagelab.sms.SmsAccountState;
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
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
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
		Map<SmsAccountState, Status> statuses = new EnumMap<>(SmsAccountState.class);
		properties.health()
			.status()
			.forEach((state, status) -> statuses.put(SmsAccountState.valueOf(state.toUpperCase(Locale.ROOT)),
					new Status(status)));
		Function<SmsBalanceMonitor, HealthIndicator> indicator = (monitor) -> new SmsBalanceHealthIndicator(monitor,
				statuses);
		// A named account keeps its path when others come or go
		return monitors.asMap().keySet().equals(Set.of(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT))
				? indicator.apply(monitors.get(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT))
				: CompositeHealthContributor.fromMap(monitors.asMap(), indicator);
	}

}

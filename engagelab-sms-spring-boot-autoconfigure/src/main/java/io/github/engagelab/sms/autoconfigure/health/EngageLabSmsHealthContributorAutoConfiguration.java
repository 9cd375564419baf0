package io.github.engagelab.sms.autoconfigure.health;

import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties;
import io.github.engagelab.sms.health.SmsBalanceHealthIndicator;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthContributor;
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
		Map<String, SmsBalanceHealthIndicator> indicators = new LinkedHashMap<>();
		monitors.asMap()
			.forEach((account, monitor) -> indicators.put(account, new SmsBalanceHealthIndicator(monitor, statuses)));
		return (indicators.size() == 1) ? indicators.values().iterator().next()
				: CompositeHealthContributor.fromMap(indicators);
	}

}

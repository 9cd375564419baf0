package io.github.engagelab.sms.autoconfigure.metrics;

import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.metrics.SmsBalanceMetrics;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.micrometer.core.instrument.MeterRegistry;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * {@link AutoConfiguration Auto-configuration} for {@link SmsBalanceMetrics}.
 */
@AutoConfiguration(after = EngageLabSmsAutoConfiguration.class,
		afterName = { "org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration",
				"org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration" })
@ConditionalOnClass(MeterRegistry.class)
@ConditionalOnBean({ MeterRegistry.class, SmsBalanceMonitors.class })
public final class EngageLabSmsMetricsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean
	SmsBalanceMetrics engageLabSmsBalanceMetrics(SmsBalanceMonitors monitors) {
		return new SmsBalanceMetrics(monitors);
	}

}

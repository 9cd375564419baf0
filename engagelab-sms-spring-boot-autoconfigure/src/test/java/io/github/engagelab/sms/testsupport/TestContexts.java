package io.github.engagelab.sms.testsupport;

import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsSanitizingAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.health.EngageLabSmsHealthContributorAutoConfiguration;
import io.github.engagelab.sms.autoconfigure.metrics.EngageLabSmsMetricsAutoConfiguration;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ssl.SslAutoConfiguration;
import org.springframework.boot.health.autoconfigure.registry.HealthContributorRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.prometheus.PrometheusMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/**
 * Contexts to begin with.
 */
public final class TestContexts {

	/**
	 * All auto-configuration that an application with Actuator and Prometheus has and
	 * that matters here.
	 */
	public static final AutoConfigurations AUTO_CONFIGURATIONS = AutoConfigurations.of(
			EngageLabSmsAutoConfiguration.class, EngageLabSmsSanitizingAutoConfiguration.class,
			EngageLabSmsHealthContributorAutoConfiguration.class, EngageLabSmsMetricsAutoConfiguration.class,
			SslAutoConfiguration.class, ObservationAutoConfiguration.class, MetricsAutoConfiguration.class,
			CompositeMeterRegistryAutoConfiguration.class, PrometheusMetricsExportAutoConfiguration.class,
			HealthContributorRegistryAutoConfiguration.class);

	private TestContexts() {
	}

	/**
	 * Return the credentials of the documented test vector.
	 * @return the properties
	 */
	public static String[] credentials() {
		return new String[] { "engagelab.sms.dev-key=jiguangdev", "engagelab.sms.dev-secret=dev_secret" };
	}

	/**
	 * Return a runner as an application with the starter, Actuator and Prometheus has it.
	 * @return a runner without credentials
	 */
	public static ApplicationContextRunner runner() {
		return new ApplicationContextRunner().withConfiguration(AUTO_CONFIGURATIONS);
	}

}

package io.github.engagelab.sms.autoconfigure;

import java.util.List;
import java.util.Map;

import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;
import org.springframework.test.context.MergedContextConfiguration;

/**
 * Keeps an application's tests from polling the provider, unless a test sets
 * {@code engagelab.sms.refresh.enabled} itself.
 */
class EngageLabSmsContextCustomizerFactory implements ContextCustomizerFactory {

	@Override
	public ContextCustomizer createContextCustomizer(Class<?> testClass,
			List<ContextConfigurationAttributes> configAttributes) {
		return new DisableRefresh();
	}

	/**
	 * A record, so that all tests have an equal one and contexts are still cached.
	 */
	private record DisableRefresh() implements ContextCustomizer {

		@Override
		public void customizeContext(ConfigurableApplicationContext context, MergedContextConfiguration mergedConfig) {
			context.getEnvironment()
				.getPropertySources()
				.addLast(new MapPropertySource("engagelabSmsTest", Map.of("engagelab.sms.refresh.enabled", false)));
		}

	}

}

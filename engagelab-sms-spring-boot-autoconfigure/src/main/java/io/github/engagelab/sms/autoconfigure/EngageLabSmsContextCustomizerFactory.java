package io.github.engagelab.sms.autoconfigure;

import java.util.List;
import java.util.Map;

import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.ContextConfigurationAttributes;
import org.springframework.test.context.ContextCustomizer;
import org.springframework.test.context.ContextCustomizerFactory;

/**
 * Keeps an application's tests from polling the provider, unless a test sets
 * {@code engagelab.sms.refresh.enabled} itself.
 */
class EngageLabSmsContextCustomizerFactory implements ContextCustomizerFactory {

	// The same for all tests, so that contexts are still cached
	private static final ContextCustomizer DISABLE_REFRESH = (context, mergedConfig) -> context.getEnvironment()
		.getPropertySources()
		.addLast(new MapPropertySource("engagelabSmsTest", Map.of("engagelab.sms.refresh.enabled", false)));

	@Override
	public ContextCustomizer createContextCustomizer(Class<?> testClass,
			List<ContextConfigurationAttributes> configAttributes) {
		return DISABLE_REFRESH;
	}

}

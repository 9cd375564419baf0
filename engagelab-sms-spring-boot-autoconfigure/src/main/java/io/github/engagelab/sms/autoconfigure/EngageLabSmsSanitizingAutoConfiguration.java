package io.github.engagelab.sms.autoconfigure;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * {@link AutoConfiguration Auto-configuration} that keeps credentials out of the
 * {@code env} and {@code configprops} endpoints. Does not depend on
 * {@code engagelab.sms.enabled}: credentials are there all the same.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
public final class EngageLabSmsSanitizingAutoConfiguration {

	@Bean
	SanitizingFunction engageLabSmsSanitizingFunction(ObjectProvider<EngageLabSmsProperties> properties) {
		return new EngageLabSmsSanitizingFunction(properties);
	}

}

package io.github.engagelab.sms.autoconfigure;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;

/**
 * Says which property is wrong, where it was set, why it is wrong and what to do. Comes
 * before Spring Boot's analyzer of binding failures, which would show the value.
 */
@Order(Ordered.HIGHEST_PRECEDENCE)
class InvalidEngageLabSmsPropertyFailureAnalyzer extends AbstractFailureAnalyzer<InvalidEngageLabSmsPropertyException> {

	private final @Nullable Environment environment;

	InvalidEngageLabSmsPropertyFailureAnalyzer(@Nullable Environment environment) {
		this.environment = environment;
	}

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidEngageLabSmsPropertyException cause) {
		// Where properties are found whatever their spelling
		return cause.analyze((this.environment instanceof ConfigurableEnvironment configurable)
				? configurable.getPropertySources().get("configurationProperties") : null);
	}

}

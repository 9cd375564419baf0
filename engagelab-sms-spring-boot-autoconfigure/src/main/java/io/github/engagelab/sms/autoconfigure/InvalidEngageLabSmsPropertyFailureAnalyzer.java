package io.github.engagelab.sms.autoconfigure;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.ConfigurationPropertyName;
import org.springframework.boot.context.properties.source.ConfigurationPropertySource;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.origin.Origin;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;

/**
 * Says which property is wrong, where it was set, why it is wrong and what to do. Comes
 * before Spring Boot's analyzer of binding failures, which would show the value.
 */
class InvalidEngageLabSmsPropertyFailureAnalyzer extends AbstractFailureAnalyzer<InvalidEngageLabSmsPropertyException>
		implements Ordered {

	private final @Nullable Environment environment;

	InvalidEngageLabSmsPropertyFailureAnalyzer(@Nullable Environment environment) {
		this.environment = environment;
	}

	@Override
	public int getOrder() {
		return HIGHEST_PRECEDENCE;
	}

	@Override
	protected FailureAnalysis analyze(Throwable rootFailure, InvalidEngageLabSmsPropertyException cause) {
		Origin origin = origin(cause.getProperty());
		String description = "Configuration of the EngageLab SMS balance is invalid:%n%n    Property: %s%n%s    Reason: %s"
			.formatted(cause.getProperty(), (origin != null) ? "    Origin: %s%n".formatted(origin) : "",
					cause.getReason());
		return new FailureAnalysis(description, cause.getAction(), cause);
	}

	private @Nullable Origin origin(String property) {
		if (this.environment == null || !ConfigurationPropertyName.isValid(property)) {
			return null;
		}
		ConfigurationPropertyName name = ConfigurationPropertyName.of(property);
		for (ConfigurationPropertySource source : ConfigurationPropertySources.get(this.environment)) {
			ConfigurationProperty found = source.getConfigurationProperty(name);
			if (found != null) {
				return found.getOrigin();
			}
		}
		return null;
	}

}

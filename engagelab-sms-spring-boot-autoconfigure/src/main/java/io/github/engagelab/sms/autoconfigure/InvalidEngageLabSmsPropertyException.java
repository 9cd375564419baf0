package io.github.engagelab.sms.autoconfigure;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.origin.Origin;
import org.springframework.boot.origin.OriginLookup;
import org.springframework.core.env.PropertySource;

/**
 * Exception thrown when a property of {@code engagelab.sms.*} has an invalid value. Does
 * not contain a value that may be a secret or have one in it.
 */
class InvalidEngageLabSmsPropertyException extends RuntimeException {

	private final String property;

	private final String reason;

	private final String action;

	InvalidEngageLabSmsPropertyException(String property, String reason, String action) {
		super("Property '" + property + "' " + reason);
		this.property = property;
		this.reason = reason;
		this.action = action;
	}

	FailureAnalysis analyze(@Nullable PropertySource<?> properties) {
		Origin origin = (properties != null) ? OriginLookup.getOrigin(properties, this.property) : null;
		String description = "Configuration of the EngageLab SMS balance is invalid:%n%n    Property: %s%n%s    Reason: %s"
			.formatted(this.property, (origin != null) ? "    Origin: %s%n".formatted(origin) : "", this.reason);
		return new FailureAnalysis(description, this.action, this);
	}

}

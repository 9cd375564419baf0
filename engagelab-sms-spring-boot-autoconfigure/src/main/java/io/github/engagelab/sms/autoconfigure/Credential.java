package io.github.engagelab.sms.autoconfigure;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Whether a property holds a credential. One that is nothing but an unresolved
 * placeholder is not set: Spring Boot binds {@code ${VARIABLE}} as it stands if there is
 * no such variable.
 */
final class Credential {

	private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^}:]+)[^}]*}");

	private Credential() {
	}

	static boolean isSet(@Nullable String value) {
		return StringUtils.hasText(value) && unresolvedVariable(value) == null;
	}

	static @Nullable String unresolvedVariable(@Nullable String value) {
		Matcher matcher = PLACEHOLDER.matcher((value != null) ? value.strip() : "");
		return matcher.matches() ? matcher.group(1) : null;
	}

}

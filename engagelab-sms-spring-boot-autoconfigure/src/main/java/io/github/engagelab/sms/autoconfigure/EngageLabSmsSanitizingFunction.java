package io.github.engagelab.sms.autoconfigure;

import java.util.Locale;
import java.util.regex.Pattern;

import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;

/**
 * Masks credentials under every spelling of their keys, and any other value that contains
 * them: a command line, a JSON document, a variable the property refers to.
 */
class EngageLabSmsSanitizingFunction implements SanitizingFunction {

	private static final Pattern CREDENTIAL = Pattern.compile("engagelabsms.*dev(key|secret)");

	private static final Pattern SEPARATOR = Pattern.compile("[^a-z0-9]");

	@Override
	public SanitizableData apply(SanitizableData data) {
		String key = SEPARATOR.matcher(data.getKey().toLowerCase(Locale.ROOT)).replaceAll("");
		return CREDENTIAL.matcher(key).matches() ? data.withSanitizedValue() : data;
	}

}

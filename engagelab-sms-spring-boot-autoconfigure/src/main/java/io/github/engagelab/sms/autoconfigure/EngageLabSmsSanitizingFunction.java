package io.github.engagelab.sms.autoconfigure;

import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Account;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;

/**
 * Masks credentials under every spelling of their keys, and any other value that contains
 * the secret: a command line, a JSON document, a variable that the property refers to. A
 * key may be a word of everyday, and is masked by name only.
 */
class EngageLabSmsSanitizingFunction implements SanitizingFunction {

	private static final Pattern CREDENTIAL = Pattern.compile("engagelabsms.*dev(key|secret)");

	private static final Pattern SEPARATOR = Pattern.compile("[^a-z0-9]");

	// What is shorter stands in too many values by chance
	private static final int MIN_LENGTH = 8;

	private final ObjectProvider<EngageLabSmsProperties> properties;

	EngageLabSmsSanitizingFunction(ObjectProvider<EngageLabSmsProperties> properties) {
		this.properties = properties;
	}

	@Override
	public SanitizableData apply(SanitizableData data) {
		return (isCredential(data.getKey()) || containsSecret(data.getValue())) ? data.withSanitizedValue() : data;
	}

	private boolean isCredential(String key) {
		return CREDENTIAL.matcher(SEPARATOR.matcher(key.toLowerCase(Locale.ROOT)).replaceAll("")).matches();
	}

	private boolean containsSecret(@Nullable Object value) {
		return value instanceof CharSequence text && this.properties.stream()
			.flatMap(EngageLabSmsSanitizingFunction::secrets)
			.anyMatch(text.toString()::contains);
	}

	private static Stream<String> secrets(EngageLabSmsProperties properties) {
		return Stream
			.concat(Stream.ofNullable(properties.devSecret()),
					properties.accounts().values().stream().map(Account::devSecret).filter(Objects::nonNull))
			.map(String::strip)
			.filter((secret) -> secret.length() >= MIN_LENGTH);
	}

}

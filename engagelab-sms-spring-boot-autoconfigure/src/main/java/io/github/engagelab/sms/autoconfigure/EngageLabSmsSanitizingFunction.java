package io.github.engagelab.sms.autoconfigure;

import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;

/**
 * Masks credentials under every spelling of their keys, and any other value that contains
 * them: a command line, a JSON document, a variable that the property refers to.
 */
class EngageLabSmsSanitizingFunction implements SanitizingFunction {

	private static final Pattern CREDENTIAL = Pattern.compile("engagelabsms.*dev(key|secret)");

	private static final Pattern SEPARATOR = Pattern.compile("[^a-z0-9]");

	/**
	 * What is shorter stands in too many values by chance.
	 */
	private static final int SHORTEST = 4;

	private final ObjectProvider<EngageLabSmsProperties> properties;

	EngageLabSmsSanitizingFunction(ObjectProvider<EngageLabSmsProperties> properties) {
		this.properties = properties;
	}

	@Override
	public SanitizableData apply(SanitizableData data) {
		return (isCredential(data.getKey()) || containsCredential(data.getValue())) ? data.withSanitizedValue() : data;
	}

	private boolean isCredential(String key) {
		return CREDENTIAL.matcher(SEPARATOR.matcher(key.toLowerCase(Locale.ROOT)).replaceAll("")).matches();
	}

	private boolean containsCredential(@Nullable Object value) {
		return value instanceof CharSequence text && this.properties.stream()
			.flatMap(EngageLabSmsSanitizingFunction::credentials)
			.anyMatch(text.toString()::contains);
	}

	private static Stream<String> credentials(EngageLabSmsProperties properties) {
		Stream<@Nullable String> common = Stream.of(properties.devKey(), properties.devSecret());
		Stream<@Nullable String> own = properties.accounts()
			.values()
			.stream()
			.flatMap((account) -> Stream.of(account.devKey(), account.devSecret()));
		return Stream.concat(common, own).filter((text) -> text != null && text.length() >= SHORTEST);
	}

}

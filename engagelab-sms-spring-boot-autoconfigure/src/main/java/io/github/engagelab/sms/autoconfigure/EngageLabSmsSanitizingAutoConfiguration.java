package io.github.engagelab.sms.autoconfigure;

import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.context.annotation.Bean;

/**
 * {@link AutoConfiguration Auto-configuration} that keeps credentials out of the
 * {@code env} and {@code configprops} endpoints, under every spelling of their keys, and
 * masks any other value that contains the secret: a command line, a JSON document, a
 * variable that the property refers to. Does not depend on {@code engagelab.sms.enabled}:
 * credentials are there all the same.
 */
@AutoConfiguration
@ConditionalOnClass(SanitizingFunction.class)
public final class EngageLabSmsSanitizingAutoConfiguration {

	private static final Pattern CREDENTIAL = Pattern
		.compile("engagelabsms.*(dev(key|secret)|proxypassword|httpheaders.*(key|token|secret|authorization).*)");

	private static final Pattern HEADER = Pattern.compile("(?i)key|token|secret|authorization");

	@Bean
	SanitizingFunction engageLabSmsSanitizingFunction(ObjectProvider<EngageLabSmsProperties> properties) {
		return (data) -> {
			String key = data.getKey().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
			boolean masked = CREDENTIAL.matcher(key).matches()
					|| (data.getValue() instanceof CharSequence text && properties.stream()
						.flatMap(EngageLabSmsSanitizingAutoConfiguration::secrets)
						.anyMatch(text.toString()::contains));
			return masked ? data.withSanitizedValue() : data;
		};
	}

	private static Stream<String> secrets(EngageLabSmsProperties properties) {
		return Stream
			.of(Stream.of(properties.devSecret(), properties.http().proxy().password()),
					properties.accounts().values().stream().map(EngageLabSmsProperties.Account::devSecret),
					properties.http()
						.headers()
						.entrySet()
						.stream()
						.filter((header) -> HEADER.matcher(header.getKey()).find())
						.map(Map.Entry::getValue))
			.flatMap(Function.identity())
			.filter(Objects::nonNull)
			.map(String::strip)
			// What is shorter stands in too many values by chance
			.filter((secret) -> secret.length() >= 8);
	}

}

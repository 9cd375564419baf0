package io.github.engagelab.sms.autoconfigure;

import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Account;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Refresh;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Threshold;
import io.github.engagelab.sms.client.BaseUrl;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.StringUtils;

/**
 * What values of {@code engagelab.sms.*} must be like. Applied while they are bound, so
 * that a wrong one fails start-up.
 */
final class PropertyRules {

	static final Duration MIN_DURATION = Duration.ofMillis(1);

	private static final Duration MAX_DURATION = Duration.ofDays(365);

	private static final Pattern PLACEHOLDER = Pattern.compile("\\s*\\$\\{([^}:]+)[^}]*}\\s*");

	private PropertyRules() {
	}

	static void duration(String property, Duration value, Duration minimum) {
		duration(property, value, minimum, "");
	}

	private static void duration(String property, Duration value, Duration minimum, String origin) {
		check(value.compareTo(MAX_DURATION) <= 0, property, "it is more than 365d",
				"Set %s to at most 365d.".formatted(property));
		check(value.compareTo(minimum) >= 0, property, text(value) + " is less than " + text(minimum) + origin,
				"Set %s to at least %s. A number without a unit is in milliseconds.".formatted(property,
						text(minimum)));
	}

	// A poll may be late by its jitter and by the time a response takes, and that of
	// another instance by the time until it is seen
	static void maxAge(String property, Refresh refresh, boolean cluster) {
		if (refresh.maxAge() != null && refresh.enabled()) {
			duration(property, refresh.maxAge(), refresh.interval().multipliedBy(cluster ? 4 : 3).dividedBy(2),
					", which is %s x engagelab.sms.refresh.interval".formatted(cluster ? "2" : "1.5"));
		}
		else if (refresh.maxAge() != null) {
			duration(property, refresh.maxAge(), MIN_DURATION);
		}
	}

	static void notNegative(String property, int value) {
		check(value >= 0, property, value + " is negative", "Set %s to 0 or more.".formatted(property));
	}

	// Not bound as states: a binding failure would show the property bound before
	static void healthStatus(String prefix, Map<String, String> status) {
		status.forEach((state, value) -> {
			List<String> states = Stream.of(SmsAccountState.values()).map(Enum::name).toList();
			check(states.contains(state.toUpperCase(Locale.ROOT)), prefix + state, "there is no such state",
					"Use one of " + states + ".");
			check(StringUtils.hasText(value), prefix + state, "it is empty", "Set it, or remove it.");
		});
	}

	static void accounts(String prefix, @Nullable String devKey, Map<String, Account> accounts, Threshold common,
			boolean allowPlaintext) {
		Map<String, String> names = new HashMap<>();
		if (StringUtils.hasText(devKey)) {
			names.put(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT, prefix + ".dev-key");
		}
		accounts.forEach((name, account) -> {
			String property = prefix + ".accounts." + name;
			check(EngageLabSmsConnectionDetails.isAccountName(name), prefix + ".accounts",
					"'%s' cannot name an account".formatted(name.replaceAll("\\p{C}", " ")),
					"Use letters, digits, '-', '_' and '.' only, and brackets around a name with a dot.");
			// As an environment variable can only spell it
			String other = names.put(name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", ""), property);
			check(other == null, property, "the account is also set by " + other,
					"Remove either " + property + " or " + other + ". Names that differ only in case and separators "
							+ "are the same name, as in environment variables.");
			credentials(property, account.devKey(), account.devSecret());
			accountThresholds(prefix, property, account, common);
			if (account.baseUrl() != null) {
				baseUrl(property + ".base-url", account.baseUrl(), allowPlaintext);
			}
		});
	}

	static void credentials(String prefix, @Nullable String devKey, @Nullable String devSecret) {
		boolean hasKey = isSet(devKey);
		String missing = prefix + (hasKey ? ".dev-secret" : ".dev-key");
		String present = prefix + (hasKey ? ".dev-key" : ".dev-secret");
		String variable = unresolvedVariable(hasKey ? devSecret : devKey);
		check(hasKey == isSet(devSecret), missing,
				((variable != null) ? "its variable " + variable + " is not set" : "it is not set") + ", although "
						+ present + " is",
				"Set %s too, or remove %s.".formatted((variable != null) ? variable : missing, present));
		check(devKey == null || !hasKey || devKey.indexOf(':') < 0, prefix + ".dev-key",
				"it contains a colon, which HTTP Basic authentication cannot send in a key",
				"Set %s.dev-key to the dev_key alone; the dev_secret belongs in %s.dev-secret.".formatted(prefix,
						prefix));
	}

	// Spring Boot binds ${VARIABLE} as it stands if there is no such variable
	static boolean isSet(@Nullable String credential) {
		return StringUtils.hasText(credential) && unresolvedVariable(credential) == null;
	}

	static @Nullable String unresolvedVariable(@Nullable String credential) {
		Matcher matcher = PLACEHOLDER.matcher((credential != null) ? credential : "");
		return matcher.matches() ? matcher.group(1) : null;
	}

	private static void accountThresholds(String prefix, String property, Account account, Threshold common) {
		Threshold own = account.threshold(common);
		boolean inherits = account.threshold() == null || account.threshold().warning() == null;
		if (inherits && own.warning() != null && own.warning().compareTo(own.low()) < 0) {
			amount(property + ".threshold.low", own.low());
			throw new InvalidEngageLabSmsPropertyException(property + ".threshold.low",
					"%s is greater than the warning threshold %s, which comes from %s.threshold.warning"
						.formatted(own.low().toPlainString(), own.warning().toPlainString(), prefix),
					"Set %s.threshold.warning to at least %s, or lower %s.threshold.low.".formatted(property,
							own.low().toPlainString(), property));
		}
		thresholds(property, own);
	}

	static void thresholds(String prefix, Threshold threshold) {
		amount(prefix + ".threshold.low", threshold.low());
		BigDecimal warning = threshold.warning();
		if (warning != null) {
			amount(prefix + ".threshold.warning", warning);
			check(warning.compareTo(threshold.low()) >= 0, prefix + ".threshold.warning",
					warning.toPlainString() + " is less than the low threshold " + threshold.low().toPlainString(),
					"Set %s.threshold.warning to at least the low threshold.".formatted(prefix));
		}
	}

	private static void amount(String property, BigDecimal value) {
		try {
			value.movePointRight(SmsBalance.SCALE).longValueExact();
		}
		catch (ArithmeticException ex) {
			throw new InvalidEngageLabSmsPropertyException(property, "it has more than 4 decimals, or is too large",
					"Set %s to an amount in account currency with at most 4 decimals.".formatted(property));
		}
	}

	static void baseUrl(String property, String value, boolean allowPlaintext) {
		String error = BaseUrl.findError(parse(value), allowPlaintext);
		check(error == null, property, String.valueOf(error),
				("Set %s to an https address like https://smsapi.engagelab.com. Credentials belong in dev-key and "
						+ "dev-secret. Only if the network is trusted, set engagelab.sms.http.allow-plaintext=true.")
					.formatted(property));
	}

	static void proxy(String prefix, @Nullable String host, @Nullable Integer port, @Nullable String username,
			@Nullable String password) {
		boolean hasHost = StringUtils.hasText(host);
		check(hasHost || (port == null && username == null && password == null), prefix + ".host",
				"it is not set, although other settings of the proxy are",
				"Set %s.host too, or remove the others.".formatted(prefix));
		check(host == null || !hasHost || host.matches("[\\w.-]+|\\[[\\p{XDigit}:.]+]"), prefix + ".host",
				"it is not the name or address of a host",
				"Set %s.host to a host alone, and the port to %s.port.".formatted(prefix, prefix));
		check(!hasHost || (port != null && port > 0 && port <= 65535), prefix + ".port",
				(port != null) ? "it is not between 1 and 65535"
						: "it is not set, although %s.host is".formatted(prefix),
				"Set %s.port to the port of the proxy.".formatted(prefix));
		String missing = prefix + (isSet(username) ? ".password" : ".username");
		check(isSet(username) == isSet(password), missing,
				"it is not set, although %s is".formatted(prefix + (isSet(username) ? ".username" : ".password")),
				"Set %s too, or remove the other.".formatted(missing));
		check(username == null || username.indexOf(':') < 0, prefix + ".username",
				"it contains a colon, which HTTP Basic authentication cannot send in a user name",
				"Set %s.username to the user name alone.".formatted(prefix));
	}

	private static void check(boolean valid, String property, String reason, String action) {
		if (!valid) {
			throw new InvalidEngageLabSmsPropertyException(property, reason, action);
		}
	}

	private static @Nullable URI parse(String value) {
		try {
			return new URI(value);
		}
		catch (URISyntaxException ex) {
			return null;
		}
	}

	private static String text(Duration duration) {
		return DurationStyle.SIMPLE.print(duration,
				(duration.toMillisPart() != 0) ? ChronoUnit.MILLIS : ChronoUnit.SECONDS);
	}

}

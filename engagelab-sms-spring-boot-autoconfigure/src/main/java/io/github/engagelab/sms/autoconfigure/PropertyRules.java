package io.github.engagelab.sms.autoconfigure;

import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceThresholds;
import io.github.engagelab.sms.client.BaseUrl;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.lang.Contract;
import org.springframework.util.StringUtils;

/**
 * What values of {@code engagelab.sms.*} must be like. Applied while they are bound, so
 * that a wrong one fails start-up.
 */
final class PropertyRules {

	private static final Pattern PLACEHOLDER = Pattern.compile("\\s*\\$\\{([^}:]+)[^}]*}\\s*");

	private static final Set<String> OWN_HEADERS = Set.of("accept", "authorization", "connection", "content-length",
			"expect", "host", "proxy-authorization", "transfer-encoding", "upgrade");

	private PropertyRules() {
	}

	static void duration(String property, Duration value) {
		duration(property, value, Duration.ofMillis(1), "");
	}

	private static void duration(String property, Duration value, Duration minimum, String origin) {
		check(value.compareTo(Duration.ofDays(365)) <= 0, property, "it is more than 365d", "Set %s to at most 365d.");
		check(value.compareTo(minimum) >= 0, property, text(value) + " is less than " + text(minimum) + origin,
				"Set %s to at least " + text(minimum) + ". A number without a unit is in milliseconds.");
	}

	static void retry(String prefix, EngageLabSmsProperties.Retry retry) {
		check(retry.maxRetries() >= 0, prefix + ".max-retries", retry.maxRetries() + " is negative",
				"Set %s to 0 or more.");
		duration(prefix + ".delay", retry.delay());
		duration(prefix + ".max-delay", retry.maxDelay(), retry.delay(), "");
	}

	static void refresh(String prefix, EngageLabSmsProperties.Refresh refresh, boolean cluster) {
		duration(prefix + ".interval", refresh.interval(), Duration.ofSeconds(1), "");
		if (refresh.maxAge() != null) {
			// A poll may be late by its jitter and by the time a response takes, and that
			// of another instance by the time until it is seen
			boolean polls = refresh.enabled();
			duration(prefix + ".max-age", refresh.maxAge(),
					polls ? refresh.interval().multipliedBy(cluster ? 4 : 3).dividedBy(2) : Duration.ofMillis(1),
					polls ? ", which is " + (cluster ? "2" : "1.5") + " x engagelab.sms.refresh.interval" : "");
		}
	}

	// Not bound as states: a binding failure would show the property bound before
	static void healthStatus(String prefix, Map<String, String> status) {
		List<SmsAccountState> states = List.of(SmsAccountState.values());
		status.forEach((state, value) -> {
			check(states.stream().anyMatch((known) -> known.name().equalsIgnoreCase(state)), prefix + state,
					"there is no such state", "Use one of " + states + ".");
			check(StringUtils.hasText(value), prefix + state, "it is empty", "Set it, or remove it.");
		});
	}

	static void accounts(String prefix, @Nullable String devKey, Map<String, EngageLabSmsProperties.Account> accounts,
			EngageLabSmsProperties.Threshold common, boolean allowPlaintext) {
		accounts.forEach((name, account) -> {
			String property = prefix + ".accounts." + name;
			checkUnique(
					!StringUtils.hasText(devKey)
							|| !uniform(name).equals(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT),
					property, prefix + ".dev-key");
			credentials(property, ".dev-key", account.devKey(), ".dev-secret", account.devSecret());
			thresholds(property, account.threshold(common), account.threshold().warning() == null);
			if (account.baseUrl() != null) {
				baseUrl(property + ".base-url", account.baseUrl(), allowPlaintext);
			}
		});
	}

	// Names that differ only in case and separators are one, as an environment variable
	// has neither. The spelling with either is the name
	static Map<String, EngageLabSmsProperties.Account> merge(String prefix,
			Map<String, EngageLabSmsProperties.Account> accounts) {
		Map<String, EngageLabSmsProperties.Account> merged = new LinkedHashMap<>();
		accounts.forEach((name, account) -> {
			check(EngageLabSmsConnectionDetails.isAccountName(name), prefix,
					"'" + name.replaceAll("\\p{C}", " ") + "' cannot name an account",
					"Use letters, digits, '-', '_' and '.' only, and brackets around a name with a dot.");
			String other = merged.keySet()
				.stream()
				.filter((known) -> uniform(known).equals(uniform(name)))
				.findAny()
				.orElse(name);
			checkUnique(other.equals(name) || uniform(name).equals(name) || uniform(other).equals(other),
					prefix + "." + name, prefix + "." + other);
			EngageLabSmsProperties.Account known = merged.remove(other);
			merged.put(uniform(name).equals(name) ? other : name,
					(known != null) ? known.merge(account, prefix + "." + other, prefix + "." + name) : account);
		});
		return merged;
	}

	private static String uniform(String name) {
		return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "");
	}

	private static void checkUnique(boolean unique, String property, String other) {
		check(unique, property, "the account is also set by " + other,
				"Remove either %s or " + other + ". Names that differ only in case and separators "
						+ "are the same name, as in environment variables.");
	}

	static void headers(String prefix, Map<String, String> headers) {
		headers.forEach((name, value) -> {
			String property = prefix + name.replaceAll("\\p{C}", " ");
			check(name.matches("[\\w!#$%&'*+.^`|~-]+"), property, "it is not the name of a header",
					"Use letters, digits and '-'.");
			check(!OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT)), property, "the client sets this header itself",
					"Remove %s.");
			check(!value.matches("(?s).*[\\p{Cntrl}&&[^\t]].*"), property, "its value contains a line break",
					"Set %s to a single line.");
		});
	}

	static void credentials(String prefix, String name, @Nullable String value, String secretName,
			@Nullable String secret) {
		String missing = prefix + (isSet(value) ? secretName : name);
		String present = prefix + (isSet(value) ? name : secretName);
		String variable = unresolvedVariable(isSet(value) ? secret : value);
		check(isSet(value) == isSet(secret), missing,
				((variable != null) ? "its variable " + variable + " is not set" : "it is not set") + ", although "
						+ present + " is",
				"Set " + ((variable != null) ? variable : missing) + " too, or remove " + present + ".");
		check(!isSet(value) || value.indexOf(':') < 0, prefix + name,
				"it contains a colon, which HTTP Basic authentication cannot send",
				"Set %s to the part before the colon, and " + prefix + secretName + " to the part after it.");
	}

	// Spring Boot binds ${VARIABLE} as it stands if there is no such variable
	@Contract("null -> false")
	static boolean isSet(@Nullable String credential) {
		return StringUtils.hasText(credential) && unresolvedVariable(credential) == null;
	}

	static @Nullable String unresolvedVariable(@Nullable String credential) {
		Matcher matcher = PLACEHOLDER.matcher((credential != null) ? credential : "");
		return matcher.matches() ? matcher.group(1) : null;
	}

	static SmsBalanceThresholds thresholds(String prefix, EngageLabSmsProperties.Threshold threshold,
			boolean inheritsWarning) {
		long low10000 = x10000(prefix + ".threshold.low", threshold.low());
		if (threshold.warning() == null) {
			return new SmsBalanceThresholds(low10000, null);
		}
		long warning10000 = x10000(prefix + ".threshold.warning", threshold.warning());
		String low = threshold.low().toPlainString();
		String warning = threshold.warning().toPlainString();
		check(warning10000 >= low10000 || !inheritsWarning, prefix + ".threshold.low",
				low + " is greater than the warning threshold " + warning
						+ ", which comes from engagelab.sms.threshold.warning",
				"Set " + prefix + ".threshold.warning to at least " + low + ", or lower %s.");
		check(warning10000 >= low10000, prefix + ".threshold.warning",
				warning + " is less than the low threshold " + low, "Set %s to at least the low threshold.");
		return new SmsBalanceThresholds(low10000, warning10000);
	}

	private static long x10000(String property, BigDecimal amount) {
		try {
			return amount.movePointRight(SmsBalance.SCALE).longValueExact();
		}
		catch (ArithmeticException ex) {
			throw new InvalidEngageLabSmsPropertyException(property, "it has more than 4 decimals, or is too large",
					"Set " + property + " to an amount in account currency with at most 4 decimals.");
		}
	}

	static void baseUrl(String property, String value, boolean allowPlaintext) {
		URI url = null;
		try {
			url = new URI(value);
		}
		catch (URISyntaxException ex) {
			// Found below
		}
		String error = BaseUrl.findError(url, allowPlaintext);
		check(error == null, property, String.valueOf(error),
				"Set %s to an https address like https://smsapi.engagelab.com. Credentials belong in dev-key and "
						+ "dev-secret. Only if the network is trusted, set engagelab.sms.http.allow-plaintext=true.");
	}

	static void proxy(String prefix, EngageLabSmsProperties.Proxy proxy) {
		String host = proxy.host();
		if (!StringUtils.hasText(host)) {
			check(proxy.port() == null && proxy.username() == null && proxy.password() == null, prefix + ".host",
					"it is not set, although other settings of the proxy are", "Set %s too, or remove the others.");
			return;
		}
		check(host.matches("[\\w.-]+|\\[[\\p{XDigit}:.]+]"), prefix + ".host",
				"it is not the name or address of a host",
				"Set %s to a host alone, and " + prefix + ".port to the port.");
		check(proxy.port() != null && proxy.port() > 0 && proxy.port() <= 65535, prefix + ".port",
				"it is not set to a port from 1 to 65535", "Set %s to the port of the proxy.");
		credentials(prefix, ".username", proxy.username(), ".password", proxy.password());
	}

	// In the action, %s stands for the property
	static void check(boolean valid, String property, String reason, String action) {
		if (!valid) {
			throw new InvalidEngageLabSmsPropertyException(property, reason, action.replace("%s", property));
		}
	}

	private static String text(Duration duration) {
		return DurationStyle.SIMPLE.print(duration,
				(duration.toMillisPart() != 0) ? ChronoUnit.MILLIS : ChronoUnit.SECONDS);
	}

	/**
	 * Two spellings of an account, of which one at most sets a value.
	 */
	record Either(String property, String other) {

		<T> @Nullable T of(String name, @Nullable T value, @Nullable T otherValue) {
			// An environment variable supplies both
			check(value == null || otherValue == null || value.equals(otherValue), this.property + name,
					"it is also set by " + this.other + name, "Remove either %s or " + this.other + name + ".");
			return (value != null) ? value : otherValue;
		}

	}

}

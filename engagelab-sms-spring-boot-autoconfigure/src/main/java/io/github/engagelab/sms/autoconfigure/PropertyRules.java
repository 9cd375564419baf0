package io.github.engagelab.sms.autoconfigure;

import java.math.BigDecimal;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Account;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Threshold;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.convert.DurationStyle;
import org.springframework.util.StringUtils;

/**
 * What values of {@code engagelab.sms.*} must be like. Applied while they are bound, so
 * that a wrong one fails start-up.
 */
final class PropertyRules {

	private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]",
			Pattern.CASE_INSENSITIVE);

	private PropertyRules() {
	}

	static void atLeast(Duration minimum, String property, Duration value) {
		if (value.compareTo(minimum) < 0) {
			throw new InvalidEngageLabSmsPropertyException(property,
					"%s is less than %s".formatted(text(value), text(minimum)),
					"Set %s to at least %s. A number without a unit counts milliseconds.".formatted(property,
							text(minimum)));
		}
	}

	static void notNegative(String property, int value) {
		if (value < 0) {
			throw new InvalidEngageLabSmsPropertyException(property, value + " is negative",
					"Set %s to 0 or more.".formatted(property));
		}
	}

	static void hasText(String property, String value) {
		if (!StringUtils.hasText(value)) {
			throw new InvalidEngageLabSmsPropertyException(property, "it is empty",
					"Set %s, or remove it.".formatted(property));
		}
	}

	static void accounts(String prefix, @Nullable String devKey, Map<String, Account> accounts, Threshold common,
			boolean allowPlaintext) {
		accounts.forEach((name, account) -> {
			String property = prefix + ".accounts." + name;
			if (!EngageLabSmsConnectionDetails.isAccountName(name)) {
				throw new InvalidEngageLabSmsPropertyException(prefix + ".accounts",
						"'%s' cannot name an account".formatted(name.replaceAll("\\p{Cntrl}", " ")),
						"Make the names of letters, digits, '-', '_' and '.' only.");
			}
			if (StringUtils.hasText(devKey) && name.equals(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT)) {
				throw new InvalidEngageLabSmsPropertyException(property,
						"the account is also set by %s.dev-key".formatted(prefix),
						"Remove either %s or %s.dev-key.".formatted(property, prefix));
			}
			credentials(property, account.devKey(), account.devSecret());
			thresholds(property, account.threshold(common));
			if (account.baseUrl() != null) {
				baseUrl(property + ".base-url", account.baseUrl(), allowPlaintext);
			}
		});
	}

	/**
	 * Work out which account is meant where none is named.
	 * @param property the property that can say so
	 * @param value its value
	 * @param accounts the names of all accounts
	 * @return the name of the account
	 */
	static String primaryAccount(String property, @Nullable String value, Set<String> accounts) {
		String action = "Set %s to one of %s.".formatted(property, String.join(", ", accounts));
		if (StringUtils.hasText(value)) {
			if (!accounts.contains(value)) {
				throw new InvalidEngageLabSmsPropertyException(property, "there is no account of this name", action);
			}
			return value;
		}
		if (accounts.contains(EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT)) {
			return EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT;
		}
		if (accounts.size() != 1) {
			throw new InvalidEngageLabSmsPropertyException(property,
					"it is not set, although there are several accounts and none is the default one", action);
		}
		return accounts.iterator().next();
	}

	static void credentials(String prefix, @Nullable String devKey, @Nullable String devSecret) {
		boolean hasKey = StringUtils.hasText(devKey);
		if (hasKey != StringUtils.hasText(devSecret)) {
			String missing = prefix + (hasKey ? ".dev-secret" : ".dev-key");
			String present = prefix + (hasKey ? ".dev-key" : ".dev-secret");
			throw new InvalidEngageLabSmsPropertyException(missing, "it is not set, although " + present + " is",
					"Set %s too, or remove %s.".formatted(missing, present));
		}
		if (devKey != null && devKey.indexOf(':') >= 0) {
			throw new InvalidEngageLabSmsPropertyException(prefix + ".dev-key",
					"it contains a colon, which HTTP Basic authentication cannot send in a key",
					"Set %s.dev-key to the dev_key alone; the dev_secret belongs into %s.dev-secret.".formatted(prefix,
							prefix));
		}
	}

	static void thresholds(String prefix, Threshold threshold) {
		amount(prefix + ".threshold.low", threshold.low());
		BigDecimal warning = threshold.warning();
		if (warning != null) {
			amount(prefix + ".threshold.warning", warning);
			if (warning.compareTo(threshold.low()) < 0) {
				throw new InvalidEngageLabSmsPropertyException(prefix + ".threshold.warning",
						"%s is less than the low threshold, %s".formatted(warning.toPlainString(),
								threshold.low().toPlainString()),
						"Set %s.threshold.warning to at least %s.threshold.low.".formatted(prefix, prefix));
			}
		}
	}

	private static void amount(String property, BigDecimal value) {
		String action = "Set %s to an amount in account currency, 0 or more, with at most 4 decimals."
			.formatted(property);
		if (value.signum() < 0) {
			throw new InvalidEngageLabSmsPropertyException(property, value.toPlainString() + " is negative", action);
		}
		try {
			value.movePointRight(SmsBalance.SCALE).longValueExact();
		}
		catch (ArithmeticException ex) {
			throw new InvalidEngageLabSmsPropertyException(property, "it has more than 4 decimals, or is too large",
					action);
		}
	}

	static void baseUrl(String property, String value, boolean allowPlaintext) {
		String action = "Set %s to an address like https://smsapi.engagelab.com.".formatted(property);
		URI url = parse(value);
		if (url == null || url.getHost() == null || !isHttp(url)) {
			throw new InvalidEngageLabSmsPropertyException(property, "it is not an http or https address with a host",
					action);
		}
		if (url.getRawUserInfo() != null || url.getRawQuery() != null || url.getRawFragment() != null) {
			throw new InvalidEngageLabSmsPropertyException(property,
					"it contains user info, a query or a fragment, which would show in log lines and metrics",
					action + " Credentials belong into dev-key and dev-secret.");
		}
		if (isPlaintext(url) && !allowPlaintext) {
			throw new InvalidEngageLabSmsPropertyException(property,
					"it is plain http, which would show the credentials to everybody on the way",
					"Use https. Only if the way to %s is safe, set engagelab.sms.http.allow-plaintext=true."
						.formatted(url.getHost()));
		}
	}

	/**
	 * Return whether credentials would leave this host unencrypted.
	 * @param url the base URL
	 * @return whether it is plain http to another host
	 */
	static boolean isPlaintext(URI url) {
		return !"https".equalsIgnoreCase(url.getScheme()) && !LOOPBACK.matcher(url.getHost()).matches();
	}

	private static boolean isHttp(URI url) {
		return "https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme());
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

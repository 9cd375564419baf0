package io.github.engagelab.sms.autoconfigure;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

import io.github.engagelab.sms.SmsAccountState;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Configuration properties for the EngageLab SMS balance.
 *
 * @param enabled Whether the balance is watched at all.
 * @param baseUrl Base URL of the EngageLab SMS API, without /v1/balance.
 * @param devKey The provider's dev_key.
 * @param devSecret The provider's dev_secret.
 * @param primaryAccount Account that is meant where none is named; needed only if there
 * is no account default and more than one other.
 * @param accounts Further accounts by name, each with what it does not share with the
 * others.
 * @param http How the provider is called.
 * @param retry What happens when a call fails in a way that another try can mend.
 * @param refresh How the balance is kept up to date.
 * @param threshold From which balance on an account needs attention.
 * @param health How the balance shows in health.
 */
@ConfigurationProperties("engagelab.sms")
public record EngageLabSmsProperties(@DefaultValue("true") boolean enabled,
		@DefaultValue("https://smsapi.engagelab.com") String baseUrl, @Nullable String devKey,
		@Nullable String devSecret, @Nullable String primaryAccount, @DefaultValue Map<String, Account> accounts,
		@DefaultValue Http http, @DefaultValue Retry retry, @DefaultValue Refresh refresh,
		@DefaultValue Threshold threshold, @DefaultValue Health health) {

	private static final String PREFIX = "engagelab.sms";

	private static final Duration SHORTEST = Duration.ofMillis(1);

	public EngageLabSmsProperties {
		PropertyRules.baseUrl(PREFIX + ".base-url", baseUrl, http.allowPlaintext());
		PropertyRules.credentials(PREFIX, devKey, devSecret);
		PropertyRules.thresholds(PREFIX, threshold);
		PropertyRules.accounts(PREFIX, devKey, accounts, threshold, http.allowPlaintext());
		accounts = Collections.unmodifiableMap(new LinkedHashMap<>(accounts));
	}

	@Override
	public String toString() {
		return "EngageLabSmsProperties[enabled=" + this.enabled + ", devKey=******, devSecret=******]";
	}

	/**
	 * Return the thresholds of an account.
	 * @param account the name of the account
	 * @return its own thresholds, and the common ones where it has none
	 */
	Threshold threshold(String account) {
		Account own = this.accounts.get(account);
		return (own != null) ? own.threshold(this.threshold) : this.threshold;
	}

	/**
	 * An account with a name.
	 *
	 * @param devKey The provider's dev_key.
	 * @param devSecret The provider's dev_secret.
	 * @param baseUrl Base URL of the EngageLab SMS API, if it is not the common one.
	 * @param threshold Thresholds that are not the common ones.
	 */
	public record Account(@Nullable String devKey, @Nullable String devSecret, @Nullable String baseUrl,
			@Nullable AccountThreshold threshold) {

		Threshold threshold(Threshold common) {
			BigDecimal low = (this.threshold != null) ? this.threshold.low() : null;
			BigDecimal warning = (this.threshold != null) ? this.threshold.warning() : null;
			return new Threshold((low != null) ? low : common.low(), (warning != null) ? warning : common.warning());
		}

		@Override
		public String toString() {
			return "Account[devKey=******, devSecret=******]";
		}

	}

	/**
	 * From which balance on a named account needs attention.
	 *
	 * @param low Low threshold, if it is not the common one.
	 * @param warning Warning threshold, if it is not the common one.
	 */
	public record AccountThreshold(@Nullable BigDecimal low, @Nullable BigDecimal warning) {
	}

	/**
	 * How the provider is called.
	 *
	 * @param connectTimeout How long to wait for a connection.
	 * @param readTimeout How long to wait for the provider to begin its answer.
	 * @param requestTimeout How long a whole exchange may take, retries included.
	 * @param ssl How TLS connections are made.
	 * @param allowPlaintext Whether base URLs may be plain http beyond this host, which
	 * shows the credentials to everybody on the way.
	 */
	public record Http(@DefaultValue("2s") Duration connectTimeout, @DefaultValue("5s") Duration readTimeout,
			@DefaultValue("15s") Duration requestTimeout, @DefaultValue Ssl ssl,
			@DefaultValue("false") boolean allowPlaintext) {

		public Http {
			PropertyRules.atLeast(SHORTEST, PREFIX + ".http.connect-timeout", connectTimeout);
			PropertyRules.atLeast(SHORTEST, PREFIX + ".http.read-timeout", readTimeout);
			PropertyRules.atLeast(SHORTEST, PREFIX + ".http.request-timeout", requestTimeout);
		}

	}

	/**
	 * How TLS connections are made.
	 *
	 * @param bundle Name of the SSL bundle to use instead of the application's default.
	 */
	public record Ssl(@Nullable String bundle) {
	}

	/**
	 * What happens when a call fails in a way that another try can mend.
	 *
	 * @param maxRetries How many more tries there are after the first.
	 * @param delay How long to wait before the second try; doubles with every further
	 * one.
	 * @param maxDelay How long to wait between two tries at most; if the provider asks
	 * for more, there is no further try.
	 */
	public record Retry(@DefaultValue("2") int maxRetries, @DefaultValue("200ms") Duration delay,
			@DefaultValue("2s") Duration maxDelay) {

		public Retry {
			PropertyRules.notNegative(PREFIX + ".retry.max-retries", maxRetries);
			PropertyRules.atLeast(SHORTEST, PREFIX + ".retry.delay", delay);
			PropertyRules.atLeast(delay, PREFIX + ".retry.max-delay", maxDelay);
		}

	}

	/**
	 * How the balance is kept up to date.
	 *
	 * @param enabled Whether the balance is read at start-up and then at an interval.
	 * @param interval Time from one read to the next, give or take 10 %; at least 1s.
	 * @param maxAge Age from which on a balance counts no more; at least the interval.
	 */
	public record Refresh(@DefaultValue("true") boolean enabled, @DefaultValue("1m") Duration interval,
			@DefaultValue("5m") Duration maxAge) {

		public Refresh {
			PropertyRules.atLeast(Duration.ofSeconds(1), PREFIX + ".refresh.interval", interval);
			PropertyRules.atLeast(interval, PREFIX + ".refresh.max-age", maxAge);
		}

	}

	/**
	 * From which balance on an account needs attention.
	 *
	 * @param low Total balance in account currency below which the account is LOW; at
	 * most 4 decimals.
	 * @param warning Total balance in account currency below which the account is in
	 * WARNING; at least the low threshold, at most 4 decimals.
	 */
	public record Threshold(@DefaultValue("1") BigDecimal low, @Nullable BigDecimal warning) {
	}

	/**
	 * How the balance shows in health.
	 *
	 * @param status Health status of a state, where it is not the default one.
	 */
	public record Health(@DefaultValue Map<SmsAccountState, String> status) {

		public Health {
			status.forEach((state, value) -> PropertyRules
				.hasText(PREFIX + ".health.status." + state.name().toLowerCase(Locale.ROOT), value));
			status = Map.copyOf(status);
		}

	}

}

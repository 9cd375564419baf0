package io.github.engagelab.sms.autoconfigure;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsBalanceThresholds;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Configuration properties for the EngageLab SMS balance.
 *
 * @param enabled Whether to enable balance monitoring. If disabled, no request is sent.
 * @param baseUrl Base URL of the EngageLab SMS API, without /v1/balance.
 * @param devKey API key from the EngageLab console (dev_key).
 * @param devSecret API secret from the EngageLab console (dev_secret).
 * @param primaryAccount Account used when none is specified. With several accounts and
 * none named 'default', calls that name no account fail unless it is set.
 * @param accounts Named accounts. Base URL and thresholds fall back to the top-level
 * values; credentials do not.
 * @param http HTTP client settings.
 * @param retry Retry settings.
 * @param refresh Polling settings.
 * @param threshold Thresholds of the total balance.
 * @param health Health settings.
 * @param cluster Settings for several instances of the application.
 */
@ConfigurationProperties("engagelab.sms")
public record EngageLabSmsProperties(@DefaultValue("true") boolean enabled,
		@DefaultValue("https://smsapi.engagelab.com") String baseUrl, @Nullable String devKey,
		@Nullable String devSecret, @Nullable String primaryAccount, @DefaultValue Map<String, Account> accounts,
		@DefaultValue Http http, @DefaultValue Retry retry, @DefaultValue Refresh refresh,
		@DefaultValue Threshold threshold, @DefaultValue Health health, @DefaultValue Cluster cluster) {

	private static final String PREFIX = "engagelab.sms";

	public EngageLabSmsProperties {
		PropertyRules.duration(PREFIX + ".http.connect-timeout", http.connectTimeout());
		PropertyRules.duration(PREFIX + ".http.read-timeout", http.readTimeout());
		PropertyRules.duration(PREFIX + ".http.request-timeout", http.requestTimeout());
		PropertyRules.proxy(PREFIX + ".http.proxy", http.proxy());
		PropertyRules.headers(PREFIX + ".http.headers.", http.headers());
		PropertyRules.retry(PREFIX + ".retry", retry);
		PropertyRules.refresh(PREFIX + ".refresh", refresh, cluster.enabled());
		PropertyRules.healthStatus(PREFIX + ".health.status.", health.status());
		PropertyRules.baseUrl(PREFIX + ".base-url", baseUrl, http.allowPlaintext());
		PropertyRules.credentials(PREFIX, ".dev-key", devKey, ".dev-secret", devSecret);
		PropertyRules.thresholds(PREFIX, threshold, false);
		accounts = Collections.unmodifiableMap(PropertyRules.merge(PREFIX + ".accounts", accounts));
		PropertyRules.accounts(PREFIX, devKey, accounts, threshold, http.allowPlaintext());
	}

	@Override
	public String toString() {
		return "EngageLabSmsProperties[enabled=" + this.enabled + ", devKey=******, devSecret=******]";
	}

	boolean usesHttps() {
		return Stream.concat(Stream.of(this.baseUrl), this.accounts.values().stream().map(Account::baseUrl))
			.anyMatch((url) -> url != null && url.regionMatches(true, 0, "https:", 0, 6));
	}

	SmsBalanceThresholds thresholds(String account) {
		Account own = this.accounts.get(account);
		return PropertyRules.thresholds(PREFIX, (own != null) ? own.threshold(this.threshold) : this.threshold, false);
	}

	/**
	 * Named account.
	 *
	 * @param devKey API key from the EngageLab console (dev_key).
	 * @param devSecret API secret from the EngageLab console (dev_secret).
	 * @param baseUrl Base URL of the EngageLab SMS API. Defaults to the top-level one.
	 * @param threshold Thresholds of the total balance. Default to the top-level ones.
	 */
	public record Account(@Nullable String devKey, @Nullable String devSecret, @Nullable String baseUrl,
			@DefaultValue AccountThreshold threshold) {

		// What one spelling of a name leaves out, the other supplies
		Account merge(Account other, String property, String otherProperty) {
			PropertyRules.Either either = new PropertyRules.Either(property, otherProperty);
			return new Account(either.of(".dev-key", this.devKey, other.devKey),
					either.of(".dev-secret", this.devSecret, other.devSecret),
					either.of(".base-url", this.baseUrl, other.baseUrl),
					new AccountThreshold(either.of(".threshold.low", this.threshold.low, other.threshold.low),
							either.of(".threshold.warning", this.threshold.warning, other.threshold.warning)));
		}

		Threshold threshold(Threshold common) {
			return new Threshold(Objects.requireNonNullElse(this.threshold.low(), common.low()),
					(this.threshold.warning() != null) ? this.threshold.warning() : common.warning());
		}

		@Override
		public String toString() {
			return "Account[devKey=******, devSecret=******]";
		}

	}

	/**
	 * Thresholds of a named account.
	 *
	 * @param low Low threshold. Defaults to the top-level one.
	 * @param warning Warning threshold. Defaults to the top-level one.
	 */
	public record AccountThreshold(@Nullable BigDecimal low, @Nullable BigDecimal warning) {
	}

	/**
	 * HTTP client settings.
	 *
	 * @param connectTimeout Maximum time to establish a connection.
	 * @param readTimeout Maximum time to wait for the headers of a response.
	 * @param requestTimeout Maximum time of a refresh, including queueing, credentials
	 * and retries.
	 * @param ssl SSL settings.
	 * @param proxy Proxy settings. Default to those of the JVM.
	 * @param headers Headers to add to each request, for gateways.
	 * @param allowPlaintext Whether to allow base URLs with plain http beyond this host,
	 * which exposes the credentials in transit.
	 */
	public record Http(@DefaultValue("2s") Duration connectTimeout, @DefaultValue("5s") Duration readTimeout,
			@DefaultValue("15s") Duration requestTimeout, @DefaultValue Ssl ssl, @DefaultValue Proxy proxy,
			@DefaultValue Map<String, String> headers, @DefaultValue("false") boolean allowPlaintext) {

		@Override
		public String toString() {
			return "Http[proxy=" + this.proxy + ", headers=" + this.headers.keySet() + "]";
		}

	}

	/**
	 * SSL settings.
	 *
	 * @param bundle Name of the SSL bundle to use. Defaults to the JVM's trust store.
	 */
	public record Ssl(@Nullable String bundle) {
	}

	/**
	 * Proxy settings.
	 *
	 * @param host Host of the proxy. Defaults to the JVM's proxy settings.
	 * @param port Port of the proxy.
	 * @param username User name for the proxy. With https, the JVM also needs
	 * -Djdk.http.auth.tunneling.disabledSchemes= on its command line.
	 * @param password Password for the proxy.
	 */
	public record Proxy(@Nullable String host, @Nullable Integer port, @Nullable String username,
			@Nullable String password) {

		@Override
		public String toString() {
			return "Proxy[host=" + this.host + ", port=" + this.port + ", username=******, password=******]";
		}

	}

	/**
	 * Retry settings.
	 *
	 * @param maxRetries Maximum number of retries.
	 * @param delay Delay before the first retry. Doubles with each further retry.
	 * @param maxDelay Maximum delay before a retry. There is no retry if the provider
	 * asks to wait longer.
	 */
	public record Retry(@DefaultValue("2") int maxRetries, @DefaultValue("200ms") Duration delay,
			@DefaultValue("2s") Duration maxDelay) {
	}

	/**
	 * Polling settings.
	 *
	 * @param enabled Whether to poll the balance.
	 * @param interval Time between two polls of an account, give or take 10 % without a
	 * cluster. At least 1s.
	 * @param maxAge Age at which a balance is considered stale. At least 1.5 x the
	 * interval, with a cluster 2 x. Defaults to 5m or, if greater, 3 x the interval.
	 */
	public record Refresh(@DefaultValue("true") boolean enabled, @DefaultValue("1m") Duration interval,
			@Nullable Duration maxAge) {

		Duration effectiveMaxAge() {
			return (this.maxAge != null) ? this.maxAge
					: Collections.max(List.of(this.interval.multipliedBy(3), Duration.ofMinutes(5)));
		}

	}

	/**
	 * Thresholds of the total balance.
	 *
	 * @param low Total balance in account currency below which an account is LOW. May be
	 * negative, with at most 4 decimals.
	 * @param warning Total balance in account currency below which an account is in
	 * WARNING. At least the low threshold, at most 4 decimals.
	 */
	public record Threshold(@DefaultValue("1") BigDecimal low, @Nullable BigDecimal warning) {
	}

	/**
	 * Health settings.
	 *
	 * @param status Health status by state, where the default does not fit.
	 */
	public record Health(@DefaultValue Map<String, String> status) {

		public Health {
			// In capitals or not
			Map<String, String> byState = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
			byState.putAll(status);
			status = Collections.unmodifiableMap(byState);
		}

	}

	/**
	 * Settings for several instances of the application.
	 *
	 * @param enabled Whether to share polls among instances, through the application's
	 * Redis.
	 * @param name Name shared by all instances. Defaults to spring.application.name.
	 */
	public record Cluster(@DefaultValue("false") boolean enabled, @Nullable String name) {
	}

}

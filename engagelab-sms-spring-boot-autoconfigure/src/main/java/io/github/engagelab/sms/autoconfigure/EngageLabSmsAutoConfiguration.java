package io.github.engagelab.sms.autoconfigure;

import java.nio.charset.StandardCharsets;
import java.util.Set;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.EngageLabSmsHttpClientCustomizer;
import io.github.engagelab.sms.client.EngageLabSmsThreads;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.client.SmsBalanceReader;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient;
import io.github.engagelab.sms.monitor.DefaultReactiveSmsBalanceService;
import io.github.engagelab.sms.monitor.DefaultSmsBalanceService;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.monitor.SmsBalanceTurns;
import io.micrometer.observation.ObservationRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.ResourceLoader;
import org.springframework.http.HttpHeaders;
import org.springframework.util.StringUtils;

/**
 * {@link AutoConfiguration Auto-configuration} for the EngageLab SMS balance. No bean
 * depends on credentials or on a switch: ahead-of-time processing would freeze such a
 * condition at build time, when neither is known.
 */
@AutoConfiguration
@EnableConfigurationProperties(EngageLabSmsProperties.class)
public final class EngageLabSmsAutoConfiguration {

	private static final Log logger = LogFactory.getLog(EngageLabSmsAutoConfiguration.class);

	private static final String DISABLED_SCHEMES = "jdk.http.auth.tunneling.disabledSchemes";

	@Bean
	@ConditionalOnMissingBean(EngageLabSmsConnectionDetails.class)
	PropertiesEngageLabSmsConnectionDetails engageLabSmsConnectionDetails(EngageLabSmsProperties properties) {
		return new PropertiesEngageLabSmsConnectionDetails(properties);
	}

	@Bean
	@ConditionalOnMissingBean
	EngageLabSmsThreads engageLabSmsThreads(ResourceLoader resourceLoader) {
		return new EngageLabSmsThreads(resourceLoader.getClassLoader());
	}

	@Bean
	@ConditionalOnMissingBean(SmsBalanceClient.class)
	WebClientSmsBalanceClient engageLabSmsBalanceClient(EngageLabSmsProperties properties,
			EngageLabSmsConnectionDetails connectionDetails, EngageLabSmsThreads threads,
			ObjectProvider<SslBundles> sslBundles, ObjectProvider<EngageLabSmsHttpClientCustomizer> customizers,
			ObjectProvider<ObservationRegistry> observationRegistry) {
		EngageLabSmsProperties.Http http = properties.http();
		EngageLabSmsProperties.Retry retry = properties.retry();
		String bundle = StringUtils.hasText(http.ssl().bundle()) ? http.ssl().bundle() : null;
		WebClientSmsBalanceClient client = new WebClientSmsBalanceClient(connectionDetails,
				new WebClientSmsBalanceClient.Settings(http.connectTimeout(), http.readTimeout(), retry.maxRetries(),
						retry.delay(), retry.maxDelay(), http.allowPlaintext(),
						(bundle != null) ? () -> sslBundles.getObject().getBundle(bundle) : null, proxy(properties),
						http.headers()),
				customizers.orderedStream().toList(), observationRegistry.getIfUnique(() -> ObservationRegistry.NOOP),
				threads);
		if (bundle != null) {
			// Fails the start if there is no such bundle
			sslBundles.getObject().addBundleUpdateHandler(bundle, (updated) -> client.reloadSslBundle());
		}
		return client;
	}

	@Bean
	@ConditionalOnMissingBean
	SmsBalanceMonitors engageLabSmsBalanceMonitors(EngageLabSmsProperties properties,
			EngageLabSmsConnectionDetails connectionDetails, SmsBalanceClient client, EngageLabSmsThreads threads,
			ApplicationEventPublisher publisher, ObjectProvider<SmsBalanceTurns> turns) {
		Set<String> accounts = connectionDetails.getAccounts();
		return new SmsBalanceMonitors(accounts, SmsBalanceReader.of(client), properties::thresholds,
				new SmsBalanceMonitors.Settings(properties.enabled(),
						primaryAccount(properties.primaryAccount(), accounts), properties.refresh().interval(),
						properties.refresh().effectiveMaxAge(), properties.http().requestTimeout()),
				threads, publisher, turns(properties, turns));
	}

	@Bean
	@ConditionalOnMissingBean
	SmsBalancePoller engageLabSmsBalancePoller(EngageLabSmsProperties properties, SmsBalanceMonitors monitors,
			EngageLabSmsThreads threads) {
		EngageLabSmsProperties.Refresh refresh = properties.refresh();
		return new SmsBalancePoller(monitors, threads, properties.enabled() && refresh.enabled(), refresh.interval());
	}

	@Bean
	@ConditionalOnMissingBean(ReactiveSmsBalanceService.class)
	DefaultReactiveSmsBalanceService engageLabReactiveSmsBalanceService(SmsBalanceMonitors monitors) {
		return new DefaultReactiveSmsBalanceService(monitors);
	}

	@Bean
	@ConditionalOnMissingBean(SmsBalanceService.class)
	DefaultSmsBalanceService engageLabSmsBalanceService(SmsBalanceMonitors monitors) {
		return new DefaultSmsBalanceService(monitors);
	}

	// The account used when none is specified, or null if it is not clear
	private static @Nullable String primaryAccount(@Nullable String value, Set<String> accounts) {
		String account = StringUtils.hasText(value) ? value : EngageLabSmsConnectionDetails.DEFAULT_ACCOUNT;
		if (accounts.contains(account)) {
			return account;
		}
		PropertyRules.check(!StringUtils.hasText(value), "engagelab.sms.primary-account",
				"there is no account of this name", "Set %s to one of " + String.join(", ", accounts) + ".");
		return (accounts.size() == 1) ? accounts.iterator().next() : null;
	}

	// Without polls there is nothing to share
	private static @Nullable SmsBalanceTurns turns(EngageLabSmsProperties properties,
			ObjectProvider<SmsBalanceTurns> turns) {
		if (!properties.cluster().enabled() || !properties.enabled() || !properties.refresh().enabled()) {
			return null;
		}
		SmsBalanceTurns available = turns.getIfAvailable();
		if (available == null) {
			throw new InvalidEngageLabSmsPropertyException("engagelab.sms.cluster.enabled",
					"there is no Redis through which instances can share polls",
					"Add spring-boot-starter-data-redis. With several Redis connection factories, make one of them "
							+ "primary.");
		}
		return available;
	}

	private static WebClientSmsBalanceClient.@Nullable Proxy proxy(EngageLabSmsProperties properties) {
		EngageLabSmsProperties.Proxy proxy = properties.http().proxy();
		if (proxy.host() == null || proxy.port() == null) {
			return null;
		}
		String authorization = (PropertyRules.isSet(proxy.username()) && PropertyRules.isSet(proxy.password()))
				? "Basic " + HttpHeaders.encodeBasicAuth(proxy.username(), proxy.password(), StandardCharsets.UTF_8)
				: null;
		String disabledSchemes = System.getProperty(DISABLED_SCHEMES, "Basic");
		if (authorization != null && properties.usesHttps() && disabledSchemes.matches("(?i).*basic.*")) {
			logger.warn("The JVM does not authenticate to a proxy for https: start it with -D" + DISABLED_SCHEMES
					+ "= to use engagelab.sms.http.proxy.username");
		}
		return new WebClientSmsBalanceClient.Proxy(proxy.host(), proxy.port(), authorization);
	}

}

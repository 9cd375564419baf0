package io.github.engagelab.sms.autoconfigure;

import java.math.BigDecimal;
import java.time.Clock;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsProperties.Threshold;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient.Limits;
import io.github.engagelab.sms.monitor.DefaultReactiveSmsBalanceService;
import io.github.engagelab.sms.monitor.DefaultSmsBalanceService;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.monitor.SmsBalanceThresholds;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpCookieHandling;
import org.springframework.boot.http.client.HttpRedirects;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.boot.webclient.observation.ObservationWebClientCustomizer;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.core.io.ResourceLoader;
import org.springframework.util.StringUtils;

/**
 * {@link AutoConfiguration Auto-configuration} for the EngageLab SMS balance. No bean
 * here depends on credentials or on {@code engagelab.sms.refresh.enabled}: ahead-of-time
 * processing would freeze such a condition when neither is known.
 */
@AutoConfiguration(after = ReactiveHttpClientAutoConfiguration.class)
@ConditionalOnBooleanProperty(name = "engagelab.sms.enabled", matchIfMissing = true)
@EnableConfigurationProperties(EngageLabSmsProperties.class)
public final class EngageLabSmsAutoConfiguration {

	@Bean
	@ConditionalOnMissingBean(EngageLabSmsConnectionDetails.class)
	PropertiesEngageLabSmsConnectionDetails engageLabSmsConnectionDetails(EngageLabSmsProperties properties) {
		return new PropertiesEngageLabSmsConnectionDetails(properties);
	}

	@Bean
	@ConditionalOnMissingBean(SmsBalanceClient.class)
	EngageLabSmsWebClient engageLabSmsWebClient(EngageLabSmsProperties properties, ResourceLoader resourceLoader,
			ObjectProvider<ClientHttpConnectorBuilder<?>> connectorBuilder, ObjectProvider<SslBundles> sslBundles,
			ObjectProvider<HttpClientSettings> applicationSettings,
			ObjectProvider<ObservationWebClientCustomizer> observation) {
		EngageLabSmsProperties.Http http = properties.http();
		String bundle = http.ssl().bundle();
		HttpClientSettings settings = HttpClientSettings
			.ofSslBundle(StringUtils.hasText(bundle) ? sslBundles.getObject().getBundle(bundle) : null)
			.withTimeouts(http.connectTimeout(), http.readTimeout())
			.withCookieHandling(HttpCookieHandling.DISABLE)
			// Some connectors would carry the credentials to another host
			.withRedirects(HttpRedirects.DONT_FOLLOW)
			.orElse(applicationSettings.getIfAvailable());
		return new EngageLabSmsWebClient(
				connectorBuilder
					.getIfAvailable(() -> ClientHttpConnectorBuilder.detect(resourceLoader.getClassLoader())),
				settings, observation.orderedStream().toList());
	}

	@Bean
	@ConditionalOnMissingBean(SmsBalanceClient.class)
	WebClientSmsBalanceClient smsBalanceClient(EngageLabSmsProperties properties,
			EngageLabSmsConnectionDetails connectionDetails, EngageLabSmsWebClient webClient) {
		EngageLabSmsProperties.Retry retry = properties.retry();
		return new WebClientSmsBalanceClient(connectionDetails, webClient,
				new Limits(properties.http().requestTimeout(), retry.maxRetries(), retry.delay(), retry.maxDelay()),
				Clock.systemUTC());
	}

	@Bean
	SmsBalanceMonitors smsBalanceMonitors(EngageLabSmsProperties properties,
			EngageLabSmsConnectionDetails connectionDetails, SmsBalanceClient client,
			ApplicationEventPublisher publisher) {
		return new SmsBalanceMonitors(connectionDetails.getAccounts(), client,
				(account) -> thresholds(properties.threshold(account)), properties.refresh().maxAge(), publisher);
	}

	@Bean
	SmsBalancePoller smsBalancePoller(EngageLabSmsProperties properties, SmsBalanceMonitors monitors) {
		EngageLabSmsProperties.Refresh refresh = properties.refresh();
		return new SmsBalancePoller(monitors, refresh.enabled(), refresh.interval(), refresh.maxAge());
	}

	@Bean
	@ConditionalOnMissingBean(ReactiveSmsBalanceService.class)
	DefaultReactiveSmsBalanceService reactiveSmsBalanceService(EngageLabSmsProperties properties,
			SmsBalanceMonitors monitors) {
		String primaryAccount = PropertyRules.primaryAccount("engagelab.sms.primary-account",
				properties.primaryAccount(), monitors.asMap().keySet());
		return new DefaultReactiveSmsBalanceService(monitors, primaryAccount);
	}

	@Bean
	@ConditionalOnMissingBean(SmsBalanceService.class)
	DefaultSmsBalanceService smsBalanceService(ReactiveSmsBalanceService service) {
		return new DefaultSmsBalanceService(service);
	}

	private static SmsBalanceThresholds thresholds(Threshold threshold) {
		BigDecimal warning = threshold.warning();
		return new SmsBalanceThresholds(x10000(threshold.low()), (warning != null) ? x10000(warning) : null);
	}

	private static long x10000(BigDecimal amount) {
		return amount.movePointRight(SmsBalance.SCALE).longValueExact();
	}

}

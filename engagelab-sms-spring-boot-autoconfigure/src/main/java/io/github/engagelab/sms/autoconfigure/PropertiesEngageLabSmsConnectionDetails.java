package io.github.engagelab.sms.autoconfigure;

import java.net.URI;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;

import org.springframework.util.StringUtils;

/**
 * Adapts {@link EngageLabSmsProperties} to {@link EngageLabSmsConnectionDetails}.
 */
class PropertiesEngageLabSmsConnectionDetails implements EngageLabSmsConnectionDetails {

	private static final Log logger = LogFactory.getLog(PropertiesEngageLabSmsConnectionDetails.class);

	private final EngageLabSmsProperties properties;

	PropertiesEngageLabSmsConnectionDetails(EngageLabSmsProperties properties) {
		this.properties = properties;
		for (String account : getAccounts()) {
			URI baseUrl = getBaseUrl(account);
			if (PropertyRules.isPlaintext(baseUrl)) {
				logger.warn("The credentials of EngageLab SMS account '%s' are sent to %s unencrypted"
					.formatted(account, baseUrl.getHost()));
			}
		}
	}

	@Override
	public URI getBaseUrl(String account) {
		return URI.create(this.properties.baseUrl());
	}

	@Override
	public @Nullable Credentials getCredentials(String account) {
		String devKey = this.properties.devKey();
		String devSecret = this.properties.devSecret();
		return (StringUtils.hasText(devKey) && StringUtils.hasText(devSecret)) ? new Credentials(devKey, devSecret)
				: null;
	}

}

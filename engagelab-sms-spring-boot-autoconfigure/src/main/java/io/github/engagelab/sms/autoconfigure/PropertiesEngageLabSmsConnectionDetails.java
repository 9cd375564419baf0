package io.github.engagelab.sms.autoconfigure;

import java.net.URI;
import java.util.LinkedHashSet;
import java.util.Set;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.BaseUrl;
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
			if (BaseUrl.findError(baseUrl, false) != null) {
				logger.warn("The credentials of EngageLab SMS account '%s' are sent to %s unencrypted"
					.formatted(account, baseUrl.getHost()));
			}
		}
	}

	@Override
	public Set<String> getAccounts() {
		Set<String> accounts = new LinkedHashSet<>();
		if (StringUtils.hasText(this.properties.devKey()) || this.properties.accounts().isEmpty()) {
			accounts.add(DEFAULT_ACCOUNT);
		}
		accounts.addAll(this.properties.accounts().keySet());
		return accounts;
	}

	@Override
	public URI getBaseUrl(String account) {
		EngageLabSmsProperties.Account own = this.properties.accounts().get(account);
		return URI.create((own != null && own.baseUrl() != null) ? own.baseUrl() : this.properties.baseUrl());
	}

	@Override
	public @Nullable Credentials getCredentials(String account) {
		EngageLabSmsProperties.Account own = this.properties.accounts().get(account);
		String devKey = (own != null) ? own.devKey() : this.properties.devKey();
		String devSecret = (own != null) ? own.devSecret() : this.properties.devSecret();
		String variable = PropertyRules.unresolvedVariable(devKey);
		if (variable != null) {
			throw new SmsBalanceException(account, SmsBalanceFailure.NOT_CONFIGURED, variable + " is not set", null);
		}
		return (StringUtils.hasText(devKey) && StringUtils.hasText(devSecret)) ? new Credentials(devKey, devSecret)
				: null;
	}

}

package io.github.engagelab.sms.client;

import java.net.URI;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * What a base URL must be like: one rule for properties and for an application's own
 * connection details. Public for technical reasons only.
 */
public final class BaseUrl {

	private static final Pattern LOOPBACK = Pattern.compile("(?i)localhost|127(\\.\\d{1,3}){3}|\\[::1]");

	private BaseUrl() {
	}

	// Return what is wrong, without the URL, which may contain a secret
	public static @Nullable String findError(@Nullable URI url, boolean allowPlaintext) {
		if (url == null || url.getHost() == null
				|| !("https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme()))) {
			return "it is not an http or https address with a host";
		}
		if (url.getPort() == 0 || url.getPort() > 65535) {
			return "its port is not between 1 and 65535";
		}
		if (url.getRawUserInfo() != null || url.getRawQuery() != null || url.getRawFragment() != null) {
			return "it contains user info, a query or a fragment, which would show in log lines and metrics";
		}
		if (url.getRawPath().endsWith("/v1/balance")) {
			return "it ends with /v1/balance, which is appended to it";
		}
		if ("http".equalsIgnoreCase(url.getScheme()) && !allowPlaintext && !LOOPBACK.matcher(url.getHost()).matches()) {
			return "it is plain http, which exposes the credentials in transit";
		}
		return null;
	}

}

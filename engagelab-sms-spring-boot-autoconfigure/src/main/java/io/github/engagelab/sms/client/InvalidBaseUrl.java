package io.github.engagelab.sms.client;

import java.net.URI;
import java.util.regex.Pattern;

import org.jspecify.annotations.Nullable;

/**
 * What is wrong with a base URL: one rule for properties and for an application's own
 * connection details. Public for technical reasons only.
 */
public enum InvalidBaseUrl {

	/**
	 * Relative, of another scheme, or without a host.
	 */
	NO_HTTP_ADDRESS("it is not an http or https address with a host"),

	/**
	 * A port that no server can have.
	 */
	PORT("its port is not between 1 and 65535"),

	/**
	 * More than an address.
	 */
	USER_INFO_OR_QUERY("it contains user info, a query or a fragment, which would show in log lines and metrics"),

	/**
	 * The address of the call.
	 */
	PATH("it ends with /v1/balance, which is appended to it"),

	/**
	 * Credentials would leave this host unencrypted.
	 */
	PLAINTEXT("it is plain http, which exposes the credentials in transit");

	private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|\\[::1]",
			Pattern.CASE_INSENSITIVE);

	private final String reason;

	InvalidBaseUrl(String reason) {
		this.reason = reason;
	}

	public String getReason() {
		return this.reason;
	}

	public static @Nullable InvalidBaseUrl of(@Nullable URI url, boolean allowPlaintext) {
		if (url == null || url.getHost() == null || !isHttp(url)) {
			return NO_HTTP_ADDRESS;
		}
		if (url.getPort() == 0 || url.getPort() > 65535) {
			return PORT;
		}
		if (url.getRawUserInfo() != null || url.getRawQuery() != null || url.getRawFragment() != null) {
			return USER_INFO_OR_QUERY;
		}
		if (url.getRawPath().endsWith("/v1/balance")) {
			return PATH;
		}
		return (isPlaintext(url) && !allowPlaintext) ? PLAINTEXT : null;
	}

	public static boolean isPlaintext(URI url) {
		return !"https".equalsIgnoreCase(url.getScheme()) && !LOOPBACK.matcher(url.getHost()).matches();
	}

	private static boolean isHttp(URI url) {
		return "https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme());
	}

}

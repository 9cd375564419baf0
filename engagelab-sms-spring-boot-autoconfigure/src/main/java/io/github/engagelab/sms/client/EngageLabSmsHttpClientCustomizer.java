package io.github.engagelab.sms.client;

import java.net.http.HttpClient;

/**
 * Callback interface for customizing the JDK {@link HttpClient} that calls the provider,
 * for example to set a proxy and its authenticator. Beans of this type are called in
 * order when the client is built: before the first request, and again when its SSL bundle
 * is updated. A client that follows redirects would send the credentials to another host.
 */
@FunctionalInterface
public interface EngageLabSmsHttpClientCustomizer {

	/**
	 * Customize the builder.
	 * @param builder the builder, to which {@code engagelab.sms.http.*} has been applied
	 */
	void customize(HttpClient.Builder builder);

}

package io.github.engagelab.sms.client;

import java.net.http.HttpClient;

/**
 * Callback interface for customizing the JDK {@link HttpClient} that calls the provider,
 * for example to set SSL parameters. Beans of this type are called in order whenever a
 * client is built: before the first request, after an update of its SSL bundle, and in
 * place of a client that has stopped answering. A client that follows redirects would
 * send the credentials to another host, and one with an authenticator would not send them
 * at all before JDK 24: proxies have properties.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface EngageLabSmsHttpClientCustomizer {

	/**
	 * Customize the builder.
	 * @param builder the builder, to which {@code engagelab.sms.http.*} has been applied
	 */
	void customize(HttpClient.Builder builder);

}

package io.github.engagelab.sms.client;

import java.lang.reflect.Proxy;
import java.net.Authenticator;
import java.net.Authenticator.RequestorType;
import java.net.InetSocketAddress;
import java.net.MalformedURLException;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.util.ReflectionUtils;

/**
 * Keeps a customizer's {@link Authenticator} from the JDK's client and authenticates to
 * proxies in its place: with an authenticator, that client drops the
 * {@code Authorization} header before JDK 24, and takes the provider's 401 without a
 * challenge for no answer.
 */
final class ProxyAuthentication {

	private @Nullable Authenticator authenticator;

	HttpClient.Builder intercept(HttpClient.Builder builder) {
		this.authenticator = null;
		return (HttpClient.Builder) Proxy.newProxyInstance(HttpClient.Builder.class.getClassLoader(),
				new Class<?>[] { HttpClient.Builder.class }, (proxy, method, arguments) -> {
					if (method.getName().equals("authenticator")) {
						this.authenticator = (Authenticator) arguments[0];
						return proxy;
					}
					Object result = ReflectionUtils.invokeMethod(method, builder, arguments);
					return (result == builder) ? proxy : result;
				});
	}

	HttpRequest apply(HttpRequest request, HttpClient client) throws MalformedURLException {
		PasswordAuthentication credentials = (this.authenticator != null)
				? credentials(this.authenticator, request.uri(), client) : null;
		if (credentials == null) {
			return request;
		}
		String basic = HttpHeaders.encodeBasicAuth(credentials.getUserName(), new String(credentials.getPassword()),
				StandardCharsets.UTF_8);
		return HttpRequest.newBuilder(request, (name, value) -> true)
			.header(HttpHeaders.PROXY_AUTHORIZATION, "Basic " + basic)
			.build();
	}

	private static @Nullable PasswordAuthentication credentials(Authenticator authenticator, URI uri, HttpClient client)
			throws MalformedURLException {
		// The JDK's client uses the first one only
		List<java.net.Proxy> proxies = client.proxy().orElseGet(ProxySelector::getDefault).select(uri);
		if (!proxies.isEmpty() && proxies.get(0).type() == java.net.Proxy.Type.HTTP
				&& proxies.get(0).address() instanceof InetSocketAddress address) {
			return authenticator.requestPasswordAuthenticationInstance(address.getHostString(), address.getAddress(),
					address.getPort(), "http", "", "basic", uri.toURL(), RequestorType.PROXY);
		}
		return null;
	}

}

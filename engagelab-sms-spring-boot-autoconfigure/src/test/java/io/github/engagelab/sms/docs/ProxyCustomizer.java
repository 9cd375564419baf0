package io.github.engagelab.sms.docs;

import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.ProxySelector;
import java.net.http.HttpClient;

import io.github.engagelab.sms.client.EngageLabSmsHttpClientCustomizer;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * A proxy for the starter alone.
 */
@Component
class ProxyCustomizer extends Authenticator implements EngageLabSmsHttpClientCustomizer {

	private final InetSocketAddress address;

	private final PasswordAuthentication credentials;

	ProxyCustomizer(@Value("${proxy.host}") String host, @Value("${proxy.port}") int port,
			@Value("${proxy.user}") String user, @Value("${proxy.password}") String password) {
		this.address = new InetSocketAddress(host, port);
		this.credentials = new PasswordAuthentication(user, password.toCharArray());
	}

	@Override
	public void customize(HttpClient.Builder builder) {
		builder.proxy(ProxySelector.of(this.address)).authenticator(this);
	}

	@Override
	protected PasswordAuthentication getPasswordAuthentication() {
		return this.credentials;
	}

}

package io.github.engagelab.sms.autoconfigure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;

import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;
import org.springframework.boot.webclient.WebClientCustomizer;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.util.DefaultUriBuilderFactory;
import org.springframework.web.util.DefaultUriBuilderFactory.EncodingMode;

/**
 * The {@link WebClient} for the provider, made when it is first needed. Not made by
 * Spring Boot's builder, whose customizers are meant for the application's own hosts:
 * they could send the provider a token, or have it called elsewhere.
 */
class EngageLabSmsWebClient implements Supplier<WebClient>, DisposableBean {

	private final ClientHttpConnectorBuilder<?> connectorBuilder;

	private final HttpClientSettings settings;

	private final List<? extends WebClientCustomizer> customizers;

	private final List<AutoCloseable> resources = new ArrayList<>();

	private @Nullable WebClient webClient;

	EngageLabSmsWebClient(ClientHttpConnectorBuilder<?> connectorBuilder, HttpClientSettings settings,
			List<? extends WebClientCustomizer> customizers) {
		this.connectorBuilder = connectorBuilder;
		this.settings = settings;
		this.customizers = customizers;
	}

	@Override
	public synchronized WebClient get() {
		if (this.webClient == null) {
			this.webClient = create();
		}
		return this.webClient;
	}

	private WebClient create() {
		DefaultUriBuilderFactory uriBuilderFactory = new DefaultUriBuilderFactory();
		// Base URLs are complete as they are
		uriBuilderFactory.setEncodingMode(EncodingMode.NONE);
		WebClient.Builder builder = WebClient.builder()
			.clientConnector(EngageLabSmsConnectors.build(this.connectorBuilder, this.settings, this.resources::add))
			.uriBuilderFactory(uriBuilderFactory);
		this.customizers.forEach((customizer) -> customizer.customize(builder));
		return builder.build();
	}

	@Override
	public synchronized void destroy() throws Exception {
		for (AutoCloseable resource : this.resources) {
			resource.close();
		}
	}

}

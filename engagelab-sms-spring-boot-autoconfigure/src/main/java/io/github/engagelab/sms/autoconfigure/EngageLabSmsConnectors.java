package io.github.engagelab.sms.autoconfigure;

import java.net.http.HttpClient.Version;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.WWWAuthenticationProtocolHandler;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.util.thread.ScheduledExecutorScheduler;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;

import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;
import org.springframework.boot.http.client.reactive.HttpComponentsClientHttpConnectorBuilder;
import org.springframework.boot.http.client.reactive.JdkClientHttpConnectorBuilder;
import org.springframework.boot.http.client.reactive.JettyClientHttpConnectorBuilder;
import org.springframework.boot.http.client.reactive.ReactorClientHttpConnectorBuilder;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.client.reactive.ClientHttpResponse;
import org.springframework.http.client.reactive.ClientHttpResponseDecorator;
import org.springframework.http.client.reactive.HttpComponentsClientHttpConnector;

/**
 * Makes the HTTP client the application has behave alike, whichever it is: the retries
 * are ours, an answer is passed on as it is, and no thread keeps the JVM alive. Each
 * client has a class of its own here, as most of them are absent from most applications.
 */
final class EngageLabSmsConnectors {

	private EngageLabSmsConnectors() {
	}

	/**
	 * Build a connector.
	 * @param builder the builder of the HTTP client the application has
	 * @param settings the settings
	 * @param resources receives what has to be closed in the end
	 * @return the connector
	 */
	static ClientHttpConnector build(ClientHttpConnectorBuilder<?> builder, HttpClientSettings settings,
			Consumer<AutoCloseable> resources) {
		if (builder instanceof JdkClientHttpConnectorBuilder jdk) {
			// Else plain http asks for an upgrade, which not every gateway understands
			ClientHttpConnector connector = jdk.withHttpClientCustomizer((client) -> client.version(Version.HTTP_1_1))
				.build(settings);
			return (method, uri, request) -> connector.connect(method, uri, request).map(CancellableResponse::new);
		}
		if (builder instanceof ReactorClientHttpConnectorBuilder reactor) {
			return ReactorNetty.build(reactor, settings);
		}
		if (builder instanceof JettyClientHttpConnectorBuilder jetty) {
			return Jetty.build(jetty, settings, resources);
		}
		if (builder instanceof HttpComponentsClientHttpConnectorBuilder httpComponents) {
			return HttpComponents.build(httpComponents, settings, resources);
		}
		return builder.build(settings);
	}

	/**
	 * A response whose connection is closed when its body is given up. Spring's own one
	 * replays the body without counting who still reads it: one that is silent or endless
	 * would keep its connection for ever.
	 */
	private static final class CancellableResponse extends ClientHttpResponseDecorator {

		CancellableResponse(ClientHttpResponse response) {
			super(response);
		}

		@Override
		public Flux<DataBuffer> getBody() {
			return Flux.defer(() -> {
				AtomicReference<@Nullable Subscription> subscription = new AtomicReference<>();
				return super.getBody().doOnSubscribe(subscription::set)
					.doOnCancel(() -> disposeReplay(subscription.get()));
			});
		}

		private static void disposeReplay(@Nullable Subscription subscription) {
			Scannable.from(subscription)
				.parents()
				.filter((parent) -> parent instanceof Disposable)
				.findFirst()
				.ifPresent((parent) -> ((Disposable) parent).dispose());
		}

	}

	private static final class ReactorNetty {

		static ClientHttpConnector build(ReactorClientHttpConnectorBuilder builder, HttpClientSettings settings) {
			return builder.withHttpClientCustomizer((client) -> client.disableRetry(true)).build(settings);
		}

	}

	private static final class HttpComponents {

		static ClientHttpConnector build(HttpComponentsClientHttpConnectorBuilder builder, HttpClientSettings settings,
				Consumer<AutoCloseable> resources) {
			HttpComponentsClientHttpConnector connector = builder
				.withHttpClientCustomizer((client) -> client.disableAutomaticRetries())
				.build(settings);
			resources.accept(connector);
			return connector;
		}

	}

	private static final class Jetty {

		static ClientHttpConnector build(JettyClientHttpConnectorBuilder builder, HttpClientSettings settings,
				Consumer<AutoCloseable> resources) {
			return builder.withHttpClientCustomizer((client) -> {
				customize(client);
				resources.accept(client::stop);
			}).build(settings);
		}

		private static void customize(HttpClient client) {
			QueuedThreadPool executor = new QueuedThreadPool();
			executor.setName("engagelab-sms-jetty");
			executor.setDaemon(true);
			client.setExecutor(executor);
			client.setScheduler(new ScheduledExecutorScheduler("engagelab-sms-jetty-scheduler", true));
			client.addEventListener(new LifeCycle.Listener() {

				@Override
				public void lifeCycleStarted(LifeCycle event) {
					// It takes a 401 without a challenge for no answer at all
					client.getProtocolHandlers().remove(WWWAuthenticationProtocolHandler.NAME);
				}

			});
		}

	}

}

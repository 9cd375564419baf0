package io.github.engagelab.sms.client;

import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.function.Function;

import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.reactive.AbstractClientHttpRequest;
import org.springframework.http.client.reactive.AbstractClientHttpResponse;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.client.reactive.ClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpResponse;
import org.springframework.util.LinkedMultiValueMap;

/**
 * Connects {@code WebClient} with {@link EngageLabSmsHttpClient}, on workers of which a
 * bounded number sends at once, whoever asks.
 */
final class EngageLabSmsHttpConnector implements ClientHttpConnector {

	private static final int MAX_ATTEMPTS = 16;

	private final EngageLabSmsHttpClient client;

	private final Duration readTimeout;

	private final BoundedExecutor attempts;

	EngageLabSmsHttpConnector(EngageLabSmsHttpClient client, Duration readTimeout, EngageLabSmsThreads threads) {
		this.client = client;
		this.readTimeout = readTimeout;
		this.attempts = new BoundedExecutor(threads, MAX_ATTEMPTS);
	}

	@Override
	public Mono<ClientHttpResponse> connect(HttpMethod method, URI uri,
			Function<? super ClientHttpRequest, Mono<Void>> requestCallback) {
		Request request = new Request(method, HttpRequest.newBuilder(uri).timeout(this.readTimeout), uri);
		return requestCallback.apply(request)
			.then(this.attempts.call(() -> respond(this.client.send(request.builder.build()))));
	}

	private static ClientHttpResponse respond(EngageLabSmsHttpClient.Response response) {
		return new AbstractClientHttpResponse(HttpStatusCode.valueOf(response.status()), response.headers(),
				new LinkedMultiValueMap<>(), Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(response.body()))) {
		};
	}

	private static final class Request extends AbstractClientHttpRequest {

		private final HttpMethod method;

		private final HttpRequest.Builder builder;

		private final URI uri;

		Request(HttpMethod method, HttpRequest.Builder builder, URI uri) {
			this.method = method;
			this.builder = builder;
			this.uri = uri;
		}

		@Override
		public HttpMethod getMethod() {
			return this.method;
		}

		@Override
		public URI getURI() {
			return this.uri;
		}

		@Override
		public DataBufferFactory bufferFactory() {
			return DefaultDataBufferFactory.sharedInstance;
		}

		@Override
		@SuppressWarnings({ "unchecked", "TypeParameterUnusedInFormals" })
		public <T> T getNativeRequest() {
			return (T) this.builder.build();
		}

		@Override
		public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
			return Mono.error(new UnsupportedOperationException("No request has a body"));
		}

		@Override
		public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
			return writeWith(Mono.empty());
		}

		@Override
		public Mono<Void> setComplete() {
			return doCommit(Mono::empty);
		}

		@Override
		protected void applyHeaders() {
			getHeaders().forEach((name, values) -> values.forEach((value) -> this.builder.header(name, value)));
		}

		@Override
		protected void applyCookies() {
			// There are none
		}

	}

}

package io.github.engagelab.sms.client;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.Map.Entry;
import java.util.Objects;
import java.util.concurrent.Flow;
import java.util.concurrent.Semaphore;
import java.util.function.Function;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import org.jspecify.annotations.Nullable;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Mono;
import reactor.util.context.Context;

import org.springframework.core.codec.ByteArrayDecoder;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.codec.DecoderHttpMessageReader;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.util.DefaultUriBuilderFactory;
import org.springframework.web.util.DefaultUriBuilderFactory.EncodingMode;

/**
 * {@link WebClient} on the JDK's {@link HttpClient}, which is used by {@code send}:
 * {@code sendAsync} completes on the common pool, which belongs to the application, and
 * only {@code send} can be interrupted, which closes the connection.
 */
final class EngageLabSmsHttpClient implements AutoCloseable {

	private static final String USER_AGENT = "engagelab-sms-spring-boot";

	private static final int MAX_BODY_SIZE = 64 * 1024;

	private static final int MAX_REQUESTS = 16;

	private static final Duration REPLACE_AFTER = Duration.ofSeconds(5);

	private final WebClientSmsBalanceClient.Settings settings;

	private final List<EngageLabSmsHttpClientCustomizer> customizers;

	private final EngageLabSmsThreads threads;

	private final Semaphore requests = new Semaphore(MAX_REQUESTS, true);

	private final WebClient webClient;

	private volatile SingletonSupplier<HttpClient> client = SingletonSupplier.of(this::build);

	private volatile @Nullable HttpClient newest;

	// When the newest client was built or has last received headers
	private volatile long answeredAt;

	private volatile boolean closed;

	EngageLabSmsHttpClient(WebClientSmsBalanceClient.Settings settings,
			List<EngageLabSmsHttpClientCustomizer> customizers, ObservationRegistry observationRegistry,
			EngageLabSmsThreads threads) {
		this.settings = settings;
		this.customizers = customizers;
		this.threads = threads;
		this.webClient = buildWebClient(observationRegistry);
	}

	// Build the JDK's client if there is none. Whatever takes part in that may hang
	void prepare(EngageLabSmsTarget target) {
		try {
			this.client.obtain();
		}
		catch (RuntimeException ex) {
			throw toFailure(target, telling(ex));
		}
	}

	// Send a request, and block until the answer is there
	EngageLabSmsAnswer get(EngageLabSmsTarget target, String path, @Nullable Object observation)
			throws InterruptedException {
		ResponseEntity<byte[]> response;
		try {
			response = this.webClient.get()
				// As text, not as URI: only then is the observation's uri the path alone
				.uri(target.baseUrl() + path)
				.header(HttpHeaders.AUTHORIZATION, "Basic " + target.mask().authorization())
				.accept(MediaType.APPLICATION_JSON)
				.exchangeToMono((answer) -> answer.toEntity(byte[].class))
				.contextWrite((observation != null) ? Context.of(ObservationThreadLocalAccessor.KEY, observation)
						: Context.empty())
				.blockOptional()
				.orElseThrow();
		}
		catch (RuntimeException ex) {
			Throwable telling = telling(ex);
			if (telling instanceof InterruptedException interrupted) {
				throw interrupted;
			}
			throw toFailure(target, telling);
		}
		if (response.getStatusCode().value() == 407) {
			// Without the text, which is not the provider's and may repeat a password
			throw new PermanentConnectionException(target.account(), "HTTP 407 from the proxy" + tried(target));
		}
		return new EngageLabSmsAnswer(response.getStatusCode().value(),
				response.getHeaders().getFirst(HttpHeaders.RETRY_AFTER),
				Objects.requireNonNullElse(response.getBody(), new byte[0]));
	}

	// Blocks until the whole response is there, without its body if that is too large
	private ClientResponse send(ClientRequest request) throws IOException, InterruptedException {
		HttpRequest.Builder builder = HttpRequest.newBuilder(request.url()).timeout(this.settings.readTimeout());
		for (Entry<String, List<String>> header : request.headers().headerSet()) {
			for (String value : header.getValue()) {
				builder.header(header.getKey(), value);
			}
		}
		if (this.settings.proxy() != null && this.settings.proxy().authorization() != null) {
			// Not by an authenticator, with which the JDK before 24 drops Authorization.
			// The JDK sends this header to a proxy only
			builder.header(HttpHeaders.PROXY_AUTHORIZATION, this.settings.proxy().authorization());
		}
		HttpClient current = this.client.obtain();
		this.requests.acquire();
		try {
			HttpResponse<Flow.Publisher<List<ByteBuffer>>> response = current.send(builder.build(),
					BodyHandlers.ofPublisher());
			this.answeredAt = this.threads.nanoTime();
			ClientResponse.Builder answer = ClientResponse.create(HttpStatusCode.valueOf(response.statusCode()),
					List.of(new DecoderHttpMessageReader<>(new ByteArrayDecoder())));
			for (Entry<String, List<String>> header : response.headers().map().entrySet()) {
				// The body is JSON or it is not, whatever a gateway calls it
				if (!header.getKey().equalsIgnoreCase(HttpHeaders.CONTENT_TYPE)) {
					answer.header(header.getKey(), header.getValue().toArray(new String[0]));
				}
			}
			return answer.body(Mono.justOrEmpty(read(response.body())).flux()).build();
		}
		catch (IOException | InterruptedException ex) {
			// A client one of whose threads has died answers nothing any more. On JDK 17
			// not even its timeouts come
			if (ex instanceof HttpTimeoutException || ex instanceof ConnectException) {
				this.answeredAt = this.threads.nanoTime();
			}
			else if (this.threads.nanoTime() - this.answeredAt > REPLACE_AFTER.toNanos()) {
				this.answeredAt = this.threads.nanoTime();
				rebuild();
			}
			throw ex;
		}
		finally {
			this.requests.release();
		}
	}

	// The next request uses another client. The garbage collector ends the last one
	void rebuild() {
		this.client = SingletonSupplier.of(this::build);
	}

	@Override
	public void close() {
		this.closed = true;
		HttpClient last = this.newest;
		Method shutdown = ReflectionUtils.findMethod(HttpClient.class, "shutdownNow");
		// Before JDK 21 the garbage collector does it
		if (last != null && shutdown != null) {
			ReflectionUtils.invokeMethod(shutdown, last);
		}
	}

	// The JDK leaves it at a closed channel where a connection is refused
	private static Throwable telling(Throwable ex) {
		Throwable telling = ex;
		for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
			telling = (cause instanceof ClosedChannelException) ? telling : cause;
		}
		return telling;
	}

	// Without the exception itself, which holds the request and its headers
	private SmsBalanceException toFailure(EngageLabSmsTarget target, Throwable ex) {
		String message = (ex instanceof UnresolvedAddressException) ? "unknown host"
				: (ex instanceof ConnectException && ex.getMessage() == null) ? "refused" : ex.getMessage();
		String reason = target.mask()
			.apply(ex.getClass().getSimpleName() + ((message != null) ? ": " + message : "") + tried(target));
		if (ex instanceof GeneralSecurityException) {
			return new PermanentConnectionException(target.account(), reason);
		}
		boolean timeout = ex instanceof HttpTimeoutException && !(ex instanceof HttpConnectTimeoutException);
		return new SmsBalanceException(target.account(),
				timeout ? SmsBalanceFailure.TIMEOUT : SmsBalanceFailure.UNREACHABLE, reason, null);
	}

	private String tried(EngageLabSmsTarget target) {
		URI url = URI.create(target.baseUrl());
		int port = (url.getPort() != -1) ? url.getPort() : "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
		return " (" + ((this.settings.proxy() != null) ? this.settings.proxy() : url.getHost() + ":" + port) + ")";
	}

	private WebClient buildWebClient(ObservationRegistry observationRegistry) {
		String version = EngageLabSmsHttpClient.class.getPackage().getImplementationVersion();
		DefaultUriBuilderFactory uriBuilderFactory = new DefaultUriBuilderFactory();
		// Base URLs are complete as they are
		uriBuilderFactory.setEncodingMode(EncodingMode.NONE);
		return WebClient.builder()
			.uriBuilderFactory(uriBuilderFactory)
			.observationRegistry(observationRegistry)
			.defaultHeaders((headers) -> {
				headers.set(HttpHeaders.USER_AGENT, (version != null) ? USER_AGENT + "/" + version : USER_AGENT);
				this.settings.headers().forEach(headers::set);
			})
			// Not used, but without one an HTTP client is made for nothing
			.clientConnector((method, uri, callback) -> Mono.empty())
			.exchangeFunction((request) -> Mono.fromCallable(() -> send(request)))
			.build();
	}

	private HttpClient build() {
		HttpClient.Builder builder = HttpClient.newBuilder()
			// Else plain http asks for an upgrade, which not every gateway understands
			.version(HttpClient.Version.HTTP_1_1)
			// The JDK would send the credentials to another host
			.followRedirects(HttpClient.Redirect.NEVER)
			// Not by a method of this class: a reference to it would keep the JDK's
			// client and its thread from the garbage collector
			.executor(this.threads.workers());
		this.settings.applyTo(builder);
		this.customizers.forEach((customizer) -> customizer.customize(builder));
		HttpClient built = builder.build();
		this.answeredAt = this.threads.nanoTime();
		this.newest = built;
		if (this.closed) {
			close();
		}
		return built;
	}

	// An interrupt ends this, too, and closes the connection, unlike the read of an
	// InputStream on JDK 17
	private static @Nullable DataBuffer read(Flow.Publisher<List<ByteBuffer>> body) {
		return DataBufferUtils
			.join(JdkFlowAdapter.flowPublisherToFlux(body)
				.flatMapIterable(Function.identity())
				.map(DefaultDataBufferFactory.sharedInstance::wrap), MAX_BODY_SIZE)
			.onErrorComplete(DataBufferLimitException.class)
			.block();
	}

}

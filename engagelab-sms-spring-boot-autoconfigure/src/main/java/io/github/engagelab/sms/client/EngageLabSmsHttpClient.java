package io.github.engagelab.sms.client;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.core.codec.ByteArrayDecoder;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.codec.DecoderHttpMessageReader;
import org.springframework.http.codec.HttpMessageReader;
import org.springframework.util.ReflectionUtils;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;

/**
 * The JDK's {@link HttpClient}, built when it is first needed, and rebuilt when it has to
 * be. It is used by {@code send}: {@code sendAsync} completes on the common pool, which
 * belongs to the application, and only {@code send} can be interrupted, which closes the
 * connection.
 */
final class EngageLabSmsHttpClient implements AutoCloseable {

	private static final int MAX_BODY_SIZE = 64 * 1024;

	// A client one of whose threads has died of a shortage answers nothing any more, and
	// on JDK 17 not even its timeouts fire
	private static final int MAX_UNANSWERED = 3;

	private final EngageLabSmsThreads threads;

	private final Duration readTimeout;

	private final Consumer<HttpClient.Builder> customizer;

	// Made when they are first needed, off the start-up path
	private final SingletonSupplier<List<HttpMessageReader<?>>> readers = SingletonSupplier
		.of(() -> List.of(new DecoderHttpMessageReader<>(new ByteArrayDecoder())));

	private final ProxyAuthentication proxyAuthentication = new ProxyAuthentication();

	private volatile @Nullable HttpClient client;

	private final AtomicInteger rebuilds = new AtomicInteger();

	private final AtomicInteger unanswered = new AtomicInteger();

	private volatile boolean closed;

	EngageLabSmsHttpClient(EngageLabSmsThreads threads, Duration readTimeout, Consumer<HttpClient.Builder> customizer) {
		this.threads = threads;
		this.readTimeout = readTimeout;
		this.customizer = customizer;
	}

	// Waits for the whole answer, which comes without its body if that is too large
	ClientResponse send(ClientRequest request) throws IOException, InterruptedException {
		HttpRequest.Builder builder = HttpRequest.newBuilder(request.url()).timeout(this.readTimeout);
		request.headers().forEach((name, values) -> values.forEach((value) -> builder.header(name, value)));
		HttpClient current = client();
		AtomicBoolean answered = new AtomicBoolean();
		try {
			var response = current.send(this.proxyAuthentication.apply(builder.build(), current), (info) -> {
				answered.set(true);
				return BodySubscribers.ofPublisher();
			});
			return ClientResponse.create(HttpStatusCode.valueOf(response.statusCode()), this.readers.obtain())
				.headers((headers) -> {
					response.headers().map().forEach(headers::addAll);
					// The body is JSON or it is not, whatever a gateway calls it
					headers.remove(HttpHeaders.CONTENT_TYPE);
				})
				.body(Mono.justOrEmpty(read(response.body())).flux())
				.build();
		}
		catch (IOException ex) {
			if (!String.valueOf(ex.getMessage()).contains("selector manager closed")) {
				answered.set(true);
			}
			throw ex;
		}
		finally {
			countUnanswered(answered.get());
		}
	}

	// Use another client from the next request on, and let those under way end
	void rebuild() {
		this.rebuilds.incrementAndGet();
		discard("shutdown");
	}

	// Without the lock, which a customizer that hangs would hold
	@Override
	public void close() {
		this.closed = true;
		discard("shutdownNow");
	}

	private synchronized HttpClient client() {
		if (this.closed) {
			throw new RejectedExecutionException("The application context is closed");
		}
		HttpClient current = this.client;
		if (current == null) {
			int built = this.rebuilds.get();
			HttpClient.Builder builder = HttpClient.newBuilder()
				// Else plain http asks for an upgrade, which not every gateway
				// understands
				.version(HttpClient.Version.HTTP_1_1)
				// The JDK would send the credentials to another host
				.followRedirects(HttpClient.Redirect.NEVER)
				.executor(this.threads::executeHttp);
			this.customizer.accept(this.proxyAuthentication.intercept(builder));
			current = builder.build();
			this.client = current;
			if (this.closed) {
				discard("shutdownNow");
			}
			else if (this.rebuilds.get() != built) {
				// Built from what was updated meanwhile, it may serve this request only
				this.client = null;
			}
		}
		return current;
	}

	private void countUnanswered(boolean answered) {
		if (answered) {
			this.unanswered.set(0);
		}
		else if (this.unanswered.incrementAndGet() == MAX_UNANSWERED) {
			// Not now: those who are answered after all may end
			discard("shutdown");
			this.unanswered.set(0);
		}
	}

	private void discard(String shutdown) {
		HttpClient current = this.client;
		this.client = null;
		var method = ReflectionUtils.findMethod(HttpClient.class, shutdown);
		// Before JDK 21 the garbage collector does it
		if (current != null && method != null) {
			ReflectionUtils.invokeMethod(method, current);
		}
	}

	// An interrupt ends this, too, and closes the connection, unlike the read of an
	// InputStream on JDK 17
	private static @Nullable DataBuffer read(Flow.Publisher<List<ByteBuffer>> body) {
		Flux<DataBuffer> buffers = JdkFlowAdapter.flowPublisherToFlux(body)
			.flatMapIterable(Function.identity())
			.map(DefaultDataBufferFactory.sharedInstance::wrap);
		return DataBufferUtils.join(buffers, MAX_BODY_SIZE).onErrorComplete(DataBufferLimitException.class).block();
	}

}

package io.github.engagelab.sms.client;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpHeaders;
import org.springframework.util.ReflectionUtils;

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

	private final Consumer<HttpClient.Builder> customizer;

	private final ProxyAuthentication proxyAuthentication = new ProxyAuthentication();

	private volatile @Nullable HttpClient client;

	private int unanswered;

	private volatile boolean closed;

	EngageLabSmsHttpClient(EngageLabSmsThreads threads, Consumer<HttpClient.Builder> customizer) {
		this.threads = threads;
		this.customizer = customizer;
	}

	// Waits for the whole answer, which comes without its body if that is too large
	Response send(HttpRequest request) throws IOException, InterruptedException {
		HttpClient current = client();
		AtomicBoolean answered = new AtomicBoolean();
		try {
			HttpResponse<byte[]> response = current.send(this.proxyAuthentication.apply(request, current), (info) -> {
				answered.set(true);
				return new LimitedBody();
			});
			HttpHeaders headers = new HttpHeaders();
			response.headers().map().forEach(headers::addAll);
			return new Response(response.statusCode(), headers, response.body());
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
		}
		return current;
	}

	private synchronized void countUnanswered(boolean answered) {
		this.unanswered = answered ? 0 : this.unanswered + 1;
		if (this.unanswered == MAX_UNANSWERED) {
			// Not now: those who are answered after all may end
			discard("shutdown");
			this.unanswered = 0;
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

	/**
	 * Collects a body inside of {@code send}, which an interrupt ends: on JDK 17, the
	 * read of an {@code InputStream} goes on.
	 */
	private static final class LimitedBody implements BodySubscriber<byte[]> {

		private final CompletableFuture<byte[]> body = new CompletableFuture<>();

		private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

		private Flow.@Nullable Subscription subscription;

		@Override
		public CompletionStage<byte[]> getBody() {
			return this.body;
		}

		@Override
		public void onSubscribe(Flow.Subscription subscription) {
			this.subscription = subscription;
			subscription.request(Long.MAX_VALUE);
		}

		@Override
		public void onNext(List<ByteBuffer> buffers) {
			for (ByteBuffer buffer : buffers) {
				byte[] next = new byte[buffer.remaining()];
				buffer.get(next);
				this.bytes.writeBytes(next);
			}
			if (this.bytes.size() > MAX_BODY_SIZE) {
				// Closes the connection
				Objects.requireNonNull(this.subscription).cancel();
				this.body.complete(new byte[0]);
			}
		}

		@Override
		public void onError(Throwable ex) {
			this.body.completeExceptionally(ex);
		}

		@Override
		public void onComplete() {
			this.body.complete(this.bytes.toByteArray());
		}

	}

	@SuppressWarnings("ArrayRecordComponent")
	record Response(int status, HttpHeaders headers, byte[] body) {
	}

}

package io.github.engagelab.sms.client;

import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.WebClientSmsBalanceClient.Settings;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;
import tools.jackson.databind.JsonNode;

import org.springframework.core.NestedExceptionUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.util.DefaultUriBuilderFactory;
import org.springframework.web.util.DefaultUriBuilderFactory.EncodingMode;

/**
 * An exchange with the EngageLab SMS API: the rule for base URLs, credentials, masking,
 * limits and retries, and the one place that decides what a failure is. What is asked for
 * is up to the caller.
 */
final class EngageLabSmsExchange {

	private static final int MAX_ATTEMPTS = 16;

	private final EngageLabSmsConnectionDetails connectionDetails;

	private final Settings settings;

	private final EngageLabSmsThreads threads;

	private final Scheduler timer;

	private final Scheduler workers;

	// One worker for an account's source of credentials: if it hangs, no second one does
	private final Map<String, BoundedExecutor> resolvers = new ConcurrentHashMap<>();

	// Made when it is first needed, off the start-up path
	private final SingletonSupplier<WebClient> webClient;

	// Whoever comes while it is made waits without a thread
	private final BoundedExecutor maker;

	EngageLabSmsExchange(EngageLabSmsConnectionDetails connectionDetails, Settings settings,
			EngageLabSmsThreads threads, ObservationRegistry observationRegistry, EngageLabSmsHttpClient httpClient) {
		this.connectionDetails = connectionDetails;
		this.settings = settings;
		this.threads = threads;
		this.timer = Schedulers.fromExecutorService(threads.timer());
		this.workers = Schedulers.fromExecutor(threads::execute);
		this.webClient = SingletonSupplier.of(() -> makeWebClient(httpClient, observationRegistry));
		this.maker = new BoundedExecutor(threads, 1);
	}

	// Send a GET request, at every subscription
	<T> Mono<T> get(String account, String path, Function<JsonNode, @Nullable T> reader) {
		return Mono.deferContextual((context) -> {
			AtomicReference<SmsBalanceFailure> pending = context.hasKey(WebClientSmsBalanceClient.PENDING_FAILURE)
					? context.get(WebClientSmsBalanceClient.PENDING_FAILURE)
					: new AtomicReference<>(SmsBalanceFailure.TIMEOUT);
			AtomicBoolean permanent = new AtomicBoolean();
			return inTime(account, pending,
					resolve(account, pending)
						.flatMap((target) -> this.maker.call(this.webClient::obtain)
							.flatMap((webClient) -> attempt(webClient, target, path, reader, permanent)))
						.retryWhen(retry(permanent, pending)));
		});
	}

	Mono<String> identity(String account) {
		AtomicReference<SmsBalanceFailure> pending = new AtomicReference<>();
		return Mono.defer(() -> inTime(account, pending, resolve(account, pending).map(EngageLabSmsTarget::identity)));
	}

	private <T> Mono<T> inTime(String account, AtomicReference<SmsBalanceFailure> pending, Mono<T> mono) {
		return mono.timeout(Mono.delay(this.settings.requestTimeout(), this.timer).publishOn(this.workers),
				Mono.error(() -> new SmsBalanceException(account, Objects.requireNonNull(pending.get()), null)));
	}

	private Mono<EngageLabSmsTarget> resolve(String account, AtomicReference<SmsBalanceFailure> pending) {
		return Mono.defer(() -> {
			pending.set(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			return this.resolvers.computeIfAbsent(account, (name) -> new BoundedExecutor(this.threads, 1))
				.call(() -> EngageLabSmsTarget.resolve(account, this.connectionDetails,
						this.settings.allowPlaintext()));
		}).doOnNext((target) -> pending.set(SmsBalanceFailure.TIMEOUT));
	}

	private <T> Mono<T> attempt(WebClient webClient, EngageLabSmsTarget target, String path,
			Function<JsonNode, @Nullable T> reader, AtomicBoolean permanent) {
		return webClient.get()
			// As text, not as URI: only then is the observation's uri the path alone
			.uri(target.baseUrl() + path)
			.headers((headers) -> headers.setBasicAuth(target.mask().authorization()))
			.accept(MediaType.APPLICATION_JSON)
			.exchangeToMono((response) -> response.bodyToMono(byte[].class)
				.defaultIfEmpty(new byte[0])
				.map((body) -> new EngageLabSmsAnswer(response.statusCode().value(),
						response.headers().asHttpHeaders().getFirst(HttpHeaders.RETRY_AFTER), body)))
			.map((answer) -> answer.read(reader, target.account(), target.mask(), this.threads.now()))
			.onErrorMap((ex) -> !(ex instanceof SmsBalanceException), (ex) -> {
				// Certificates that are not accepted will not be next time
				permanent.set(NestedExceptionUtils.getMostSpecificCause(ex) instanceof GeneralSecurityException);
				return failed(target, ex);
			});
	}

	// Without the exception itself, which holds the request and its headers
	private static SmsBalanceException failed(EngageLabSmsTarget target, Throwable ex) {
		Throwable root = NestedExceptionUtils.getMostSpecificCause(ex);
		boolean timeout = root instanceof HttpTimeoutException && !(root instanceof HttpConnectTimeoutException);
		return new SmsBalanceException(target.account(),
				timeout ? SmsBalanceFailure.TIMEOUT : SmsBalanceFailure.UNREACHABLE,
				target.mask()
					.apply(root.getClass().getSimpleName()
							+ ((root.getMessage() != null) ? ": " + root.getMessage() : "")),
				null);
	}

	private Retry retry(AtomicBoolean permanent, AtomicReference<SmsBalanceFailure> pending) {
		return Retry.backoff(this.settings.maxRetries(), this.settings.retryDelay())
			.maxBackoff(this.settings.maxRetryDelay())
			.scheduler(this.timer)
			.filter((ex) -> !permanent.get() && isWorthAnotherAttempt(ex))
			.doBeforeRetryAsync((signal) -> {
				SmsBalanceException failed = (SmsBalanceException) signal.failure();
				pending.set(failed.getFailure());
				Duration wait = failed.getRetryAfter();
				return (wait != null) ? Mono.delay(wait, this.timer).then() : Mono.empty();
			})
			.onRetryExhaustedThrow((spec, signal) -> signal.failure());
	}

	private boolean isWorthAnotherAttempt(Throwable ex) {
		return ex instanceof SmsBalanceException failed && failed.getFailure().isRetryable()
				&& (failed.getRetryAfter() == null
						|| failed.getRetryAfter().compareTo(this.settings.maxRetryDelay()) <= 0);
	}

	private WebClient makeWebClient(EngageLabSmsHttpClient httpClient, ObservationRegistry observationRegistry) {
		BoundedExecutor attempts = new BoundedExecutor(this.threads, MAX_ATTEMPTS);
		DefaultUriBuilderFactory uriBuilderFactory = new DefaultUriBuilderFactory();
		// Base URLs are complete as they are
		uriBuilderFactory.setEncodingMode(EncodingMode.NONE);
		return WebClient.builder()
			// Not used, but without one an HTTP client is made for nothing
			.clientConnector((method, uri, callback) -> Mono.empty())
			.exchangeFunction((request) -> attempts.call(() -> httpClient.send(request)))
			.uriBuilderFactory(uriBuilderFactory)
			.observationRegistry(observationRegistry)
			.build();
	}

}

package io.github.engagelab.sms.client;

import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

import javax.net.ssl.SSLParameters;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.micrometer.observation.ObservationRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.util.backoff.BackOffExecution;
import org.springframework.util.backoff.ExponentialBackOff;
import org.springframework.util.function.SingletonSupplier;

/**
 * {@link SmsBalanceClient} that calls {@code GET /v1/balance} of the EngageLab SMS API
 * through {@code WebClient} on the JDK's HTTP client. Blocks the thread that subscribes.
 * Public for technical reasons only.
 */
public class WebClientSmsBalanceClient implements SmsBalanceClient, SmsBalanceReader, AutoCloseable {

	private static final Log logger = LogFactory.getLog(WebClientSmsBalanceClient.class);

	private final EngageLabSmsConnectionDetails connectionDetails;

	private final Settings settings;

	private final ObservationRegistry observationRegistry;

	private final EngageLabSmsThreads threads;

	// Made when it is first needed, off the start-up path
	private final SingletonSupplier<EngageLabSmsHttpClient> httpClient;

	private final Set<String> contradictory = ConcurrentHashMap.newKeySet();

	public WebClientSmsBalanceClient(EngageLabSmsConnectionDetails connectionDetails, Settings settings,
			List<EngageLabSmsHttpClientCustomizer> customizers, ObservationRegistry observationRegistry,
			EngageLabSmsThreads threads) {
		this.connectionDetails = connectionDetails;
		this.settings = settings;
		this.observationRegistry = observationRegistry;
		this.threads = threads;
		this.httpClient = SingletonSupplier
			.of(() -> new EngageLabSmsHttpClient(settings, customizers, observationRegistry, threads));
	}

	@Override
	public Mono<SmsBalance> getBalance(String account) {
		return Mono.fromCallable(() -> read(account, null, (pending) -> {
		}));
	}

	@Override
	public SmsBalance read(String account, @Nullable Object observation, Consumer<SmsBalanceFailure> pending)
			throws InterruptedException {
		SmsBalance balance = get(account, "/v1/balance", EngageLabSmsAnswer::toBalance, observation, pending);
		boolean contradictory = balance.balance10000() + balance.giftBalance10000() != balance.totalBalance10000();
		if (!contradictory) {
			this.contradictory.remove(account);
		}
		else if (this.contradictory.add(account)) {
			logger.warn(("The total balance of EngageLab SMS account '%s' is used although it is not the sum of its "
					+ "parts: balance10000 is %d, gift_balance10000 is %d, total_balance10000 is %d")
				.formatted(account, balance.balance10000(), balance.giftBalance10000(), balance.totalBalance10000()));
		}
		return balance;
	}

	@Override
	public @Nullable Object getCurrentObservation() {
		return this.observationRegistry.getCurrentObservation();
	}

	@Override
	public String getIdentity(String account, Consumer<SmsBalanceFailure> pending) {
		pending.accept(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
		return EngageLabSmsTarget.resolve(account, this.connectionDetails, this.settings.allowPlaintext()).identity();
	}

	public void reloadSslBundle() {
		this.httpClient.obtain().rebuild();
	}

	@Override
	public void close() {
		this.httpClient.obtain().close();
	}

	// Send GET requests until one succeeds, or another one cannot help
	private <T> T get(String account, String path, Function<JsonNode, @Nullable T> reader, @Nullable Object observation,
			Consumer<SmsBalanceFailure> pending) throws InterruptedException {
		BackOffExecution backOff = null;
		while (true) {
			try {
				pending.accept(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
				EngageLabSmsTarget target = EngageLabSmsTarget.resolve(account, this.connectionDetails,
						this.settings.allowPlaintext());
				pending.accept(SmsBalanceFailure.TIMEOUT);
				EngageLabSmsHttpClient client = this.httpClient.obtain();
				client.prepare(target);
				// Again: what hangs in there may swallow the interrupt, and be late
				pending.accept(SmsBalanceFailure.TIMEOUT);
				return client.get(target, path, observation).read(reader, account, target.mask(), this.threads.now());
			}
			catch (SmsBalanceException ex) {
				backOff = (backOff != null) ? backOff : this.settings.backOff().start();
				Duration retryAfter = Objects.requireNonNullElse(ex.getRetryAfter(), Duration.ZERO);
				long delay = isRetryable(ex, retryAfter) ? backOff.nextBackOff() : BackOffExecution.STOP;
				if (delay == BackOffExecution.STOP) {
					throw ex;
				}
				pending.accept(ex.getFailure());
				Thread.sleep(Math.max(delay, retryAfter.toMillis()));
			}
		}
	}

	// Who is asked to slow down, and not for how long, does not try again now
	private boolean isRetryable(SmsBalanceException ex, Duration retryAfter) {
		return ex.getFailure().isRetryable() && !(ex instanceof PermanentConnectionException)
				&& (ex.getFailure() != SmsBalanceFailure.RATE_LIMITED || ex.getRetryAfter() != null)
				&& retryAfter.compareTo(this.settings.maxRetryDelay()) <= 0;
	}

	/**
	 * The settings of the client. Without an SSL bundle or a proxy, it uses the JVM's.
	 */
	public record Settings(Duration connectTimeout, Duration readTimeout, int maxRetries, Duration retryDelay,
			Duration maxRetryDelay, boolean allowPlaintext, @Nullable Supplier<SslBundle> sslBundle,
			@Nullable Proxy proxy, Map<String, String> headers) {

		private ExponentialBackOff backOff() {
			ExponentialBackOff backOff = new ExponentialBackOff(this.retryDelay.toMillis(), 2);
			backOff.setMaxInterval(this.maxRetryDelay.toMillis());
			backOff.setMaxAttempts(this.maxRetries);
			backOff.setJitter(this.retryDelay.toMillis() / 2);
			return backOff;
		}

		void applyTo(HttpClient.Builder builder) {
			builder.connectTimeout(this.connectTimeout);
			if (this.proxy != null) {
				builder.proxy(ProxySelector.of(InetSocketAddress.createUnresolved(this.proxy.host, this.proxy.port)));
			}
			if (this.sslBundle != null) {
				SslBundle bundle = this.sslBundle.get();
				SslOptions options = bundle.getOptions();
				builder.sslContext(bundle.createSslContext())
					.sslParameters(new SSLParameters(options.getCiphers(), options.getEnabledProtocols()));
			}
		}

	}

	/**
	 * A proxy for all requests, and what it gets as {@code Proxy-Authorization}.
	 */
	public record Proxy(String host, int port, @Nullable String authorization) {

		@Override
		public String toString() {
			return this.host + ":" + this.port;
		}

	}

}

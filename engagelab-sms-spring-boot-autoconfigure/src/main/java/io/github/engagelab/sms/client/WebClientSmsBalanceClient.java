package io.github.engagelab.sms.client;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

import javax.net.ssl.SSLParameters;

import io.github.engagelab.sms.SmsBalance;
import io.micrometer.observation.ObservationRegistry;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.util.function.SingletonSupplier;

/**
 * {@link SmsBalanceClient} that calls {@code GET /v1/balance} of the EngageLab SMS API
 * through {@code WebClient} on the JDK's HTTP client. Public for technical reasons only.
 */
public final class WebClientSmsBalanceClient implements SmsBalanceClient, AutoCloseable {

	/**
	 * Key of the subscriber's context under which this client keeps an
	 * {@code AtomicReference} up to date with what a refresh that ends now has failed of.
	 */
	public static final String PENDING_FAILURE = "engagelab.sms.pendingFailure";

	private static final Log logger = LogFactory.getLog(WebClientSmsBalanceClient.class);

	private static final String PATH = "/v1/balance";

	private final EngageLabSmsHttpClient httpClient;

	// Made when it is first needed, off the start-up path
	private final SingletonSupplier<EngageLabSmsExchange> exchange;

	private final Set<String> contradictory = ConcurrentHashMap.newKeySet();

	public WebClientSmsBalanceClient(EngageLabSmsConnectionDetails connectionDetails, Settings settings,
			List<EngageLabSmsHttpClientCustomizer> customizers, ObservationRegistry observationRegistry,
			EngageLabSmsThreads threads) {
		this.httpClient = new EngageLabSmsHttpClient(threads, settings.readTimeout(), (builder) -> {
			settings.applyTo(builder);
			customizers.forEach((customizer) -> customizer.customize(builder));
		});
		this.exchange = SingletonSupplier.of(() -> new EngageLabSmsExchange(connectionDetails, settings, threads,
				observationRegistry, this.httpClient));
	}

	@Override
	public Mono<SmsBalance> getBalance(String account) {
		return this.exchange.obtain()
			.get(account, PATH, WebClientSmsBalanceClient::read)
			.doOnNext((balance) -> check(account, balance));
	}

	// Return a short hash of an account's base URL and credentials: replicas with the
	// same
	// one are answered alike
	public Mono<String> getIdentity(String account) {
		return this.exchange.obtain().identity(account);
	}

	public void reloadSslBundle() {
		this.httpClient.rebuild();
	}

	@Override
	public void close() {
		this.httpClient.close();
	}

	private static @Nullable SmsBalance read(JsonNode json) {
		Long balance = EngageLabSmsAnswer.integer(json, "balance10000");
		Long giftBalance = EngageLabSmsAnswer.integer(json, "gift_balance10000");
		Long totalBalance = EngageLabSmsAnswer.integer(json, "total_balance10000");
		return (balance != null && giftBalance != null && totalBalance != null)
				? new SmsBalance(balance, giftBalance, totalBalance) : null;
	}

	private void check(String account, SmsBalance balance) {
		if (balance.balance10000() + balance.giftBalance10000() == balance.totalBalance10000()) {
			this.contradictory.remove(account);
		}
		else if (this.contradictory.add(account)) {
			logger.warn(
					"The total balance of EngageLab SMS account '%s' is used although it is not the sum of its parts: "
						.formatted(account)
							+ "balance10000 is %d, gift_balance10000 is %d, total_balance10000 is %d".formatted(
									balance.balance10000(), balance.giftBalance10000(), balance.totalBalance10000()));
		}
	}

	/**
	 * The settings of the client.
	 *
	 * @param connectTimeout the maximum time to connect
	 * @param readTimeout the maximum time until the headers of an answer have arrived
	 * @param requestTimeout the maximum time of a refresh, retries included
	 * @param maxRetries the maximum number of retries
	 * @param retryDelay the delay before the first retry; it doubles with each further
	 * one
	 * @param maxRetryDelay the maximum delay before a retry; if the provider asks for
	 * more by {@code Retry-After}, there is none
	 * @param allowPlaintext whether plain http is allowed beyond this host
	 * @param sslBundle supplies the SSL bundle to use, or {@code null} for the JVM's
	 * default
	 */
	public record Settings(Duration connectTimeout, Duration readTimeout, Duration requestTimeout, int maxRetries,
			Duration retryDelay, Duration maxRetryDelay, boolean allowPlaintext,
			@Nullable Supplier<SslBundle> sslBundle) {

		private void applyTo(HttpClient.Builder builder) {
			builder.connectTimeout(this.connectTimeout);
			if (this.sslBundle != null) {
				SslBundle bundle = this.sslBundle.get();
				SslOptions options = bundle.getOptions();
				SSLParameters parameters = new SSLParameters();
				parameters.setCipherSuites(options.getCiphers());
				parameters.setProtocols(options.getEnabledProtocols());
				builder.sslContext(bundle.createSslContext()).sslParameters(parameters);
			}
		}

	}

}

package io.github.engagelab.sms.client;

import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;
import reactor.util.retry.Retry;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.util.StringUtils;
import org.springframework.web.reactive.function.BodyExtractors;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * Calls {@code GET /v1/balance} of the EngageLab SMS API by {@link WebClient}. Every
 * exchange is bounded in time, in tries and in size.
 */
public final class WebClientSmsBalanceClient implements SmsBalanceClient {

	private static final Log logger = LogFactory.getLog(WebClientSmsBalanceClient.class);

	/**
	 * Reactor's key for what an {@code onErrorDropped} hook would do for everybody.
	 */
	private static final String ON_ERROR_DROPPED = "reactor.onErrorDropped.local";

	private static final String PATH = "/v1/balance";

	private static final int MAX_BODY_SIZE = 64 * 1024;

	private static final ByteBuffer EMPTY = ByteBuffer.allocate(0);

	private final EngageLabSmsConnectionDetails connectionDetails;

	private final Supplier<WebClient> webClient;

	private final Limits limits;

	private final Clock clock;

	private final JsonMapper mapper = SmsBalanceAnswer.strictMapper();

	/**
	 * Create a client.
	 * @param connectionDetails asked before every exchange
	 * @param webClient supplies the one client to use; first asked at the first exchange.
	 * It must not follow redirects, which would carry the credentials to another host
	 * @param limits the limits of an exchange
	 * @param clock tells when now is, for a {@code Retry-After} date
	 */
	public WebClientSmsBalanceClient(EngageLabSmsConnectionDetails connectionDetails, Supplier<WebClient> webClient,
			Limits limits, Clock clock) {
		this.connectionDetails = connectionDetails;
		this.webClient = webClient;
		this.limits = limits;
		this.clock = clock;
	}

	@Override
	public Mono<SmsBalance> getBalance(String account) {
		return Mono.defer(() -> exchange(account))
			.retryWhen(retry())
			// The connectors' read timeouts end neither a drip of bytes nor, all of them,
			// a silence after the headers
			.timeout(this.limits.requestTimeout(),
					Mono.error(() -> new SmsBalanceException(account, SmsBalanceFailure.TIMEOUT, null)))
			.contextWrite(Context.of(ON_ERROR_DROPPED, (Consumer<Throwable>) this::dropped));
	}

	/**
	 * A request that was given up still ends, and without this Reactor would log that as
	 * an error, with a stack trace, every time.
	 * @param ex how it ended
	 */
	private void dropped(Throwable ex) {
		logger.debug("A request that was given up has ended", ex);
	}

	private Mono<SmsBalance> exchange(String account) {
		Credentials credentials = this.connectionDetails.getCredentials(account);
		if (credentials == null) {
			return Mono.error(new SmsBalanceException(account, SmsBalanceFailure.NOT_CONFIGURED, null));
		}
		SecretMask secrets = new SecretMask(credentials);
		String baseUrl = this.connectionDetails.getBaseUrl(account).toString();
		return this.webClient.get()
			.get()
			// As text, not as URI: only then is the observation's uri /v1/balance
			.uri(StringUtils.trimTrailingCharacter(baseUrl, '/') + PATH)
			.headers((headers) -> headers.setBasicAuth(secrets.authorization()))
			.accept(MediaType.APPLICATION_JSON)
			.exchangeToMono(this::receive)
			.map((answer) -> answer.read(account, this.mapper, secrets, this.clock))
			.onErrorMap((ex) -> !(ex instanceof SmsBalanceException),
					(ex) -> new SmsBalanceException(account, classify(ex), ex));
	}

	private Mono<SmsBalanceAnswer> receive(ClientResponse response) {
		int status = response.statusCode().value();
		String retryAfter = response.headers().asHttpHeaders().getFirst(HttpHeaders.RETRY_AFTER);
		// Not by the codecs: they are the application's, and so are their limits
		return DataBufferUtils.join(response.body(BodyExtractors.toDataBuffers()), MAX_BODY_SIZE)
			.map(WebClientSmsBalanceClient::copy)
			.defaultIfEmpty(EMPTY)
			.map((body) -> new SmsBalanceAnswer(status, retryAfter, body))
			.onErrorReturn(DataBufferLimitException.class, new SmsBalanceAnswer(status, retryAfter, EMPTY));
	}

	private static ByteBuffer copy(DataBuffer buffer) {
		ByteBuffer bytes = ByteBuffer.allocate(buffer.readableByteCount());
		buffer.toByteBuffer(bytes);
		DataBufferUtils.release(buffer);
		return bytes;
	}

	private static SmsBalanceFailure classify(Throwable ex) {
		for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
			// By name: the connectors have a class each, and none of those need be here
			String name = cause.getClass().getSimpleName();
			if (name.endsWith("TimeoutException") && !name.contains("Connect")) {
				return SmsBalanceFailure.TIMEOUT;
			}
		}
		return SmsBalanceFailure.UNREACHABLE;
	}

	private Retry retry() {
		return Retry.backoff(this.limits.maxRetries(), this.limits.retryDelay())
			.maxBackoff(this.limits.maxRetryDelay())
			// The next try asks for credentials, which may block
			.scheduler(Schedulers.boundedElastic())
			.filter(this::isWorthAnotherTry)
			.doBeforeRetryAsync((signal) -> Mono.justOrEmpty(retryAfter(signal.failure())).flatMap(Mono::delay).then())
			.onRetryExhaustedThrow((spec, signal) -> signal.failure());
	}

	private boolean isWorthAnotherTry(Throwable ex) {
		Duration wait = retryAfter(ex);
		return ex instanceof SmsBalanceException failed && failed.getFailure().isRetryable()
				&& (wait == null || wait.compareTo(this.limits.maxRetryDelay()) <= 0);
	}

	private static @Nullable Duration retryAfter(Throwable ex) {
		return (ex instanceof SmsBalanceException failed) ? failed.getRetryAfter() : null;
	}

	/**
	 * The limits of an exchange.
	 *
	 * @param requestTimeout how long the whole exchange may take, retries included
	 * @param maxRetries how many more tries there are after the first
	 * @param retryDelay how long to wait before the second try; doubles with every
	 * further one
	 * @param maxRetryDelay how long to wait between two tries at most; if the provider
	 * asks for more by {@code Retry-After}, there is no further try
	 */
	public record Limits(Duration requestTimeout, int maxRetries, Duration retryDelay, Duration maxRetryDelay) {
	}

}

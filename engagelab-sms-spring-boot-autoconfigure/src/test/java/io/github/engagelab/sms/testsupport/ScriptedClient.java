package io.github.engagelab.sms.testsupport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.SmsBalanceClient;
import reactor.core.publisher.Mono;

/**
 * A client that gives the answer it was told to give last, and remembers who asked when.
 */
public final class ScriptedClient implements SmsBalanceClient {

	private final List<Call> calls = new CopyOnWriteArrayList<>();

	private final LongSupplier nanoTime;

	private volatile Supplier<Mono<SmsBalance>> answer = () -> Mono.error(new IllegalStateException("No answer yet"));

	public ScriptedClient() {
		this(System::nanoTime);
	}

	/**
	 * Create a client.
	 * @param nanoTime the monotonic clock that dates the calls
	 */
	public ScriptedClient(LongSupplier nanoTime) {
		this.nanoTime = nanoTime;
	}

	@Override
	public Mono<SmsBalance> getBalance(String account) {
		this.calls.add(new Call(account, TimeUnit.NANOSECONDS.toMillis(this.nanoTime.getAsLong())));
		return this.answer.get();
	}

	public void answer(Mono<SmsBalance> answer) {
		answerWith(() -> answer);
	}

	/**
	 * Answer whatever a supplier returns or throws.
	 * @param answer called for every call of this client
	 */
	public void answerWith(Supplier<Mono<SmsBalance>> answer) {
		this.answer = answer;
	}

	/**
	 * Answer with a total balance, all of it general.
	 * @param total10000 the total balance x 10000
	 */
	public void balance(long total10000) {
		answer(Mono.just(new SmsBalance(total10000, 0, total10000)));
	}

	public void fail(SmsBalanceFailure failure) {
		answer(Mono.error(() -> new SmsBalanceException("default", failure, null)));
	}

	public void fail(SmsBalanceFailure failure, Duration retryAfter) {
		answer(Mono.error(() -> new SmsBalanceException("default", failure, 429, null, null, retryAfter)));
	}

	public List<Call> calls() {
		return this.calls;
	}

	public record Call(String account, long millis) {
	}

}

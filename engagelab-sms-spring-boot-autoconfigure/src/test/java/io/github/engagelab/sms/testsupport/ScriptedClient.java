package io.github.engagelab.sms.testsupport;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.SmsBalanceClient;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A client that gives the answer it was told to give last, and remembers who asked when.
 */
public final class ScriptedClient implements SmsBalanceClient {

	private final List<Call> calls = new CopyOnWriteArrayList<>();

	private volatile Mono<SmsBalance> answer = Mono.error(new IllegalStateException("No answer yet"));

	@Override
	public Mono<SmsBalance> getBalance(String account) {
		this.calls.add(new Call(account, Schedulers.parallel().now(TimeUnit.MILLISECONDS)));
		return this.answer;
	}

	public void answer(Mono<SmsBalance> answer) {
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

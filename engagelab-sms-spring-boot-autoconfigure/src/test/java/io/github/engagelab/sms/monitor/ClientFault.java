package io.github.engagelab.sms.monitor;

import java.util.function.Supplier;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceFailure;
import reactor.core.publisher.Mono;

/**
 * What an application's client may do although it must not.
 */
enum ClientFault {

	NEVER(SmsBalanceFailure.TIMEOUT, null, Mono::never),

	EMPTY("returned nothing", Mono::empty),

	NULL(failed(NullPointerException.class), () -> null),

	ERROR_SIGNAL(failed(IllegalStateException.class), () -> Mono.error(Thrown.EXCEPTION), Thrown.EXCEPTION),

	EXCEPTION_ON_SUBSCRIBE(failed(IllegalStateException.class), onSubscribe(Thrown.EXCEPTION), Thrown.EXCEPTION),

	EXCEPTION_IN_CALL(failed(IllegalStateException.class), inCall(Thrown.EXCEPTION), Thrown.EXCEPTION),

	OUT_OF_MEMORY_SIGNAL(failed(OutOfMemoryError.class), () -> Mono.error(Thrown.OUT_OF_MEMORY), Thrown.OUT_OF_MEMORY),

	OUT_OF_MEMORY_ON_SUBSCRIBE(failed(OutOfMemoryError.class), onSubscribe(Thrown.OUT_OF_MEMORY), Thrown.OUT_OF_MEMORY),

	OUT_OF_MEMORY_IN_CALL(failed(OutOfMemoryError.class), inCall(Thrown.OUT_OF_MEMORY), Thrown.OUT_OF_MEMORY),

	STACK_OVERFLOW_ON_SUBSCRIBE(failed(StackOverflowError.class), onSubscribe(Thrown.STACK_OVERFLOW),
			Thrown.STACK_OVERFLOW),

	STACK_OVERFLOW_IN_CALL(failed(StackOverflowError.class), inCall(Thrown.STACK_OVERFLOW), Thrown.STACK_OVERFLOW),

	LINKAGE_ERROR_ON_SUBSCRIBE(failed(NoClassDefFoundError.class), onSubscribe(Thrown.LINKAGE), Thrown.LINKAGE),

	LINKAGE_ERROR_IN_CALL(failed(NoClassDefFoundError.class), inCall(Thrown.LINKAGE), Thrown.LINKAGE);

	private final SmsBalanceFailure failure;

	private final String reason;

	private final Supplier<Mono<SmsBalance>> answer;

	private final Throwable cause;

	ClientFault(SmsBalanceFailure failure, String reason, Supplier<Mono<SmsBalance>> answer) {
		this(failure, reason, answer, null);
	}

	ClientFault(String reason, Supplier<Mono<SmsBalance>> answer) {
		this(reason, answer, null);
	}

	ClientFault(String reason, Supplier<Mono<SmsBalance>> answer, Throwable cause) {
		this(SmsBalanceFailure.MALFORMED_RESPONSE, "SmsBalanceClient " + reason, answer, cause);
	}

	ClientFault(SmsBalanceFailure failure, String reason, Supplier<Mono<SmsBalance>> answer, Throwable cause) {
		this.failure = failure;
		this.reason = reason;
		this.answer = answer;
		this.cause = cause;
	}

	Mono<SmsBalance> answer() {
		return this.answer.get();
	}

	SmsBalanceFailure getFailure() {
		return this.failure;
	}

	String getReason() {
		return this.reason;
	}

	boolean isCause(Throwable cause) {
		return (this != NULL) ? cause == this.cause : cause instanceof NullPointerException;
	}

	private static String failed(Class<? extends Throwable> type) {
		return "failed: " + type.getName();
	}

	private static Supplier<Mono<SmsBalance>> onSubscribe(Throwable thrown) {
		return () -> Mono.from((subscriber) -> sneakyThrow(thrown));
	}

	private static Supplier<Mono<SmsBalance>> inCall(Throwable thrown) {
		return () -> {
			sneakyThrow(thrown);
			return null;
		};
	}

	@SuppressWarnings({ "unchecked", "TypeParameterUnusedInFormals" })
	private static <X extends Throwable> void sneakyThrow(Throwable thrown) throws X {
		throw (X) thrown;
	}

	private static final class Thrown {

		private static final IllegalStateException EXCEPTION = new IllegalStateException("own");

		private static final OutOfMemoryError OUT_OF_MEMORY = new OutOfMemoryError("own");

		private static final StackOverflowError STACK_OVERFLOW = new StackOverflowError("own");

		private static final NoClassDefFoundError LINKAGE = new NoClassDefFoundError("own");

	}

}

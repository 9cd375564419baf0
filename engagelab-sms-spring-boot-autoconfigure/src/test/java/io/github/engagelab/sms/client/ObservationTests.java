package io.github.engagelab.sms.client;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.observation.Observation;
import io.micrometer.observation.Observation.Context;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.ObservationView;
import io.micrometer.observation.contextpropagation.ObservationThreadLocalAccessor;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.web.reactive.function.client.ClientRequestObservationContext;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What a request is a part of, for those who trace.
 */
class ObservationTests {

	private final List<Context> requests = new CopyOnWriteArrayList<>();

	private final ObservationRegistry registry = registry(this.requests);

	private final Observation first = Observation.start("first", this.registry);

	private final Observation second = Observation.start("second", this.registry);

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false")
		.withBean("callers", ObservationRegistry.class, () -> this.registry);

	@Test
	void getBalanceIsAPartOfWhatTheThreadIsObservedBy() {
		run(RawServer.respond("200 OK", RawServer.EXAMPLE), (service, reactive) -> {
			inScope(this.first, service::getBalance);
			assertThat(parents()).containsExactly(this.first);
			inScope(this.second, () -> reactive.getBalance().toFuture().join());
			assertThat(parents()).containsExactly(this.first, this.second);
			service.getBalance();
			assertThat(parents()).containsExactly(this.first, this.second, null);
		});
	}

	@Test
	void getBalanceWhenSubscribedIsAPartOfWhatTheSubscriberIsObservedBy() {
		run(RawServer.respond("200 OK", RawServer.EXAMPLE), (service, reactive) -> {
			inScope(this.second,
					() -> reactive.getBalance()
						.contextWrite((context) -> context.put(ObservationThreadLocalAccessor.KEY, this.first))
						.toFuture()
						.join());
			assertThat(parents()).containsExactly(this.first);
		});
	}

	@Test
	void getBalanceWhenARefreshIsJoinedIsAPartOfThatRefreshOnly() {
		CountDownLatch release = new CountDownLatch(1);
		run((request, number, out, socket) -> {
			release.await();
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		}, (service, reactive) -> {
			CompletableFuture<SmsBalance> one = inScope(this.first, () -> reactive.getBalance().toFuture());
			CompletableFuture<SmsBalance> other = inScope(this.second, () -> reactive.getBalance().toFuture());
			release.countDown();
			one.get(1, TimeUnit.MINUTES);
			other.get(1, TimeUnit.MINUTES);
			assertThat(parents()).containsExactly(this.first);
		});
	}

	@Test
	void pollIsAPartOfNothing() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			inScope(this.first, () -> {
				this.runner
					.withPropertyValues("engagelab.sms.refresh.enabled=true",
							"engagelab.sms.base-url=" + server.baseUrl())
					.run((context) -> {
						Awaitility.await().until(() -> !server.requests().isEmpty());
						assertThat(parents()).containsExactly((ObservationView) null);
					});
				return null;
			});
		}
	}

	private static ObservationRegistry registry(List<Context> requests) {
		ObservationRegistry registry = ObservationRegistry.create();
		registry.observationConfig().observationHandler(new ObservationHandler<>() {

			@Override
			public void onStart(Context context) {
				requests.add(context);
			}

			@Override
			public boolean supportsContext(Context context) {
				return context instanceof ClientRequestObservationContext;
			}

		});
		return registry;
	}

	private static <T> T inScope(Observation observation, Supplier<T> call) {
		try (Observation.Scope scope = observation.openScope()) {
			return call.get();
		}
	}

	private List<ObservationView> parents() {
		return this.requests.stream().<ObservationView>map(Context::getParentObservation).toList();
	}

	private void run(RawServer.Script script, Calls calls) {
		try (RawServer server = new RawServer(script)) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl())
				.run((context) -> calls.make(context.getBean(SmsBalanceService.class),
						context.getBean(ReactiveSmsBalanceService.class)));
		}
	}

	@FunctionalInterface
	private interface Calls {

		void make(SmsBalanceService service, ReactiveSmsBalanceService reactive) throws Exception;

	}

}

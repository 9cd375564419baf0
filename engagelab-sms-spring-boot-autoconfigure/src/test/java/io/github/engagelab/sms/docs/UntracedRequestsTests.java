package io.github.engagelab.sms.docs;

import java.util.Objects;

import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.Observation.Context;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.transport.SenderContext;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The reference's way to keep the host's trace from the provider.
 */
class UntracedRequestsTests {

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("engagelab.sms.refresh.enabled=false")
		.withBean(Tracing.class);

	@Test
	void requestIsTracedUnlessRefused() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			ApplicationContextRunner application = this.runner
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl() + "/sms");
			application.run((context) -> {
				context.getBean(SmsBalanceService.class).getBalance();
				assertThat(context.getBean(MeterRegistry.class).find("http.client.requests").timer()).isNotNull();
			});
			application.withUserConfiguration(UntracedRequests.class).run((context) -> {
				context.getBean(SmsBalanceService.class).getBalance();
				assertThat(context.getBean(MeterRegistry.class).find("http.client.requests").timer()).isNull();
			});
			assertThat(server.requests()).hasSize(2);
			assertThat(server.requests().get(0)).containsIgnoringCase("\r\ntraceparent: 00-1-2-01");
			assertThat(server.requests().get(1)).doesNotContainIgnoringCase("traceparent");
		}
	}

	/**
	 * Adds to a request what Micrometer Tracing does.
	 */
	static class Tracing implements ObservationHandler<SenderContext<Object>> {

		@Override
		public void onStart(SenderContext<Object> context) {
			context.getSetter().set(Objects.requireNonNull(context.getCarrier()), "traceparent", "00-1-2-01");
		}

		@Override
		public boolean supportsContext(Context context) {
			return context instanceof SenderContext<?>;
		}

	}

}

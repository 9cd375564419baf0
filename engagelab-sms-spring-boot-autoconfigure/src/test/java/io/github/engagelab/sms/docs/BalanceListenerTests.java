package io.github.engagelab.sms.docs;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.event.EventListener;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The reference's listener in the demo's story: spend, top up, fail, recover.
 */
class BalanceListenerTests {

	private final ScriptedClient client = new ScriptedClient();

	private final WireMockServer slack = new WireMockServer(WireMockConfiguration.options().dynamicPort());

	@BeforeEach
	void startSlack() {
		this.slack.start();
		this.slack.stubFor(WireMock.post("/services/x").willReturn(WireMock.ok("ok")));
	}

	@AfterEach
	void stopSlack() {
		this.slack.stop();
	}

	@Test
	void listenerIsToldOnceOfEveryChange() {
		new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.low=5",
					"slack.webhook=" + this.slack.baseUrl() + "/services/x")
			.withBean(SmsBalanceClient.class, () -> this.client)
			.withBean(BalanceListener.class)
			.withBean(Recorder.class)
			.run((context) -> {
				var monitor = context.getBean(SmsBalanceMonitors.class).get("default");
				for (long total10000 : new long[] { 143456, 143456, 43456, 43456, 543456 }) {
					this.client.balance(total10000);
					refresh(monitor);
				}
				this.client.fail(SmsBalanceFailure.SERVER_ERROR);
				refresh(monitor);
				refresh(monitor);
				this.client.fail(SmsBalanceFailure.INVALID_CREDENTIALS);
				refresh(monitor);
				refresh(monitor);
				this.client.balance(543456);
				refresh(monitor);
				List<SmsAccountState> states = context.getBean(Recorder.class).states;
				Awaitility.await().until(() -> states.size() >= 5 && this.slack.getAllServeEvents().size() >= 5);
				assertThat(states).containsExactly(SmsAccountState.OK, SmsAccountState.LOW, SmsAccountState.OK,
						SmsAccountState.REJECTED, SmsAccountState.OK);
			});
		assertThat(this.slack.getAllServeEvents()).hasSize(5);
		this.slack.verify(1,
				WireMock.postRequestedFor(WireMock.urlEqualTo("/services/x"))
					.withHeader("Content-Type", WireMock.containing("application/json"))
					.withRequestBody(WireMock.equalToJson("{\"text\": \"EngageLab account default is LOW, was OK\"}")));
	}

	private static void refresh(SmsBalanceMonitor monitor) {
		monitor.refresh().handle((snapshot, failure) -> snapshot).join();
	}

	static class Recorder {

		private final List<SmsAccountState> states = new CopyOnWriteArrayList<>();

		@EventListener
		void onChange(SmsAccountStateChangedEvent event) {
			this.states.add(event.current());
		}

	}

}

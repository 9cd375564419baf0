package io.github.engagelab.sms;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The README's listener in the demo's story: spend, top up, fail, recover.
 */
class ReadmeListenerTests {

	private static final List<String> notes = new CopyOnWriteArrayList<>();

	private final ScriptedClient client = new ScriptedClient();

	@Test
	void listenerIsToldOnceOfEveryChange() {
		new ApplicationContextRunner().withConfiguration(TestContexts.AUTO_CONFIGURATIONS)
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.low=5")
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
				Awaitility.await().until(() -> states.size() >= 5);
				assertThat(states).containsExactly(SmsAccountState.OK, SmsAccountState.LOW, SmsAccountState.OK,
						SmsAccountState.REJECTED, SmsAccountState.OK);
				assertThat(notes).containsExactly("Top up EngageLab account default");
			});
	}

	private static void refresh(SmsBalanceMonitor monitor) {
		monitor.refresh().handle((snapshot, failure) -> snapshot).join();
	}

	private static void notifyFinance(String note) {
		notes.add(note);
	}

	@Component
	static class BalanceListener {

		@EventListener
		void onChange(SmsAccountStateChangedEvent event) {
			if (event.current() == SmsAccountState.LOW) {
				notifyFinance("Top up EngageLab account " + event.account());
			}
		}

	}

	static class Recorder {

		private final List<SmsAccountState> states = new CopyOnWriteArrayList<>();

		@EventListener
		void onChange(SmsAccountStateChangedEvent event) {
			this.states.add(event.current());
		}

	}

}

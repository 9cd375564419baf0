package io.github.engagelab.sms.docs;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.docs.BalanceChanges.BalanceChanged;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.Async;
import org.springframework.scheduling.annotation.EnableAsync;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.event.TransactionalEventListener;
import org.springframework.transaction.support.AbstractPlatformTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The reference's way to listeners that need a transaction, such as Spring Modulith's.
 */
class BalanceChangesTests {

	private final ScriptedClient client = new ScriptedClient();

	private final List<BalanceChanged> changes = new CopyOnWriteArrayList<>();

	private final List<String> threads = new CopyOnWriteArrayList<>();

	@Test
	void listenerOfModuleIsNotifiedOnceOfEveryChange() {
		TestContexts.runner()
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.threshold.low=5")
			.withBean(SmsBalanceClient.class, () -> this.client)
			.withUserConfiguration(Transactions.class)
			.withBean(BalanceChanges.class)
			.withBean(Module.class, () -> new Module(this.changes, this.threads))
			.run((context) -> {
				var monitor = context.getBean(SmsBalanceMonitors.class).get("default");
				for (long total10000 : new long[] { 143456, 143456, 43456 }) {
					this.client.balance(total10000);
					monitor.refresh().join();
				}
				Awaitility.await().until(() -> this.changes.size() >= 2);
				assertThat(this.changes).containsExactlyInAnyOrder(new BalanceChanged("default", SmsAccountState.OK),
						new BalanceChanged("default", SmsAccountState.LOW));
				assertThat(this.threads).noneMatch((thread) -> thread.startsWith("engagelab-sms-"));
			});
	}

	/**
	 * A module of the application.
	 */
	static class Module {

		private final List<BalanceChanged> changes;

		private final List<String> threads;

		Module(List<BalanceChanged> changes, List<String> threads) {
			this.changes = changes;
			this.threads = threads;
		}

		@ApplicationModuleListener
		void onChange(BalanceChanged change) {
			this.threads.add(Thread.currentThread().getName());
			this.changes.add(change);
		}

	}

	/**
	 * As Spring Modulith has it.
	 */
	@Async
	@Transactional(propagation = Propagation.REQUIRES_NEW)
	@TransactionalEventListener
	@Retention(RetentionPolicy.RUNTIME)
	@interface ApplicationModuleListener {

	}

	/**
	 * Transactions without anything that takes part in them.
	 */
	@Configuration(proxyBeanMethods = false)
	@EnableAsync
	@EnableTransactionManagement
	static class Transactions {

		@Bean
		PlatformTransactionManager transactionManager() {
			return new AbstractPlatformTransactionManager() {

				@Override
				protected Object doGetTransaction() {
					return new Object();
				}

				@Override
				protected void doBegin(Object transaction, TransactionDefinition definition) {
				}

				@Override
				protected void doCommit(DefaultTransactionStatus status) {
				}

				@Override
				protected void doRollback(DefaultTransactionStatus status) {
				}

			};
		}

	}

}

package io.github.engagelab.sms.docs;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;

import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Publishes an event of the application's own in a transaction.
 */
@Component
class BalanceChanges {

	private final ApplicationEventPublisher publisher;

	BalanceChanges(ApplicationEventPublisher publisher) {
		this.publisher = publisher;
	}

	@EventListener
	@Transactional
	void onChange(SmsAccountStateChangedEvent event) {
		this.publisher.publishEvent(new BalanceChanged(event.account(), event.current()));
	}

	record BalanceChanged(String account, SmsAccountState state) {
	}

}

package io.github.engagelab.sms.sample;

import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;

/**
 * Logs the events this instance receives. An application would notify somebody.
 */
@Component
class BalanceListener {

	private static final Log logger = LogFactory.getLog(BalanceListener.class);

	@EventListener
	void onChange(SmsAccountStateChangedEvent event) {
		logger.info("Received event: account '%s' changed from %s to %s".formatted(event.account(), event.previous(),
				event.current()));
	}

}

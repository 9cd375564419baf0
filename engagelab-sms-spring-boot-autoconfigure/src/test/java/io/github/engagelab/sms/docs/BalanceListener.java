package io.github.engagelab.sms.docs;

import java.util.Map;

import io.github.engagelab.sms.SmsAccountStateChangedEvent;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.web.client.RestClient;

/**
 * Writes to Slack.
 */
@Component
class BalanceListener {

	private final RestClient slack;

	BalanceListener(@Value("${slack.webhook}") String webhook) {
		this.slack = RestClient.create(webhook);
	}

	@EventListener
	void onChange(SmsAccountStateChangedEvent event) {
		String text = "EngageLab account %s is %s, was %s".formatted(event.account(), event.current(),
				event.previous());
		this.slack.post().body(Map.of("text", text)).retrieve().toBodilessEntity();
	}

}

package io.github.engagelab.sms.client;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;

/**
 * Exception thrown when no other attempt can bring a connection either: a certificate is
 * not trusted, or a proxy refuses its credentials. Public for technical reasons only.
 */
public class PermanentConnectionException extends SmsBalanceException {

	PermanentConnectionException(String account, String reason) {
		super(account, SmsBalanceFailure.UNREACHABLE, reason, null);
	}

}

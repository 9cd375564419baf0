package io.github.engagelab.sms.autoconfigure;

/**
 * Exception thrown when a property of {@code engagelab.sms.*} has an invalid value. Does
 * not contain a value that may be a secret or have one in it.
 */
class InvalidEngageLabSmsPropertyException extends RuntimeException {

	private final String property;

	private final String reason;

	private final String action;

	InvalidEngageLabSmsPropertyException(String property, String reason, String action) {
		super("Property '" + property + "' " + reason);
		this.property = property;
		this.reason = reason;
		this.action = action;
	}

	String getProperty() {
		return this.property;
	}

	String getReason() {
		return this.reason;
	}

	String getAction() {
		return this.action;
	}

}

package io.github.engagelab.sms.sample.demo;

import java.net.BindException;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.common.FatalStartupException;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.extension.ResponseDefinitionTransformerV2;
import com.github.tomakehurst.wiremock.http.ResponseDefinition;
import com.github.tomakehurst.wiremock.stubbing.ServeEvent;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import org.apache.commons.logging.Log;
import org.apache.commons.logging.LogFactory;

import org.springframework.core.NestedExceptionUtils;

/**
 * Plays EngageLab over real HTTP, and tells the starter which accounts it has and where
 * to find it. Answers code 2001 to credentials it does not know. If another instance of
 * the application plays EngageLab on the port already, that one is used.
 */
final class SimulatedEngageLab implements EngageLabSmsConnectionDetails, AutoCloseable {

	private static final Log logger = LogFactory.getLog(SimulatedEngageLab.class);

	private static final String SECRET = "demo-secret";

	private static final int HANG_MILLIS = 60_000;

	private final Map<String, SimulatedAccount> accounts = new LinkedHashMap<>();

	private final WireMockServer server;

	private final URI baseUrl;

	/**
	 * Create a simulation.
	 * @param port the port to use, or 0 for any that is free
	 */
	SimulatedEngageLab(int port) {
		// The amounts of the provider's documentation
		this.accounts.put(DEFAULT_ACCOUNT, new SimulatedAccount(123456, 20000));
		this.accounts.put("marketing", new SimulatedAccount(2500000, 0));
		this.server = new WireMockServer(WireMockConfiguration.options()
			.port(port)
			.bindAddress("127.0.0.1")
			.extensions(new CurrentAnswer())
			.disableRequestJournal());
		this.server.stubFor(WireMock.any(WireMock.anyUrl()).willReturn(invalidCredentials()));
		this.accounts.keySet().forEach(this::stub);
		int actualPort = start() ? this.server.port() : port;
		this.baseUrl = URI.create("http://127.0.0.1:" + actualPort);
	}

	private boolean start() {
		try {
			this.server.start();
			return true;
		}
		catch (FatalStartupException ex) {
			if (!(NestedExceptionUtils.getRootCause(ex) instanceof BindException)) {
				throw ex;
			}
			logger.info("EngageLab is simulated by another instance");
			return false;
		}
	}

	private void stub(String account) {
		Credentials credentials = getCredentials(account);
		this.server.stubFor(WireMock.get("/v1/balance")
			.withBasicAuth(credentials.devKey(), credentials.devSecret())
			.willReturn(WireMock.aResponse()
				.withTransformers(CurrentAnswer.NAME)
				.withTransformerParameter(CurrentAnswer.ACCOUNT, account)));
	}

	/**
	 * Return an account.
	 * @param name its name
	 * @return the account
	 * @throws IllegalArgumentException if there is none
	 * @throws IllegalStateException if it is simulated by another instance
	 */
	SimulatedAccount account(String name) {
		SimulatedAccount account = this.accounts.get(name);
		if (account == null) {
			throw new IllegalArgumentException("There is no account '%s', only %s".formatted(name, getAccounts()));
		}
		if (!this.server.isRunning()) {
			throw new IllegalStateException("EngageLab is simulated by the instance that was started first");
		}
		return account;
	}

	@Override
	public Set<String> getAccounts() {
		return this.accounts.keySet();
	}

	@Override
	public URI getBaseUrl(String account) {
		return this.baseUrl;
	}

	@Override
	public Credentials getCredentials(String account) {
		return new Credentials("demo-" + account, SECRET);
	}

	@Override
	public void close() {
		// WireMock fails to stop what never started
		if (this.server.isRunning()) {
			this.server.stop();
		}
	}

	private static ResponseDefinitionBuilder json(int status, String body) {
		return WireMock.aResponse().withStatus(status).withHeader("Content-Type", "application/json").withBody(body);
	}

	private static ResponseDefinitionBuilder invalidCredentials() {
		return json(401, "{\"code\":2001,\"message\":\"authentication failed\"}");
	}

	private static ResponseDefinitionBuilder balance(SmsBalance balance) {
		return json(200,
				"""
						{"balance10000":%d,"gift_balance10000":%d,"total_balance10000":%d,\
						"balance":%s,"gift_balance":%s,"total_balance":%s}""".formatted(balance.balance10000(),
						balance.giftBalance10000(), balance.totalBalance10000(), balance.balance().toPlainString(),
						balance.giftBalance().toPlainString(), balance.totalBalance().toPlainString()));
	}

	private final class CurrentAnswer implements ResponseDefinitionTransformerV2 {

		private static final String NAME = "current-answer";

		private static final String ACCOUNT = "account";

		@Override
		public ResponseDefinition transform(ServeEvent serveEvent) {
			SimulatedAccount account = account(serveEvent.getTransformerParameters().getString(ACCOUNT));
			Fault fault = account.fault();
			return ((fault != null) ? failure(fault) : balance(account.balance())).build();
		}

		private ResponseDefinitionBuilder failure(Fault fault) {
			return switch (fault) {
				case SERVER_ERROR -> json(500, "{\"code\":1000,\"message\":\"internal error\"}");
				case INVALID_CREDENTIALS -> invalidCredentials();
				case HANG -> WireMock.aResponse().withFixedDelay(HANG_MILLIS);
			};
		}

		@Override
		public boolean applyGlobally() {
			return false;
		}

		@Override
		public String getName() {
			return NAME;
		}

	}

}

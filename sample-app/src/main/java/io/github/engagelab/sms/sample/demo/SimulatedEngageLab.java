package io.github.engagelab.sms.sample.demo;

import java.net.URI;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.client.WireMock;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.extension.ResponseDefinitionTransformerV2;
import com.github.tomakehurst.wiremock.http.ResponseDefinition;
import com.github.tomakehurst.wiremock.stubbing.ServeEvent;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;

/**
 * Plays EngageLab over real HTTP, and tells the starter where to find it. Accepts one key
 * pair and answers code 2001 to any other.
 */
final class SimulatedEngageLab implements EngageLabSmsConnectionDetails, AutoCloseable {

	private static final Credentials CREDENTIALS = new Credentials("demo-key", "demo-secret");

	private static final String REFUSED = """
			{"code":2001,"message":"authentication failed"}""";

	private final SimulatedAccount account = new SimulatedAccount();

	private final WireMockServer server;

	SimulatedEngageLab() {
		this.server = new WireMockServer(WireMockConfiguration.options()
			.dynamicPort()
			.bindAddress("127.0.0.1")
			.extensions(new CurrentBalance())
			.disableRequestJournal());
		this.server.stubFor(WireMock.any(WireMock.anyUrl()).atPriority(2).willReturn(json(REFUSED).withStatus(401)));
		this.server.stubFor(WireMock.get("/v1/balance")
			.withBasicAuth(CREDENTIALS.devKey(), CREDENTIALS.devSecret())
			.atPriority(1)
			.willReturn(WireMock.aResponse().withTransformers(CurrentBalance.NAME)));
		this.server.start();
	}

	SimulatedAccount account() {
		return this.account;
	}

	@Override
	public URI getBaseUrl(String account) {
		return URI.create(this.server.baseUrl());
	}

	@Override
	public Credentials getCredentials(String account) {
		return CREDENTIALS;
	}

	@Override
	public void close() {
		this.server.stop();
	}

	private static ResponseDefinitionBuilder json(String body) {
		return WireMock.aResponse().withHeader("Content-Type", "application/json").withBody(body);
	}

	private final class CurrentBalance implements ResponseDefinitionTransformerV2 {

		private static final String NAME = "current-balance";

		@Override
		public ResponseDefinition transform(ServeEvent serveEvent) {
			SmsBalance balance = SimulatedEngageLab.this.account.balance();
			return json("""
					{"balance10000":%d,"gift_balance10000":%d,"total_balance10000":%d,\
					"balance":%s,"gift_balance":%s,"total_balance":%s}""".formatted(balance.balance10000(),
					balance.giftBalance10000(), balance.totalBalance10000(), balance.balance().toPlainString(),
					balance.giftBalance().toPlainString(), balance.totalBalance().toPlainString()))
				.build();
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

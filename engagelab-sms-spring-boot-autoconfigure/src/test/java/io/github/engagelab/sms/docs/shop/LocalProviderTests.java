package io.github.engagelab.sms.docs.shop;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

import com.sun.net.httpserver.HttpServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A test of an application over HTTP.
 */
@SpringBootTest
class LocalProviderTests {

	private static HttpServer provider;

	@Autowired
	private Campaign campaign;

	@DynamicPropertySource
	static void startProvider(DynamicPropertyRegistry registry) throws Exception {
		provider = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		provider.createContext("/v1/balance", (exchange) -> {
			byte[] body = """
					{"balance10000": 123456, "gift_balance10000": 20000, "total_balance10000": 143456,
					"balance": 12.3456, "gift_balance": 2, "total_balance": 14.3456}"""
				.getBytes(StandardCharsets.UTF_8);
			exchange.sendResponseHeaders(200, body.length);
			try (exchange) {
				exchange.getResponseBody().write(body);
			}
		});
		provider.start();
		registry.add("engagelab.sms.base-url", () -> "http://localhost:" + provider.getAddress().getPort());
		registry.add("engagelab.sms.dev-key", () -> "key");
		registry.add("engagelab.sms.dev-secret", () -> "secret");
	}

	@AfterAll
	static void stopProvider() {
		provider.stop(0);
	}

	@Test
	void currentBalanceIsThatOfTheProvider() {
		assertThat(this.campaign.currentBalance()).isEqualByComparingTo("14.3456");
	}

}

package consumer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

import com.sun.net.httpserver.HttpServer;
import consumer.support.ActuatorTests;
import consumer.support.ConsumerTests;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

@TestPropertySource(properties = { "engagelab.sms.refresh.enabled=true", "management.otlp.metrics.export.step=1s",
		"management.endpoint.health.show-details=always" })
class ConsumerApplicationTests extends ConsumerTests {

	private static final Queue<String> exports = new ConcurrentLinkedQueue<>();

	private static HttpServer collector;

	@DynamicPropertySource
	static void collector(DynamicPropertyRegistry registry) throws IOException {
		collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
		collector.createContext("/v1/metrics", (exchange) -> {
			// Names, tags and values are readable in Protobuf
			exports.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
			exchange.sendResponseHeaders(200, -1);
			exchange.close();
		});
		collector.start();
		registry.add("management.otlp.metrics.export.url",
				() -> "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/metrics");
	}

	@AfterAll
	static void stop() {
		collector.stop(0);
	}

	@Test
	void exportWhenPolledHasMeters() {
		await().atMost(Duration.ofSeconds(30))
			.untilAsserted(() -> assertThat(exports)
				.anySatisfy((export) -> assertThat(export).contains("engagelab.sms.total.balance10000",
						"engagelab.sms.balance", "engagelab.sms.balance.threshold", "engagelab.sms.state",
						"engagelab.sms.up", "engagelab.sms.last.success.timestamp", "engagelab.sms.refreshes",
						"engagelab.sms.spent", "/v1/balance", "outcome", "success", readable(143456))));
	}

	@Test
	void healthWhenPolledIsUpWithAmounts() {
		await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> ActuatorTests.assertHealthIsUp(this.http));
	}

	private static String readable(double value) {
		byte[] bytes = ByteBuffer.allocate(Double.BYTES).order(ByteOrder.LITTLE_ENDIAN).putDouble(value).array();
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

}

package consumer.support;

import org.junit.jupiter.api.BeforeEach;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/**
 * Tests of an application whose provider is a {@link StubProvider}.
 */
@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
public abstract class ConsumerTests {

	protected static final StubProvider provider = new StubProvider();

	protected Http http;

	@DynamicPropertySource
	static void provider(DynamicPropertyRegistry registry) {
		registry.add("engagelab.sms.base-url", provider::getUrl);
		registry.add("engagelab.sms.dev-key", () -> StubProvider.DEV_KEY);
		registry.add("engagelab.sms.dev-secret", () -> StubProvider.DEV_SECRET);
	}

	@BeforeEach
	void connect(@Autowired Environment environment) {
		this.http = new Http(environment.getRequiredProperty("local.server.port", Integer.class));
	}

}

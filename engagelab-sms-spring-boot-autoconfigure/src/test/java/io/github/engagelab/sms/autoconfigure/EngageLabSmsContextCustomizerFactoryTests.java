package io.github.engagelab.sms.autoconfigure;

import java.util.List;
import java.util.Objects;

import io.github.engagelab.sms.monitor.SmsBalancePoller;
import io.github.engagelab.sms.testsupport.RawServer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.autoconfigure.json.JsonTest;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application's tests do not poll the provider, unless they want to.
 */
class EngageLabSmsContextCustomizerFactoryTests {

	private static final RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));

	@DynamicPropertySource
	static void credentials(DynamicPropertyRegistry registry) {
		registry.add("engagelab.sms.base-url", server::baseUrl);
		registry.add("engagelab.sms.dev-key", () -> "key");
		registry.add("engagelab.sms.dev-secret", () -> "secret");
	}

	@Test
	void customizersAreEqualSoThatContextsAreCached() {
		EngageLabSmsContextCustomizerFactory factory = new EngageLabSmsContextCustomizerFactory();
		assertThat(factory.createContextCustomizer(String.class, List.of()))
			.isEqualTo(factory.createContextCustomizer(Integer.class, List.of()))
			.hasSameHashCodeAs(factory.createContextCustomizer(Integer.class, List.of()));
	}

	@Nested
	@SpringBootTest(classes = Application.class)
	class ByDefault {

		@Test
		void doesNotPoll(@Autowired SmsBalancePoller poller, @Autowired EngageLabSmsProperties properties) {
			assertThat(properties.refresh().enabled()).isFalse();
			assertThat(poller.getNextRefresh("default")).isNull();
		}

	}

	@Nested
	@SpringBootTest(classes = Application.class, properties = "engagelab.sms.refresh.enabled=true")
	class IfWanted {

		@Test
		void polls() {
			Awaitility.await().until(() -> !server.requests().isEmpty());
		}

	}

	@Nested
	@JsonTest
	@ContextConfiguration(classes = SliceApplication.class)
	class InSlice {

		@Test
		void hasNoBeanOfOurs(@Autowired ApplicationContext context) {
			assertThat(context.getBeanDefinitionNames()).extracting(context::getType)
				.filteredOn(Objects::nonNull)
				.extracting(Class::getName)
				.filteredOn((name) -> name.startsWith("io.github.engagelab.sms"))
				.allMatch((name) -> name.startsWith(SliceApplication.class.getName()));
		}

	}

	@Configuration(proxyBeanMethods = false)
	@EnableAutoConfiguration
	static class SliceApplication {

	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EngageLabSmsAutoConfiguration.class)
	static class Application {

	}

}

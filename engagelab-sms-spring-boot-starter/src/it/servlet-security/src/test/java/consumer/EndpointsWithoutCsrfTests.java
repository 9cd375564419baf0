package consumer;

import consumer.support.ConsumerTests;
import org.junit.jupiter.api.Test;

import org.springframework.boot.security.autoconfigure.actuate.web.servlet.EndpointRequest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.test.context.TestPropertySource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What lets a script with Basic authentication refresh the balance.
 */
@TestPropertySource(properties = { "spring.security.user.name=operator", "spring.security.user.password=secret",
		"management.endpoints.web.exposure.include=health,smsbalance" })
class EndpointsWithoutCsrfTests extends ConsumerTests {

	@Test
	void refreshWhenAnonymousIsRefused() {
		assertThat(this.http.post("/actuator/smsbalance").statusCode()).isEqualTo(401);
	}

	@Test
	void refreshWhenAuthenticatedAsksProvider() {
		int requests = provider.getRequests();
		assertThat(this.http.post("/actuator/smsbalance", "Authorization", DefaultSecurityTests.BASIC).body())
			.contains("\"totalBalance10000\":143456");
		assertThat(provider.getRequests()).isEqualTo(requests + 1);
	}

	@TestConfiguration(proxyBeanMethods = false)
	static class ActuatorSecurity {

		@Bean
		SecurityFilterChain actuatorSecurity(HttpSecurity http) throws Exception {
			return http.securityMatcher(EndpointRequest.toAnyEndpoint())
				.authorizeHttpRequests((requests) -> requests.anyRequest().authenticated())
				.httpBasic(Customizer.withDefaults())
				.csrf((csrf) -> csrf.disable())
				.build();
		}

	}

}

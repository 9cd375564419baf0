package io.github.engagelab.sms.benchmarks.app;

import java.io.IOException;
import java.net.URI;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.IntStream;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * An application with many accounts that it gets from elsewhere.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class AccountsApplication {

	public static void main(String[] args) throws IOException {
		Application.run(AccountsApplication.class, args);
	}

	@Bean
	Accounts accounts(@Value("${accounts}") int count, @Value("${engagelab.sms.base-url}") URI baseUrl) {
		return new Accounts(count, baseUrl);
	}

	/**
	 * Accounts whose keys are their names.
	 */
	public static final class Accounts implements EngageLabSmsConnectionDetails {

		private final Set<String> names = new LinkedHashSet<>();

		private final URI baseUrl;

		public Accounts(int count, URI baseUrl) {
			this.baseUrl = baseUrl;
			IntStream.range(0, count).forEach((number) -> this.names.add("account-" + number));
		}

		@Override
		public Set<String> getAccounts() {
			return Collections.unmodifiableSet(this.names);
		}

		@Override
		public URI getBaseUrl(String account) {
			return this.baseUrl;
		}

		@Override
		public Credentials getCredentials(String account) {
			return new Credentials(account, "secret-of-" + account);
		}

	}

}

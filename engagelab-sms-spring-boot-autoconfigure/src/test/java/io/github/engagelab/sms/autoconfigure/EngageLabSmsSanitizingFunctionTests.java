package io.github.engagelab.sms.autoconfigure;

import io.github.engagelab.sms.testsupport.TestContexts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.actuate.endpoint.SanitizableData;
import org.springframework.boot.actuate.endpoint.SanitizingFunction;

import static org.assertj.core.api.Assertions.assertThat;

class EngageLabSmsSanitizingFunctionTests {

	@ParameterizedTest
	@ValueSource(strings = { "engagelab.sms.dev-secret", "engagelab.sms.devSecret", "engagelab.sms.dev_secret",
			"ENGAGELAB_SMS_DEVSECRET", "ENGAGELAB_SMS_DEV_SECRET", "engagelab.sms.devsecret", "engagelab.sms.dev-key",
			"ENGAGELAB_SMS_DEVKEY", "engagelab.sms.accounts.otp.dev-secret", "engagelab.sms.accounts[a.b].dev-key",
			"engagelab.sms.http.proxy.password", "engagelab.sms.http.headers.X-Api-Key",
			"engagelab.sms.http.headers[X-Auth-Token]", "ENGAGELAB_SMS_HTTP_PROXY_PASSWORD",
			"ENGAGELAB_SMS_ACCOUNTS_OTP_DEVSECRET" })
	void everySpellingIsMaskedEvenIfDisabled(String key) {
		TestContexts.runner().withPropertyValues("engagelab.sms.enabled=false").run((context) -> {
			SanitizingFunction function = context.getBean("engageLabSmsSanitizingFunction", SanitizingFunction.class);
			assertThat(function.apply(new SanitizableData(null, key, "value")).getValue()).isEqualTo("******");
		});
	}

	@Test
	void otherValuesAreMaskedOnlyIfTheyContainASecret() {
		TestContexts.runner()
			.withPropertyValues("engagelab.sms.dev-key=demo-key-of-all", "engagelab.sms.dev-secret=abc",
					"engagelab.sms.accounts.otp.dev-key=otp-key", "engagelab.sms.accounts.otp.dev-secret=otp-secret",
					"engagelab.sms.refresh.enabled=false")
			.run((context) -> {
				SanitizingFunction function = context.getBean("engageLabSmsSanitizingFunction",
						SanitizingFunction.class);
				assertThat(sanitize(function, "java -jar app.jar --x=otp-secret")).isEqualTo("******");
				// A key may be a word of everyday
				assertThat(sanitize(function, "demo-key-of-all")).isEqualTo("demo-key-of-all");
				assertThat(sanitize(function, "otp-key")).isEqualTo("otp-key");
				// Too short to be told from other text
				assertThat(sanitize(function, "abcdef")).isEqualTo("abcdef");
				assertThat(sanitize(function, "harmless")).isEqualTo("harmless");
				assertThat(sanitize(function, 5)).isEqualTo(5);
				assertThat(sanitize(function, null)).isNull();
			});
	}

	private static Object sanitize(SanitizingFunction function, Object value) {
		return function.apply(new SanitizableData(null, "any.key", value)).getValue();
	}

}

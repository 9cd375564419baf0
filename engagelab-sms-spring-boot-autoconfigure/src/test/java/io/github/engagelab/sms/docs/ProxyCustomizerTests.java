package io.github.engagelab.sms.docs;

import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The reference's proxy.
 */
class ProxyCustomizerTests {

	@Test
	void getBalanceGoesThroughProxyThatAuthenticates() {
		try (RawServer proxy = new RawServer((request, number, out,
				socket) -> out.write(request.contains("\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n")
						? RawServer.http("200 OK", RawServer.EXAMPLE)
						: RawServer.http("407 Proxy Authentication Required", "",
								"Proxy-Authenticate: Basic realm=\"proxy\"")))) {
			TestContexts.runner()
				.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.base-url=http://127.0.0.1:1",
						"proxy.host=localhost", "proxy.port=" + proxy.port(), "proxy.user=user", "proxy.password=pass")
				.withBean(ProxyCustomizer.class)
				.run((context) -> assertThat(context.getBean(SmsBalanceService.class).getBalance())
					.isEqualTo(new SmsBalance(123456, 20000, 143456)));
			assertThat(proxy.requests()).isNotEmpty().last().asString().contains("Basic dXNlcjpwYXNz");
		}
	}

}

package io.github.engagelab.sms.autoconfigure;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.actuate.endpoint.SmsBalanceEndpoint;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.core.instrument.MeterRegistry;
import org.aspectj.lang.ProceedingJoinPoint;
import org.aspectj.lang.annotation.Around;
import org.aspectj.lang.annotation.Aspect;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import org.springframework.aop.support.AopUtils;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.EnableAspectJAutoProxy;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * An application whose aspects match each of our beans.
 */
class AspectTests {

	private static final Set<String> BEANS = Set.of("engageLabSmsConnectionDetails", "engageLabSmsThreads",
			"engageLabSmsBalanceClient", "engageLabSmsBalanceMonitors", "engageLabSmsBalancePoller",
			"engageLabReactiveSmsBalanceService", "engageLabSmsBalanceService", "engageLabSmsSanitizingFunction",
			"engagelabSmsHealthContributor", "engageLabSmsBalanceMetrics", "engageLabSmsBalanceEndpoint",
			"engageLabSmsBalanceEndpointWebExtension");

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withConfiguration(AutoConfigurations.of(EngageLabSmsEndpointAutoConfiguration.class))
		.withUserConfiguration(Proxying.class)
		.withPropertyValues(TestContexts.credentials())
		.withPropertyValues("management.endpoints.jmx.exposure.include=smsbalance", "spring.jmx.enabled=true");

	@Test
	void runWhenAllBeansAreProxiedWorks() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			this.runner.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl()).run((context) -> {
				assertThat(context).hasNotFailed();
				assertThat(BEANS)
					.allSatisfy((bean) -> assertThat(AopUtils.isAopProxy(context.getBean(bean))).as(bean).isTrue());
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				Awaitility.await().until(() -> service.getStatus().state() == SmsAccountState.OK);
				assertThat(service.getBalance().totalBalance10000()).isEqualTo(143456);
				assertThat(service.getBalance(Duration.ofHours(1)).totalBalance10000()).isEqualTo(143456);
				assertThat(service.forAccount("default").getAccounts()).containsExactly("default");
				assertThat(context.getBean(ReactiveSmsBalanceService.class)
					.getBalance()
					.toFuture()
					.join()
					.totalBalance10000()).isEqualTo(143456);
				assertThat(context.getBean(HealthIndicator.class).health(true).getDetails()).containsEntry("state",
						"OK");
				assertThat(context.getBean(SmsBalanceEndpoint.class).account("default")).containsKey("nextRefresh");
				assertThat(context.getBean(MeterRegistry.class).get("engagelab.sms.total.balance10000").gauge().value())
					.isEqualTo(143456);
				assertThat(context.getBean(CountingAspect.class).calls).containsKeys("health", "getBalance", "account");
			});
		}
	}

	@Configuration(proxyBeanMethods = false)
	@EnableAspectJAutoProxy(proxyTargetClass = true)
	static class Proxying {

		@Bean
		CountingAspect countingAspect() {
			return new CountingAspect();
		}

	}

	@Aspect
	static class CountingAspect {

		private final Map<String, Integer> calls = new ConcurrentHashMap<>();

		@Around("bean(engageLabSms*) || bean(engageLabReactiveSms*) || bean(engagelabSmsHealthContributor)")
		Object count(ProceedingJoinPoint call) throws Throwable {
			this.calls.merge(call.getSignature().getName(), 1, Integer::sum);
			return call.proceed();
		}

	}

}

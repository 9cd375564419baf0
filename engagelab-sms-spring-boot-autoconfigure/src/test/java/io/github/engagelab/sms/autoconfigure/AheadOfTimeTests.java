package io.github.engagelab.sms.autoconfigure;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RedisServer;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.aot.test.generate.TestGenerationContext;
import org.springframework.boot.context.annotation.Configurations;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.HealthContributors;
import org.springframework.boot.health.registry.HealthContributorRegistry;
import org.springframework.boot.test.util.TestPropertyValues;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.Environment;
import org.springframework.core.test.tools.CompileWithForkedClassLoader;
import org.springframework.core.test.tools.TestCompiler;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.javapoet.ClassName;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * An application that was processed ahead of time, when there was no account, and runs
 * with some.
 */
@Tag("slow")
class AheadOfTimeTests {

	@Test
	@CompileWithForkedClassLoader
	void runWhenBuiltWithoutAccountsHasThoseOfRunTime() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			runAheadOfTime(
					List.of("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.primary-account=a",
							"engagelab.sms.accounts.a.dev-key=a", "engagelab.sms.accounts.a.dev-secret=a",
							"engagelab.sms.accounts.b.dev-key=b", "engagelab.sms.accounts.b.dev-secret=b",
							"engagelab.sms.accounts.c.dev-key=c", "engagelab.sms.accounts.c.dev-secret=c"),
					(context) -> {
						assertThat(context.getBean(SmsBalanceService.class).getAccounts())
							.containsExactlyInAnyOrder("a", "b", "c");
						CompositeHealthContributor composite = (CompositeHealthContributor) context
							.getBean(HealthContributorRegistry.class)
							.getContributor("engagelabSms");
						assertThat(composite.stream()).extracting(HealthContributors.Entry::name)
							.containsExactlyInAnyOrder("a", "b", "c");
						Awaitility.await()
							.untilAsserted(
									() -> assertThat(series(context, "engagelab_sms_total_balance10000")).hasSize(3));
					});
		}
	}

	@Test
	@CompileWithForkedClassLoader
	void runWhenBuiltWithoutAccountsObeysRefreshOfRunTime() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			runAheadOfTime(List.of("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.dev-key=a",
					"engagelab.sms.dev-secret=a", "engagelab.sms.refresh.enabled=false"), (context) -> {
						assertThat(context.getBean(SmsBalanceService.class).getBalance()).isNotNull();
						assertThat(server.requests()).hasSize(1);
					});
		}
	}

	@Test
	@CompileWithForkedClassLoader
	void runWhenBuiltEnabledObeysDisabledOfRunTime() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			runAheadOfTime(List.of("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.dev-key=a",
					"engagelab.sms.dev-secret=a", "engagelab.sms.enabled=false", "engagelab.sms.refresh.interval=1s"),
					(context) -> {
						SmsBalanceService service = context.getBean(SmsBalanceService.class);
						assertThatExceptionOfType(SmsBalanceException.class).isThrownBy(service::getBalance)
							.satisfies((ex) -> assertThat(ex.getFailure()).isEqualTo(SmsBalanceFailure.DISABLED));
						assertThat(service.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
						Awaitility.await().during(Duration.ofMillis(500)).until(() -> server.accepted() == 0);
					});
		}
	}

	@Test
	@CompileWithForkedClassLoader
	void runWhenBuiltWithoutClusterSharesOnRedisOfApplication() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
				RedisServer redis = new RedisServer()) {
			List<String> settings = new ArrayList<>(sharing(server));
			settings.add("test.redis.port=" + redis.port());
			runAheadOfTime(settings, (context) -> Awaitility.await().until(() -> isShared(context)),
					RedisConfiguration.class, EngageLabSmsRedisAutoConfiguration.class);
		}
	}

	@Test
	@CompileWithForkedClassLoader
	void runWhenBuiltWithRedisAndWithoutClusterAsksForNoConnection() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			runAheadOfTime(List.of("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.dev-key=a",
					"engagelab.sms.dev-secret=a", "test.redis.port=1"), (context) -> {
						Awaitility.await().until(() -> server.requests().size() == 1);
						assertThat(context.getBeanFactory().containsSingleton("engageLabSmsBalanceCluster")).isFalse();
					}, RedisConfiguration.class, EngageLabSmsRedisAutoConfiguration.class);
		}
	}

	private static List<String> sharing(RawServer server) {
		return List.of("engagelab.sms.base-url=" + server.baseUrl(), "engagelab.sms.dev-key=a",
				"engagelab.sms.dev-secret=a", "engagelab.sms.cluster.enabled=true", "engagelab.sms.cluster.name=shop");
	}

	private static boolean isShared(GenericApplicationContext context) {
		StringRedisTemplate redis = new StringRedisTemplate(context.getBean(RedisConnectionFactory.class));
		return redis.keys("engagelab-sms:1:shop:default:*")
			.stream()
			.anyMatch((key) -> "OK".equals(redis.opsForHash().get(key, "state")));
	}

	private static Stream<String> series(GenericApplicationContext context, String name) {
		return context.getBean(PrometheusMeterRegistry.class)
			.scrape()
			.lines()
			.filter((line) -> line.startsWith(name + "{"));
	}

	@SuppressWarnings("unchecked")
	private static void runAheadOfTime(List<String> settings, Consumer<GenericApplicationContext> test,
			Class<?>... configurations) {
		TestGenerationContext generation = new TestGenerationContext();
		AnnotationConfigApplicationContext build = new AnnotationConfigApplicationContext();
		build.register(Configurations.getClasses(TestContexts.AUTO_CONFIGURATIONS));
		if (configurations.length > 0) {
			build.register(configurations);
		}
		ClassName initializer = new ApplicationContextAotGenerator().processAheadOfTime(build, generation);
		generation.writeGeneratedContent();
		TestCompiler.forSystem().with(generation).compile((compiled) -> {
			try (GenericApplicationContext context = new GenericApplicationContext()) {
				TestPropertyValues.of(settings).applyTo(context);
				compiled.getInstance(ApplicationContextInitializer.class, initializer.toString()).initialize(context);
				context.refresh();
				test.accept(context);
			}
		});
	}

	@Configuration(proxyBeanMethods = false)
	static class RedisConfiguration {

		@Bean
		LettuceConnectionFactory redisConnectionFactory(Environment environment) {
			return new LettuceConnectionFactory("127.0.0.1",
					environment.getRequiredProperty("test.redis.port", Integer.class));
		}

	}

}

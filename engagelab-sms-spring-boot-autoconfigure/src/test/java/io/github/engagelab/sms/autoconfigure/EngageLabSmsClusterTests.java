package io.github.engagelab.sms.autoconfigure;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.actuate.endpoint.SmsBalanceEndpoint;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.cluster.SmsBalanceCluster;
import io.github.engagelab.sms.health.SmsBalanceHealthIndicator;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.monitor.SmsBalanceTurns;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RedisServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mockito;

import org.springframework.aop.Advisor;
import org.springframework.aop.ClassFilter;
import org.springframework.aop.framework.autoproxy.DefaultAdvisorAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.aop.support.ComposablePointcut;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.EventListener;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.RedisCallback;
import org.springframework.data.redis.core.StringRedisTemplate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code engagelab.sms.cluster.*} brings about, and what it does not.
 */
@Tag("slow")
class EngageLabSmsClusterTests {

	private static final String ENABLED = "engagelab.sms.cluster.enabled=true";

	private static final String NAME = "engagelab.sms.cluster.name=shop";

	private static RedisServer server;

	private static LettuceConnectionFactory serverConnectionFactory;

	private static StringRedisTemplate redis;

	private final ScriptedClient client = new ScriptedClient();

	private final RedisConnectionFactory connectionFactory = Mockito.mock();

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withConfiguration(AutoConfigurations.of(EngageLabSmsRedisAutoConfiguration.class,
				EngageLabSmsEndpointAutoConfiguration.class))
		.withPropertyValues("management.endpoints.jmx.exposure.include=*", "spring.jmx.enabled=true",
				"engagelab.sms.refresh.interval=1s");

	private final ApplicationContextRunner scripted = this.runner.withBean(SmsBalanceClient.class, () -> this.client);

	@BeforeAll
	static void startServer() {
		server = new RedisServer();
		serverConnectionFactory = server.connectionFactory();
		redis = new StringRedisTemplate(serverConnectionFactory);
	}

	@AfterAll
	static void stopServer() {
		serverConnectionFactory.destroy();
		server.close();
	}

	@BeforeEach
	void wipe() {
		redis.delete(redis.keys("*"));
	}

	@Test
	void runWhenDisabledHasTwoMoreBeansThatAreNotMade() {
		this.client.balance(100_0000);
		Set<String> without = new TreeSet<>();
		TestContexts.runner()
			.withConfiguration(AutoConfigurations.of(EngageLabSmsEndpointAutoConfiguration.class))
			.withPropertyValues("management.endpoints.jmx.exposure.include=*", "spring.jmx.enabled=true")
			.withBean(SmsBalanceClient.class, () -> this.client)
			.withBean("redis", RedisConnectionFactory.class, () -> this.connectionFactory)
			.run((context) -> without.addAll(List.of(context.getBeanDefinitionNames())));
		this.scripted.withBean("redis", RedisConnectionFactory.class, () -> this.connectionFactory).run((context) -> {
			Set<String> more = new TreeSet<>(List.of(context.getBeanDefinitionNames()));
			more.removeAll(without);
			assertThat(more).containsExactlyInAnyOrder(EngageLabSmsRedisAutoConfiguration.class.getName(),
					"engageLabSmsBalanceCluster");
			awaitState(context, SmsAccountState.OK);
			assertThat(context.getBeanFactory().containsSingleton("engageLabSmsBalanceCluster")).isFalse();
			assertThat(monitor(context).getPolledBy()).isNull();
			assertThat(alone(context)).isNull();
			assertThat(Objects.requireNonNull(context.getBean(SmsBalanceEndpoint.class).account("default"))
				.get("polledBy")).isNull();
		});
		Mockito.verifyNoInteractions(this.connectionFactory);
	}

	@Test
	void runWhenSpringDataRedisIsMissingStarts() {
		this.client.balance(100_0000);
		ApplicationContextRunner without = this.scripted
			.withClassLoader(new FilteredClassLoader("org.springframework.data", "io.lettuce"));
		without.run((context) -> {
			assertThat(context).hasNotFailed().doesNotHaveBean(SmsBalanceTurns.class);
			awaitState(context, SmsAccountState.OK);
		});
		without.withPropertyValues(ENABLED, NAME)
			.run((context) -> assertThat(analyze(context.getStartupFailure()).getDescription())
				.contains("Property: engagelab.sms.cluster.enabled"));
	}

	@Test
	void runWhenThereIsNoRedisFailsAndSaysWhatToAdd() {
		this.scripted.withPropertyValues(ENABLED, NAME).run((context) -> {
			FailureAnalysis analysis = analyze(context.getStartupFailure());
			assertThat(analysis.getDescription()).contains("Property: engagelab.sms.cluster.enabled",
					"Reason: there is no Redis through which instances can share polls");
			assertThat(analysis.getAction()).contains("Add spring-boot-starter-data-redis", "primary");
		});
	}

	@Test
	void runWhenThereIsNoNameFailsAndSaysWhatToSet() {
		this.scripted.withPropertyValues(ENABLED)
			.withBean(RedisConnectionFactory.class, () -> this.connectionFactory)
			.run((context) -> {
				FailureAnalysis analysis = analyze(context.getStartupFailure());
				assertThat(analysis.getDescription()).contains("Property: engagelab.sms.cluster.name",
						"Reason: neither it nor spring.application.name is set");
				assertThat(analysis.getAction()).startsWith("Set engagelab.sms.cluster.name to a name");
			});
	}

	@Test
	void runWhenThereAreSeveralConnectionFactoriesNeedsPrimaryOne() {
		this.client.balance(100_0000);
		ApplicationContextRunner several = this.scripted.withPropertyValues(ENABLED, NAME)
			.withBean("first", RedisConnectionFactory.class, () -> this.connectionFactory);
		several.withBean("second", RedisConnectionFactory.class, () -> this.connectionFactory)
			.run((context) -> assertThat(analyze(context.getStartupFailure()).getAction())
				.contains("With several Redis connection factories, make one of them primary."));
		several
			.withBean("second", RedisConnectionFactory.class, () -> this.connectionFactory,
					(definition) -> definition.setPrimary(true))
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(SmsBalanceCluster.class));
	}

	@Test
	void runWhenClassesAreProxiedSharesAllTheSame() {
		this.client.balance(100_0000);
		sharing(this.scripted).withUserConfiguration(BroadPointcut.class).run((context) -> {
			assertThat(AopUtils.isCglibProxy(context.getBean(SmsBalanceCluster.class))).isTrue();
			awaitPolledBy(context, "self");
		});
	}

	@ParameterizedTest
	@ValueSource(strings = { "engagelab.sms.refresh.enabled=false", "engagelab.sms.enabled=false" })
	void runWhenNothingIsPolledNeedsNoRedis(String property) {
		this.scripted.withPropertyValues(ENABLED, property).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(monitor(context).getPolledBy()).isNull();
		});
	}

	@Test
	void runWhenMaxAgeIsLessThanTwoIntervalsFails() {
		this.client.balance(100_0000);
		ApplicationContextRunner shortly = this.scripted
			.withBean(RedisConnectionFactory.class, () -> this.connectionFactory)
			.withPropertyValues(NAME, "engagelab.sms.refresh.max-age=1999ms");
		shortly.run((context) -> assertThat(context).hasNotFailed());
		shortly.withPropertyValues(ENABLED)
			.run((context) -> assertThat(analyze(context.getStartupFailure()).getDescription()).contains(
					"Property: engagelab.sms.refresh.max-age",
					"Reason: 1999ms is less than 2s, which is 2 x engagelab.sms.refresh.interval"));
	}

	@Test
	void runWhenEnabledShowsWhoPolls() {
		this.client.balance(100_0000);
		Set<String> details = new TreeSet<>();
		this.scripted.run((context) -> {
			awaitState(context, SmsAccountState.OK);
			details.addAll(context.getBean(SmsBalanceHealthIndicator.class).health().getDetails().keySet());
		});
		sharing(this.scripted).run((context) -> {
			awaitState(context, SmsAccountState.OK);
			awaitPolledBy(context, "self");
			assertThat(Objects.requireNonNull(context.getBean(SmsBalanceEndpoint.class).account("default"))
				.get("polledBy")).isEqualTo("self");
			assertThat(alone(context)).isZero();
			assertThat(context.getBean(SmsBalanceHealthIndicator.class).health().getDetails().keySet())
				.containsExactlyInAnyOrderElementsOf(details);
			redis.opsForHash().put(key(), "version", "garbage");
			Awaitility.await().until(() -> Double.valueOf(1).equals(alone(context)));
			assertThat(monitor(context).getPolledBy()).isEqualTo("alone");
		});
	}

	@Test
	void runWhenApplicationHasRedisSharesUnderItsName() {
		this.client.balance(100_0000);
		ApplicationContextRunner named = this.scripted.withPropertyValues(ENABLED,
				"spring.application.name=application");
		onRedis(named).run((context) -> {
			awaitState("OK");
			// Without an identity of its own
			assertThat(key()).isEqualTo("engagelab-sms:1:application:default:");
		});
		wipe();
		onRedis(named.withPropertyValues(NAME)).run((context) -> {
			awaitState("OK");
			assertThat(key()).isEqualTo("engagelab-sms:1:shop:default:");
		});
	}

	@Test
	void runWhenProviderWritesSecretsDoesNotShareThem() {
		try (RawServer server = new RawServer(RawServer.respond("401 Unauthorized",
				"{\"code\":5001,\"message\":\"jiguangdev:dev_secret is wrong\"}"))) {
			instance(server).run((context) -> {
				awaitState("REJECTED");
				assertThat(key()).matches("engagelab-sms:1:shop:default:[0-9a-f]{8}");
				assertThat(redis.opsForHash().entries(key()).toString()).contains("ACCESS_DENIED;401;5001")
					.doesNotContain("jiguangdev", "dev_secret", "wrong", "localhost");
			});
		}
	}

	@Test
	void runWhenSecretsDifferDoesNotShare() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			instance(server).run(
					(first) -> instance(server).withPropertyValues("engagelab.sms.dev-secret=another").run((second) -> {
						awaitPolledBy(first, "self");
						awaitPolledBy(second, "self");
						assertThat(redis.keys("engagelab-sms:1:shop:default:*")).hasSize(2);
					}));
		}
	}

	@Test
	void runWhenThereAreTwoInstancesTheSecondAdoptsWhatTheFirstReads() {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			ApplicationContextRunner instance = instance(server);
			instance.run((first) -> {
				awaitPolledBy(first, "self");
				instance.run((second) -> {
					Awaitility.await()
						.until(() -> Stream.of(first, second)
							.map((context) -> monitor(context).getPolledBy())
							.collect(Collectors.toSet())
							.equals(Set.of("self", "other")));
					int requests = server.requests().size();
					long firstRefreshes = refreshes(first);
					long secondRefreshes = refreshes(second);
					Awaitility.await()
						.until(() -> refreshes(first) >= firstRefreshes + 3
								&& refreshes(second) >= secondRefreshes + 3);
					assertThat(server.requests().size() - requests).isBetween(2, 5);
				});
			});
		}
	}

	@Test
	void runWhenCredentialsOfOneInstanceHangTheOtherIsNotDisturbed() {
		CountDownLatch release = new CountDownLatch(1);
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			instance(server)
				.withBean(EngageLabSmsConnectionDetails.class, () -> new HangingConnectionDetails(server, release))
				.withPropertyValues("engagelab.sms.http.request-timeout=1s")
				.run((hanging) -> instance(server).run((other) -> {
					awaitPolledBy(other, "self");
					long before = refreshes(other);
					Awaitility.await().until(() -> refreshes(other) >= before + 3);
					assertThat(alone(other)).isZero();
					assertThat(monitor(hanging).getStatus().snapshot()).isNull();
					Awaitility.await().until(() -> monitor(hanging).getStatus().failure() != null);
					assertThat(monitor(hanging).getStatus().failure())
						.isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
					release.countDown();
					awaitState(hanging, SmsAccountState.OK);
				}));
		}
		finally {
			release.countDown();
		}
	}

	@Test
	void closeWhenResultIsBeingSharedPublishesItsEventAndLeavesNoThread() {
		this.client.balance(100_0000);
		Set<Thread> before = threads();
		SmsAccountStates states = new SmsAccountStates();
		sharing(this.scripted).withBean(SmsAccountStates.class, () -> states).run((context) -> {
			awaitPolledBy(context, "self");
			Awaitility.await().until(() -> !states.published.isEmpty());
			GenericApplicationContext source = (GenericApplicationContext) context.getSourceApplicationContext();
			// Redis hangs for as long as a result is waited for, and a little less
			redis.execute((RedisCallback<Object>) (connection) -> connection.execute("CLIENT",
					"PAUSE".getBytes(StandardCharsets.US_ASCII), "300".getBytes(StandardCharsets.US_ASCII)));
			this.client.balance(0);
			assertThat(monitor(context).refresh()).succeedsWithin(Duration.ofSeconds(10));
			source.close();
			assertThat(states.published).containsExactly(SmsAccountState.OK, SmsAccountState.LOW);
			Awaitility.await().until(() -> before.containsAll(threads()));
		});
	}

	private static ApplicationContextRunner onRedis(ApplicationContextRunner runner) {
		return runner.withBean(LettuceConnectionFactory.class, server::connectionFactory);
	}

	private static ApplicationContextRunner sharing(ApplicationContextRunner runner) {
		return onRedis(runner).withPropertyValues(ENABLED, NAME);
	}

	private ApplicationContextRunner instance(RawServer server) {
		return sharing(this.runner).withPropertyValues(TestContexts.credentials())
			.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl());
	}

	private static String key() {
		return redis.keys("*").iterator().next();
	}

	private static void awaitState(String state) {
		Awaitility.await()
			.until(() -> redis.keys("*")
				.stream()
				.anyMatch((key) -> state.equals(redis.opsForHash().get(key, "state"))));
	}

	private static FailureAnalysis analyze(@Nullable Throwable failure) {
		assertThat(failure).isNotNull();
		return Objects.requireNonNull(new InvalidEngageLabSmsPropertyFailureAnalyzer(null).analyze(failure));
	}

	private static SmsBalanceMonitor monitor(ApplicationContext context) {
		return context.getBean(SmsBalanceMonitors.class).get("default");
	}

	private static void awaitPolledBy(ApplicationContext context, String polledBy) {
		Awaitility.await().until(() -> polledBy.equals(monitor(context).getPolledBy()));
	}

	private static void awaitState(ApplicationContext context, SmsAccountState state) {
		Awaitility.await().until(() -> monitor(context).getStatus().state() == state);
	}

	private static long refreshes(ApplicationContext context) {
		return monitor(context).getRefreshes().getOrDefault("success", 0L);
	}

	private static @Nullable Double alone(ApplicationContext context) {
		Gauge gauge = context.getBean(MeterRegistry.class).find("engagelab.sms.cluster.alone").gauge();
		return (gauge != null) ? gauge.value() : null;
	}

	private static Set<Thread> threads() {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.filter((thread) -> thread.getName().startsWith("engagelab-sms"))
			.collect(Collectors.toSet());
	}

	/**
	 * What was published.
	 */
	static final class SmsAccountStates {

		private final List<SmsAccountState> published = new CopyOnWriteArrayList<>();

		@EventListener
		void onChange(SmsAccountStateChangedEvent event) {
			this.published.add(event.current());
		}

	}

	/**
	 * An aspect that applies to the classes of the cluster.
	 */
	@Configuration(proxyBeanMethods = false)
	static class BroadPointcut {

		@Bean
		static DefaultAdvisorAutoProxyCreator proxyCreator() {
			DefaultAdvisorAutoProxyCreator creator = new DefaultAdvisorAutoProxyCreator();
			creator.setProxyTargetClass(true);
			return creator;
		}

		@Bean
		static Advisor broadAdvisor() {
			ClassFilter filter = (type) -> type.getPackage() == SmsBalanceCluster.class.getPackage();
			return new DefaultPointcutAdvisor(new ComposablePointcut(filter),
					(MethodInterceptor) MethodInvocation::proceed);
		}

	}

	/**
	 * Credentials that hang until they are released.
	 */
	private static final class HangingConnectionDetails implements EngageLabSmsConnectionDetails {

		private final RawServer server;

		private final CountDownLatch release;

		HangingConnectionDetails(RawServer server, CountDownLatch release) {
			this.server = server;
			this.release = release;
		}

		@Override
		public Credentials getCredentials(String account) {
			boolean released = false;
			while (!released) {
				try {
					released = this.release.await(30, TimeUnit.SECONDS);
				}
				catch (InterruptedException ex) {
					// Hangs all the same
				}
			}
			return new Credentials("jiguangdev", "dev_secret");
		}

		@Override
		public URI getBaseUrl(String account) {
			return URI.create(this.server.baseUrl());
		}

	}

}

package io.github.engagelab.sms.autoconfigure;

import java.net.URI;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsAccountStateChangedEvent;
import io.github.engagelab.sms.actuate.endpoint.SmsBalanceEndpoint;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;
import io.github.engagelab.sms.client.SmsBalanceClient;
import io.github.engagelab.sms.cluster.RedisSmsBalanceStore;
import io.github.engagelab.sms.cluster.SmsBalanceStore;
import io.github.engagelab.sms.health.SmsBalanceHealthIndicator;
import io.github.engagelab.sms.monitor.SmsBalanceMonitor;
import io.github.engagelab.sms.monitor.SmsBalanceMonitors;
import io.github.engagelab.sms.testsupport.MapSmsBalanceStore;
import io.github.engagelab.sms.testsupport.RawServer;
import io.github.engagelab.sms.testsupport.RedisServer;
import io.github.engagelab.sms.testsupport.ScriptedClient;
import io.github.engagelab.sms.testsupport.TestContexts;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mockito;

import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.data.redis.core.StringRedisTemplate;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What {@code engagelab.sms.cluster.*} brings about, and what it does not.
 */
class EngageLabSmsClusterTests {

	private static final String ENABLED = "engagelab.sms.cluster.enabled=true";

	private static final String NAME = "engagelab.sms.cluster.name=shop";

	private final ScriptedClient client = new ScriptedClient();

	private final RedisConnectionFactory connectionFactory = Mockito.mock();

	private final ApplicationContextRunner runner = TestContexts.runner()
		.withConfiguration(AutoConfigurations.of(EngageLabSmsRedisAutoConfiguration.class,
				EngageLabSmsEndpointAutoConfiguration.class))
		.withPropertyValues("management.endpoints.jmx.exposure.include=*", "spring.jmx.enabled=true",
				"engagelab.sms.refresh.interval=1s");

	private final ApplicationContextRunner scripted = this.runner.withBean(SmsBalanceClient.class, () -> this.client);

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
					"engageLabSmsBalanceStore");
			awaitState(context, SmsAccountState.OK);
			assertThat(context.getBeanFactory().containsSingleton("engageLabSmsBalanceStore")).isFalse();
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
			assertThat(context).hasNotFailed().doesNotHaveBean(SmsBalanceStore.class);
			awaitState(context, SmsAccountState.OK);
		});
		without.withPropertyValues(ENABLED)
			.withBean(SmsBalanceStore.class, MapSmsBalanceStore::new)
			.run((context) -> awaitState(context, SmsAccountState.OK));
	}

	@Test
	void runWhenThereIsNoStoreFailsAndSaysWhatToAdd() {
		this.scripted.withPropertyValues(ENABLED, NAME).run((context) -> {
			FailureAnalysis analysis = analyze(context.getStartupFailure());
			assertThat(analysis.getDescription()).contains("Property: engagelab.sms.cluster.enabled",
					"Reason: there is no store through which instances can share polls");
			assertThat(analysis.getAction()).contains("Add spring-boot-starter-data-redis",
					"one bean of type io.github.engagelab.sms.cluster.SmsBalanceStore", "primary");
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
			.run((context) -> assertThat(context).hasNotFailed().hasSingleBean(RedisSmsBalanceStore.class));
	}

	@Test
	void runWhenUserHasStoreUsesThatOne() {
		this.client.balance(100_0000);
		SmsBalanceStore store = new MapSmsBalanceStore();
		this.scripted.withPropertyValues(ENABLED)
			.withBean(RedisConnectionFactory.class, () -> this.connectionFactory)
			.withBean(SmsBalanceStore.class, () -> store)
			.run((context) -> {
				assertThat(context).hasSingleBean(SmsBalanceStore.class);
				Awaitility.await().until(() -> Objects.toString(store.get("default"), "").contains("OK"));
			});
		Mockito.verifyNoInteractions(this.connectionFactory);
	}

	@ParameterizedTest
	@ValueSource(strings = { "engagelab.sms.refresh.enabled=false", "engagelab.sms.enabled=false" })
	void runWhenNothingIsPolledNeedsNoStore(String property) {
		this.scripted.withPropertyValues(ENABLED, property).run((context) -> {
			assertThat(context).hasNotFailed();
			assertThat(monitor(context).getPolledBy()).isNull();
		});
	}

	@Test
	void runWhenMaxAgeIsLessThanTwoIntervalsFails() {
		this.client.balance(100_0000);
		ApplicationContextRunner shortly = this.scripted.withBean(SmsBalanceStore.class, MapSmsBalanceStore::new)
			.withPropertyValues("engagelab.sms.refresh.max-age=1999ms");
		shortly.run((context) -> assertThat(context).hasNotFailed());
		shortly.withPropertyValues(ENABLED)
			.run((context) -> assertThat(analyze(context.getStartupFailure()).getDescription()).contains(
					"Property: engagelab.sms.refresh.max-age",
					"Reason: 1999ms is less than 2s, which is 2 x engagelab.sms.refresh.interval"));
	}

	@Test
	void runWhenEnabledShowsWhoPolls() {
		this.client.balance(100_0000);
		SmsBalanceStore store = new MapSmsBalanceStore();
		Set<String> details = new TreeSet<>();
		this.scripted.run((context) -> {
			awaitState(context, SmsAccountState.OK);
			details.addAll(context.getBean(SmsBalanceHealthIndicator.class).health().getDetails().keySet());
		});
		this.scripted.withPropertyValues(ENABLED).withBean(SmsBalanceStore.class, () -> store).run((context) -> {
			awaitState(context, SmsAccountState.OK);
			awaitPolledBy(context, "self");
			assertThat(Objects.requireNonNull(context.getBean(SmsBalanceEndpoint.class).account("default"))
				.get("polledBy")).isEqualTo("self");
			assertThat(alone(context)).isZero();
			assertThat(context.getBean(SmsBalanceHealthIndicator.class).health().getDetails().keySet())
				.containsExactlyInAnyOrderElementsOf(details);
			for (String text = store.get("default"); text != null; text = store.get("default")) {
				if (store.replace("default", text, "garbage")) {
					break;
				}
			}
			Awaitility.await().until(() -> Double.valueOf(1).equals(alone(context)));
			assertThat(monitor(context).getPolledBy()).isEqualTo("alone");
		});
	}

	@Test
	void runWhenApplicationHasRedisSharesUnderItsName() {
		this.client.balance(100_0000);
		try (RedisServer server = new RedisServer()) {
			ApplicationContextRunner onRedis = this.scripted
				.withBean(LettuceConnectionFactory.class, server::connectionFactory)
				.withPropertyValues(ENABLED, "spring.application.name=application");
			onRedis.run((context) -> awaitKey(context, "engagelab-sms:application:default"));
			onRedis.withPropertyValues(NAME).run((context) -> awaitKey(context, "engagelab-sms:shop:default"));
		}
	}

	@Test
	void runWhenProviderWritesSecretsDoesNotShareThem() {
		SmsBalanceStore store = new MapSmsBalanceStore();
		try (RawServer server = new RawServer(RawServer.respond("401 Unauthorized",
				"{\"code\":5001,\"message\":\"jiguangdev:dev_secret is wrong\"}"))) {
			this.runner.withPropertyValues(TestContexts.credentials())
				.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), ENABLED)
				.withBean(SmsBalanceStore.class, () -> store)
				.run((context) -> {
					Awaitility.await().until(() -> Objects.toString(store.get("default"), "").contains("REJECTED"));
					assertThat(store.get("default")).contains("ACCESS_DENIED;401;5001")
						.doesNotContain("jiguangdev", "dev_secret", "wrong", "localhost");
				});
		}
	}

	@Test
	void runWhenThereAreTwoInstancesTheSecondAdoptsWhatTheFirstReads() {
		SmsBalanceStore store = new MapSmsBalanceStore();
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			ApplicationContextRunner instance = instance(server, store);
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
		SmsBalanceStore store = new MapSmsBalanceStore();
		CountDownLatch release = new CountDownLatch(1);
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			instance(server, store)
				.withBean(EngageLabSmsConnectionDetails.class, () -> new HangingConnectionDetails(server, release))
				.withPropertyValues("engagelab.sms.http.request-timeout=1s")
				.run((hanging) -> instance(server, store).run((other) -> {
					awaitPolledBy(other, "self");
					long before = refreshes(other);
					Awaitility.await().until(() -> refreshes(other) >= before + 3);
					assertThat(alone(other)).isZero();
					assertThat(monitor(hanging).getStatus().snapshot()).isNull();
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
		SlowStore store = new SlowStore();
		SmsAccountStates states = new SmsAccountStates();
		this.scripted.withPropertyValues(ENABLED)
			.withBean(SmsBalanceStore.class, () -> store)
			.withBean(SmsAccountStates.class, () -> states)
			.run((context) -> {
				assertThat(store.sharing.await(10, TimeUnit.SECONDS)).isTrue();
				assertThat(states.published).isEmpty();
				GenericApplicationContext source = (GenericApplicationContext) context.getSourceApplicationContext();
				CompletableFuture<Void> closed = CompletableFuture.runAsync(source::close);
				store.release.countDown();
				closed.get(10, TimeUnit.SECONDS);
				assertThat(states.published).containsExactly(SmsAccountState.OK);
				Awaitility.await().until(() -> before.containsAll(threads()));
			});
	}

	private ApplicationContextRunner instance(RawServer server, SmsBalanceStore store) {
		return this.runner.withPropertyValues(TestContexts.credentials())
			.withPropertyValues("engagelab.sms.base-url=" + server.baseUrl(), ENABLED)
			.withBean(SmsBalanceStore.class, () -> store);
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

	private static void awaitKey(ApplicationContext context, String key) {
		StringRedisTemplate redis = new StringRedisTemplate(context.getBean(RedisConnectionFactory.class));
		Awaitility.await().until(() -> Objects.toString(redis.opsForValue().get(key), "").contains(";OK;"));
		assertThat(redis.keys("*")).containsExactly(key);
		redis.delete(key);
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
	 * Takes its time when a result is shared.
	 */
	private static final class SlowStore extends MapSmsBalanceStore {

		private final CountDownLatch sharing = new CountDownLatch(1);

		private final CountDownLatch release = new CountDownLatch(1);

		@Override
		public boolean replace(String account, @Nullable String expected, String text) {
			if (text.contains(";OK;")) {
				this.sharing.countDown();
				try {
					this.release.await(10, TimeUnit.SECONDS);
				}
				catch (InterruptedException ex) {
					throw new IllegalStateException(ex);
				}
			}
			return super.replace(account, expected, text);
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

package io.github.engagelab.sms.host;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.testsupport.RawServer;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * What the hosts of these tests have in common.
 */
final class HostApplications {

	/**
	 * What a busy machine may take for anything.
	 */
	static final Duration PATIENCE = Duration.ofMinutes(1);

	private HostApplications() {
	}

	/**
	 * Start an application that has nothing but the balance, read every second unless the
	 * arguments say otherwise. A read takes as long as a busy machine needs.
	 * @param sources further configuration
	 * @param arguments further arguments
	 * @return the context
	 */
	static ConfigurableApplicationContext start(List<Class<?>> sources, String... arguments) {
		return new SpringApplicationBuilder(BalanceOnly.class).sources(sources.toArray(Class[]::new))
			.web(WebApplicationType.NONE)
			.registerShutdownHook(false)
			.properties("spring.main.banner-mode=off", "engagelab.sms.refresh.interval=1s",
					"engagelab.sms.retry.max-retries=0",
					"engagelab.sms.http.read-timeout=" + PATIENCE.toSeconds() + "s",
					"engagelab.sms.http.request-timeout=" + PATIENCE.toSeconds() + "s")
			.run(arguments);
	}

	/**
	 * Return the arguments for a number of accounts with keys like their names.
	 * @param server the provider
	 * @param accounts the names of the accounts
	 * @return the arguments
	 */
	static String[] accounts(RawServer server, List<String> accounts) {
		List<String> arguments = new ArrayList<>();
		arguments.add("--engagelab.sms.base-url=" + server.baseUrl());
		for (String account : accounts) {
			arguments.add("--engagelab.sms.accounts." + account + ".dev-key=" + account);
			arguments.add("--engagelab.sms.accounts." + account + ".dev-secret=secret");
		}
		arguments.add("--engagelab.sms.primary-account=" + accounts.get(0));
		return arguments.toArray(String[]::new);
	}

	/**
	 * Answer with the documented example after some time.
	 * @param delay the time
	 * @return the script
	 */
	static RawServer.Script exampleAfter(Duration delay) {
		return (request, number, out, socket) -> {
			long end = System.nanoTime() + delay.toNanos();
			for (long left = delay.toNanos(); left > 0; left = end - System.nanoTime()) {
				LockSupport.parkNanos(left);
			}
			out.write(RawServer.http("200 OK", RawServer.EXAMPLE));
		};
	}

	static ConditionFactory await() {
		return Awaitility.await().dontCatchUncaughtExceptions().pollInterval(Duration.ofMillis(50)).atMost(PATIENCE);
	}

	/**
	 * Return the names of the threads that are alive.
	 * @param prefix how they begin
	 * @return the names
	 */
	static Set<String> threads(String prefix) {
		return Thread.getAllStackTraces()
			.keySet()
			.stream()
			.map(Thread::getName)
			.filter((name) -> name.startsWith(prefix))
			.collect(Collectors.toCollection(TreeSet::new));
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EngageLabSmsAutoConfiguration.class)
	static class BalanceOnly {

	}

}

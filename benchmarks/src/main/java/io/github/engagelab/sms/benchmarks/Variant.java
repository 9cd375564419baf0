package io.github.engagelab.sms.benchmarks;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * An application's dependencies: a part of this JVM's class path, which Maven has
 * resolved.
 */
enum Variant {

	/**
	 * Spring MVC, Actuator and Prometheus.
	 */
	WITHOUT(""),

	/**
	 * And what the starter brings of others.
	 */
	FOREIGN(Jars.FOREIGN),

	/**
	 * And the starter.
	 */
	STARTER(Jars.FOREIGN + "|engagelab-sms-.*"),

	/**
	 * What a hand-written indicator with {@code WebClient} brings.
	 */
	WEB_CLIENT(Jars.FOREIGN + "|" + Jars.NETTY + "|" + Jars.WEB_CLIENT),

	/**
	 * And the starter and Redis.
	 */
	CLUSTER(Jars.FOREIGN + "|engagelab-sms-.*|" + Jars.NETTY + "|" + Jars.REDIS);

	private final String added;

	Variant(String added) {
		this.added = added;
	}

	String classPath() {
		return String.join(File.pathSeparator, jars());
	}

	List<String> jars() {
		return entries().filter((entry) -> is(entry, this.added) || !is(entry, Jars.ADDED)).toList();
	}

	/**
	 * Start an application of this variant.
	 * @param main its main class
	 * @param provider the provider
	 * @param arguments further arguments
	 * @return the process, with the application started
	 */
	JavaProcess start(Class<?> main, JavaProcess provider, String... arguments) {
		return start(Path.of(System.getProperty("java.home")), List.of("-Xmx512m"), classPath(), main, provider,
				arguments);
	}

	static JavaProcess start(Path home, List<String> options, String classPath, Class<?> main, JavaProcess provider,
			String... arguments) {
		return new JavaProcess(home, options, classPath, main, arguments(provider, arguments));
	}

	static List<String> arguments(JavaProcess provider, String... arguments) {
		List<String> all = new ArrayList<>(List.of("--server.port=0", "--spring.main.banner-mode=off",
				"--logging.level.root=warn", "--management.endpoints.web.exposure.include=health,prometheus",
				// No details, as by default, and a group that shows them
				"--management.endpoint.health.show-components=always",
				"--management.endpoint.health.group.details.include=*",
				"--management.endpoint.health.group.details.show-details=always",
				"--engagelab.sms.base-url=" + provider.baseUrl(), "--engagelab.sms.dev-key=jiguangdev",
				"--engagelab.sms.dev-secret=dev_secret"));
		all.addAll(Arrays.asList(arguments));
		return all;
	}

	private static Stream<String> entries() {
		return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
			.map((entry) -> Path.of(entry).toAbsolutePath().normalize().toString());
	}

	private static boolean is(String entry, String names) {
		return Path.of(entry).getFileName().toString().matches("(" + names + ")-\\d.*");
	}

	private static final class Jars {

		private static final String FOREIGN = "spring-webflux|reactor-core|reactive-streams";

		private static final String NETTY = "netty-.*|spring-boot-netty";

		private static final String WEB_CLIENT = "spring-boot-starter-webclient|spring-boot-webclient"
				+ "|spring-boot-reactor|spring-boot-http-client|spring-boot-http-codec|reactor-netty-.*";

		private static final String REDIS = "spring-boot-starter-data-redis|spring-boot-data-.*|spring-data-.*"
				+ "|spring-boot-persistence|spring-boot-transaction|spring-tx|spring-oxm|spring-context-support"
				+ "|spring-messaging|lettuce-core|redis-authx-core|jakarta\\.xml\\.bind-api|jakarta\\.activation-api";

		private static final String ADDED = String.join("|", FOREIGN, "engagelab-sms-.*", NETTY, WEB_CLIENT, REDIS,
				"jmh-core|jopt-simple|commons-math3");

	}

}

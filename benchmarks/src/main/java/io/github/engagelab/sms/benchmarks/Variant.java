package io.github.engagelab.sms.benchmarks;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
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
	WITHOUT("spring-webflux|reactor-core|reactive-streams|engagelab-sms-.*"),

	/**
	 * And what the starter brings of others.
	 */
	FOREIGN("engagelab-sms-.*"),

	/**
	 * And the starter.
	 */
	STARTER("none");

	// Never stale, even if the provider hangs
	static final String[] POLLED_EACH_SECOND = { "--engagelab.sms.refresh.interval=1s",
			"--engagelab.sms.refresh.max-age=1d", "--engagelab.sms.http.read-timeout=1h",
			"--engagelab.sms.http.request-timeout=1h" };

	private final String missing;

	Variant(String missing) {
		this.missing = missing;
	}

	/**
	 * Return the arguments for some accounts: the one that there is anyhow, and others.
	 * @param count the number of accounts
	 * @param arguments further arguments
	 * @return the arguments
	 */
	static String[] accounts(int count, String... arguments) {
		List<String> all = new ArrayList<>(List.of(arguments));
		for (int number = 1; number < count; number++) {
			String account = "--engagelab.sms.accounts.account-" + number;
			all.add(account + ".dev-key=key-" + number);
			all.add(account + ".dev-secret=secret-" + number);
		}
		return all.toArray(String[]::new);
	}

	private String classPath() {
		return String.join(File.pathSeparator,
				Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
					.map((entry) -> Path.of(entry).toAbsolutePath().normalize())
					.filter((entry) -> !entry.getFileName().toString().matches("(" + this.missing + ")-\\d.*"))
					.map(Path::toString)
					.toList());
	}

	/**
	 * Start an application of this variant.
	 * @param main its main class
	 * @param provider the provider
	 * @param arguments further arguments
	 * @return the process, with the application started
	 */
	JavaProcess start(Class<?> main, JavaProcess provider, String... arguments) {
		return start(List.of("-Xmx512m"), main, provider, arguments);
	}

	JavaProcess start(List<String> options, Class<?> main, JavaProcess provider, String... arguments) {
		List<String> all = new ArrayList<>(List.of("--server.port=0", "--spring.main.banner-mode=off",
				"--logging.level.root=warn", "--management.endpoints.web.exposure.include=health,prometheus",
				// No details, as by default, and a group that shows them
				"--management.endpoint.health.show-components=always",
				"--management.endpoint.health.group.details.include=*",
				"--management.endpoint.health.group.details.show-details=always",
				"--engagelab.sms.base-url=" + provider.baseUrl(), "--engagelab.sms.dev-key=jiguangdev",
				"--engagelab.sms.dev-secret=dev_secret"));
		all.addAll(List.of(arguments));
		return new JavaProcess(options, classPath(), main, all);
	}

}

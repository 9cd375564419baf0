package io.github.engagelab.sms.benchmarks.app;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;

import com.sun.management.OperatingSystemMXBean;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.context.event.ApplicationStartedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/**
 * An application that knows nothing of the balance. It watches one if the starter is on
 * its class path.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Application {

	public static void main(String[] args) throws IOException {
		run(Application.class, args);
	}

	static void run(Class<?> source, String... args) throws IOException {
		SpringApplication application = new SpringApplication(source);
		application.addListeners(new Started());
		ConfigurableApplicationContext context = application.run(args);
		BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
		for (String command = commands.readLine(); command != null; command = commands.readLine()) {
			if (command.equals("exit")) {
				System.exit(0);
			}
			Footprint footprint = Footprint.measure();
			answer("footprint %d %d %d %d".formatted(footprint.heap(), footprint.threads(),
					context.getBeanDefinitionCount(), loadedClasses()));
		}
		// Whoever started this has gone
		Runtime.getRuntime().halt(0);
	}

	private static long loadedClasses() {
		return ManagementFactory.getClassLoadingMXBean().getTotalLoadedClassCount();
	}

	private static void answer(String line) {
		System.out.println("> " + line);
		System.out.flush();
	}

	/**
	 * Tells what it took to start.
	 */
	static final class Started implements ApplicationListener<ApplicationStartedEvent> {

		@Override
		public void onApplicationEvent(ApplicationStartedEvent event) {
			Marker.load();
			long classes = loadedClasses();
			long cpu = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
			answer("started %s %d %d".formatted(
					event.getApplicationContext().getEnvironment().getProperty("local.server.port"), cpu, classes));
		}

		/**
		 * Loaded at the moment of the start, for a log of the loaded classes. Spring
		 * loads what is nested in a configuration earlier.
		 */
		static final class Marker {

			static void load() {
			}

		}

	}

}

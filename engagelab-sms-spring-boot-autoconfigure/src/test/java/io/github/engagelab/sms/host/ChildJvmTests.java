package io.github.engagelab.sms.host;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

/**
 * Skipped, and with it listed at the end of the build, where other tests run on the JDK
 * of the build only.
 */
class ChildJvmTests {

	@Test
	void newestJdkIsThere() {
		assumeTrue(ChildJvm.Jdk.all().stream().anyMatch((jdk) -> jdk.feature() >= 25),
				"tests on JDK 25, as there is none beside the JDK of the build or in JAVA_HOME_25");
	}

}

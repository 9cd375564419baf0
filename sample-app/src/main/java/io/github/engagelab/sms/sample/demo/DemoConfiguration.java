package io.github.engagelab.sms.sample.demo;

import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/**
 * Replaces EngageLab by a simulation.
 */
@Configuration(proxyBeanMethods = false)
@Profile("demo")
class DemoConfiguration {

	@Bean
	SimulatedEngageLab simulatedEngageLab() {
		return new SimulatedEngageLab();
	}

}

package io.github.engagelab.sms.sample.demo;

import org.springframework.beans.factory.annotation.Value;
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
	SimulatedEngageLab simulatedEngageLab(@Value("${demo.engagelab-port:0}") int port) {
		return new SimulatedEngageLab(port);
	}

}

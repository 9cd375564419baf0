package io.github.engagelab.sms.sample;

import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Tells the page at {@code /} what it cannot learn from the Actuator endpoint.
 */
@RestController
class PageController {

	private final Page page;

	PageController(Environment environment) {
		this.page = new Page(environment.acceptsProfiles(Profiles.of("demo")));
	}

	@GetMapping("/page.json")
	Page page() {
		return this.page;
	}

	/**
	 * What the page has to know.
	 *
	 * @param demo whether EngageLab is simulated, so that {@code /demo} is there
	 */
	record Page(boolean demo) {
	}

}

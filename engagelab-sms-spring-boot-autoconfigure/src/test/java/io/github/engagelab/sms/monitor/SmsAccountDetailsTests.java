package io.github.engagelab.sms.monitor;

import io.github.engagelab.sms.monitor.SmsAccountDetails.Failure;
import io.github.engagelab.sms.monitor.SmsAccountDetails.Threshold;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

class SmsAccountDetailsTests {

	private final JsonMapper mapper = new JsonMapper();

	@Test
	void healthShowsWhatTheEndpointShowsInTheSameOrder() {
		assertSame(new SmsAccountDetails("otp", "LOW", 1L, 2L, 3L, "0.0003", new Threshold("1.0000", "5.0000"),
				"2026-01-01T00:00:00Z", "PT1S", new Failure("REJECTED", "Check the key.", 401, 2001, "no", "then"),
				"wait"));
		assertSame(new SmsAccountDetails("otp", "UNKNOWN", null, null, null, null, new Threshold("1.0000", null), null,
				null, new Failure("TIMEOUT", "Wait.", null, null, null, "then"), null));
	}

	private void assertSame(SmsAccountDetails details) {
		assertThat(this.mapper.writeValueAsString(details.asMap())).isEqualTo(this.mapper.writeValueAsString(details));
	}

}

package consumer;

import consumer.support.ConsumerTests;
import io.github.engagelab.sms.SmsAccountState;
import io.github.engagelab.sms.SmsBalanceService;
import org.junit.jupiter.api.Test;

import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.util.ClassUtils;

import static org.assertj.core.api.Assertions.assertThat;

class ConsumerApplicationTests extends ConsumerTests {

	@Test
	void balanceWhenThereIsNoActuatorIsRead(@Autowired SmsBalanceService service) {
		assertThat(service.getStatus().state()).isEqualTo(SmsAccountState.UNKNOWN);
		assertThat(this.http.get("/balance").body()).isEqualTo("14.3456");
		assertThat(service.getStatus().state()).isEqualTo(SmsAccountState.OK);
		assertThat(provider.getRequests()).isEqualTo(1);
	}

	@Test
	void starterDoesNotAddActuatorNorMicrometer() {
		assertThat(ClassUtils.isPresent("org.springframework.boot.health.contributor.HealthIndicator", null)).isFalse();
		assertThat(ClassUtils.isPresent("io.micrometer.core.instrument.MeterRegistry", null)).isFalse();
		assertThat(this.http.get("/actuator").statusCode()).isEqualTo(404);
	}

}

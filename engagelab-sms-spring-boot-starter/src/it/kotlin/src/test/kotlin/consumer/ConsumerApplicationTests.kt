package consumer

import consumer.support.ActuatorTests
import io.github.engagelab.sms.ReactiveSmsBalanceService
import io.github.engagelab.sms.SmsAccountStatus
import io.github.engagelab.sms.SmsBalanceService
import kotlinx.coroutines.reactor.awaitSingle
import kotlinx.coroutines.runBlocking
import org.assertj.core.api.Assertions.assertThat
import org.junit.jupiter.api.Test
import org.springframework.beans.factory.annotation.Autowired

class ConsumerApplicationTests : ActuatorTests() {

	@Autowired
	private lateinit var service: SmsBalanceService

	@Autowired
	private lateinit var reactiveService: ReactiveSmsBalanceService

	@Test
	fun balanceWhenAwaitedIsTotal() = runBlocking<Unit> {
		assertThat(reactiveService.balance.awaitSingle().totalBalance10000()).isEqualTo(143456)
	}

	@Test
	fun balanceWhenControllerSuspendsIsTotal() {
		assertThat(http.get("/balance").body()).isEqualTo("14.3456")
		assertThat(http.get("/known").body()).isEqualTo("14.3456")
	}

	@Test
	fun compilerKnowsWhatMayBeNull() {
		val status: SmsAccountStatus = service.status
		assertThat(mayBeNull(status.snapshot())).isTrue()
		assertThat(mayBeNull(status.failure())).isTrue()
		assertThat(mayBeNull(status.thresholds().warning10000())).isTrue()
		assertThat(mayBeNull(status.state())).isFalse()
		assertThat(mayBeNull(service.balance)).isFalse()
	}

}

// Which one is called is decided by the compiler, which passes nothing nullable to the first
@Suppress("unused_parameter")
private fun mayBeNull(value: Any) = false

@JvmName("mayBeNullFallback")
@Suppress("unused_parameter")
private fun mayBeNull(value: Any?) = true

package consumer

import io.github.engagelab.sms.ReactiveSmsBalanceService
import io.github.engagelab.sms.SmsBalanceService
import kotlinx.coroutines.reactor.awaitSingle
import org.springframework.boot.autoconfigure.SpringBootApplication
import org.springframework.boot.runApplication
import org.springframework.web.bind.annotation.GetMapping
import org.springframework.web.bind.annotation.RestController
import java.math.BigDecimal

@SpringBootApplication
class ConsumerApplication

@RestController
class BalanceController(
	private val service: SmsBalanceService,
	private val reactiveService: ReactiveSmsBalanceService,
) {

	@GetMapping("/balance")
	suspend fun balance(): BigDecimal = reactiveService.balance.awaitSingle().totalBalance()

	@GetMapping("/known")
	fun known(): String = service.status.snapshot()?.balance()?.totalBalance()?.toPlainString() ?: "nothing"

}

fun main(args: Array<String>) {
	runApplication<ConsumerApplication>(*args)
}

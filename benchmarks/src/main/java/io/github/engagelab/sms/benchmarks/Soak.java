package io.github.engagelab.sms.benchmarks;

import java.util.Map;
import java.util.TreeMap;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.benchmarks.Main.Arguments;
import io.github.engagelab.sms.benchmarks.app.Footprint;

import org.springframework.context.ConfigurableApplicationContext;

/**
 * Refreshes by a provider that fails in every way it can: nothing may pile up.
 */
final class Soak {

	private static final int PARTS = 10;

	private Soak() {
	}

	static void run(Report report, Arguments arguments) throws Exception {
		int refreshes = arguments.get(0, 20_000);
		try (JavaProcess provider = JavaProcess.provider();
				ConfigurableApplicationContext context = Reads.start(provider.baseUrl(),
						"--engagelab.sms.http.read-timeout=150ms", "--engagelab.sms.http.request-timeout=500ms",
						"--engagelab.sms.retry.delay=1ms", "--engagelab.sms.retry.max-delay=2ms",
						// Thousands of changes of state are a WARN each
						"--logging.level.io.github.engagelab.sms=error")) {
			provider.ask("faults");
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			Map<String, Integer> outcomes = new TreeMap<>();
			report.table("Refreshes by a provider that fails in every way", "refreshes", "heap after GC, MiB",
					"threads", "connections");
			for (int part = 1; part <= PARTS; part++) {
				provider.ask("reset");
				for (int i = 0; i < refreshes / PARTS; i++) {
					outcomes.merge(refresh(service), 1, Integer::sum);
				}
				Footprint footprint = Footprint.measure();
				report.row(part * (refreshes / PARTS), "%.2f".formatted(footprint.heap() / 1048576.0),
						footprint.threads(), provider.ask("connections")[0]);
			}
			System.out.printf("%nOutcomes: %s%n", outcomes);
		}
	}

	private static String refresh(SmsBalanceService service) {
		try {
			service.getBalance();
			return "success";
		}
		catch (SmsBalanceException ex) {
			return ex.getFailure().name();
		}
	}

}

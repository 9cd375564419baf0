package consumer;

import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.sun.net.httpserver.HttpServer;
import io.github.engagelab.sms.SmsBalance;
import io.github.engagelab.sms.SmsBalanceService;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;

@SpringBootApplication
public class Consumer {

	private static final String EXAMPLE = """
			{"balance10000":123456,"gift_balance10000":20000,"balance":12.3456,"gift_balance":2,\
			"total_balance10000":143456,"total_balance":14.3456}""";

	private final SmsBalanceService service;

	Consumer(SmsBalanceService service) {
		this.service = service;
	}

	public static void main(String[] args) {
		int status = 1;
		try {
			System.out.println(run());
			status = 0;
		}
		catch (Throwable ex) {
			ex.printStackTrace();
		}
		Runtime.getRuntime().halt(status);
	}

	private static String run() throws Exception {
		HttpServer provider = HttpServer.create(new InetSocketAddress("localhost", 0), 0);
		provider.createContext("/v1/balance", (exchange) -> {
			byte[] body = EXAMPLE.getBytes(StandardCharsets.UTF_8);
			exchange.sendResponseHeaders(200, body.length);
			try (exchange) {
				exchange.getResponseBody().write(body);
			}
		});
		provider.start();
		ConfigurableApplicationContext context = SpringApplication.run(Consumer.class, "--server.port=0",
				"--spring.main.banner-mode=off", "--logging.level.root=warn",
				"--management.endpoints.web.exposure.include=*", "--management.endpoint.health.show-details=always",
				"--engagelab.sms.base-url=http://localhost:" + provider.getAddress().getPort(),
				"--engagelab.sms.dev-key=key", "--engagelab.sms.dev-secret=secret");
		SmsBalance balance = context.getBean(Consumer.class).service.getBalance();
		String actuator = "http://localhost:" + context.getEnvironment().getProperty("local.server.port") + "/actuator/";
		return String.join(", ",
				List.of("Spring Boot " + SpringBootVersion.getVersion(),
						context.getClass().getSimpleName().replaceAll("AnnotationConfig|WebServerApplicationContext", ""),
						"Java " + Runtime.version().feature(), "balance " + find("14\\.3456", balance.totalBalance().toString()),
						"health " + find("(?<=\"status\":\")UP", get(actuator + "health/engagelabSms")),
						find("engagelab_sms_total_balance10000\\{account=\"default\".*} 143456\\.0",
								get(actuator + "prometheus"))));
	}

	private static String find(String pattern, String text) {
		Matcher matcher = Pattern.compile(pattern).matcher(text);
		if (!matcher.find()) {
			throw new IllegalStateException("No " + pattern + " in " + text);
		}
		return matcher.group();
	}

	private static String get(String url) throws Exception {
		return HttpClient.newHttpClient()
			.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString())
			.body();
	}

}

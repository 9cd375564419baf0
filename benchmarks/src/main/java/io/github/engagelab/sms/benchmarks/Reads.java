package io.github.engagelab.sms.benchmarks;

import java.lang.management.ManagementFactory;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import com.sun.management.ThreadMXBean;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
import io.github.engagelab.sms.benchmarks.Main.Arguments;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;

/**
 * What a real-time read takes, one at a time and many at once, against the floor and
 * against {@code RestClient} with the same safety: a timeout, a limit of size and strict
 * JSON. And what is answered from the snapshot.
 */
final class Reads {

	private static final Duration TIMEOUT = Duration.ofSeconds(5);

	private static final Duration MAX_AGE = Duration.ofHours(1);

	private static final int MAX_SIZE = 64 * 1024;

	private static final int AT_ONCE = 64;

	private static final int CALLS = 1_000_000;

	private static final String FLOOR = "JDK HttpClient, readValue";

	private Reads() {
	}

	static void run(Report report, Arguments arguments) throws Exception {
		int rounds = arguments.get(0, 40);
		try (JavaProcess provider = JavaProcess.provider();
				ConfigurableApplicationContext context = start(provider.baseUrl())) {
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			Map<String, Callable<?>> readers = readers(provider.baseUrl(), service);
			oneAtATime(readers, rounds, 500);
			oneAtATime(readers, rounds, 500).print(report, "One at a time, no latency, microseconds", 1, FLOOR, 2);
			provider.ask("latency 20");
			oneAtATime(readers, rounds, 5).print(report, "One at a time, provider 20 ms, microseconds", 1, FLOOR, 2);
			atOnce(report, readers, provider, rounds);
			fromSnapshot(report, service, rounds);
		}
	}

	static ConfigurableApplicationContext start(String baseUrl, String... arguments) {
		List<String> all = new ArrayList<>(List.of("--spring.main.banner-mode=off", "--logging.level.root=warn",
				"--engagelab.sms.base-url=" + baseUrl, "--engagelab.sms.dev-key=jiguangdev",
				"--engagelab.sms.dev-secret=dev_secret", "--engagelab.sms.refresh.enabled=false"));
		all.addAll(List.of(arguments));
		return new SpringApplicationBuilder(BalanceOnly.class).web(WebApplicationType.NONE)
			.run(all.toArray(String[]::new));
	}

	private static Map<String, Callable<?>> readers(String baseUrl, SmsBalanceService service) {
		URI uri = URI.create(baseUrl + "/v1/balance");
		String authorization = "Basic "
				+ Base64.getEncoder().encodeToString("jiguangdev:dev_secret".getBytes(StandardCharsets.US_ASCII));
		Map<String, Callable<?>> readers = new LinkedHashMap<>();
		readers.put(FLOOR, floor(uri, authorization));
		readers.put("getBalance()", service::getBalance);
		readers.put("RestClient", restClient(uri, authorization));
		return readers;
	}

	private static Callable<?> floor(URI uri, String authorization) {
		HttpClient client = httpClient();
		JsonMapper mapper = new JsonMapper();
		HttpRequest request = HttpRequest.newBuilder(uri).header("Authorization", authorization).build();
		return () -> mapper.readValue(client.send(request, BodyHandlers.ofByteArray()).body(), Answer.class);
	}

	private static Callable<?> restClient(URI uri, String authorization) {
		JsonMapper mapper = JsonMapper.builder()
			.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
			.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
			.enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
			.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
			.disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
			.build();
		JdkClientHttpRequestFactory factory = new JdkClientHttpRequestFactory(httpClient());
		factory.setReadTimeout(TIMEOUT);
		RestClient client = RestClient.builder().requestFactory(factory).build();
		return () -> client.get().uri(uri).header("Authorization", authorization).exchange((request, response) -> {
			byte[] body = response.getBody().readNBytes(MAX_SIZE + 1);
			if (body.length > MAX_SIZE || response.getStatusCode().isError()) {
				throw new IllegalStateException("No balance");
			}
			return mapper.readValue(body, Answer.class);
		});
	}

	private static HttpClient httpClient() {
		return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT).build();
	}

	private static Samples oneAtATime(Map<String, Callable<?>> readers, int rounds, int reads) throws Exception {
		Samples samples = new Samples();
		for (int round = 0; round < rounds; round++) {
			for (Map.Entry<String, Callable<?>> reader : readers.entrySet()) {
				Sample times = new Sample();
				for (int i = 0; i < reads; i++) {
					long begin = System.nanoTime();
					reader.getValue().call();
					times.add((System.nanoTime() - begin) / 1e3);
				}
				samples.add(reader.getKey(), times.median());
			}
		}
		return samples;
	}

	private static void atOnce(Report report, Map<String, Callable<?>> readers, JavaProcess provider, int rounds)
			throws Exception {
		Samples times = new Samples();
		Samples requests = new Samples();
		ExecutorService callers = Executors.newFixedThreadPool(AT_ONCE);
		for (int round = 0; round < rounds; round++) {
			for (Map.Entry<String, Callable<?>> reader : readers.entrySet()) {
				provider.ask("reset");
				long begin = System.nanoTime();
				List<Future<Object>> results = new ArrayList<>();
				for (int i = 0; i < AT_ONCE; i++) {
					results.add(callers.submit(() -> reader.getValue().call()));
				}
				for (Future<Object> result : results) {
					result.get();
				}
				times.add(reader.getKey(), (System.nanoTime() - begin) / 1e6);
				requests.add(reader.getKey(), provider.ask("requests")[0]);
			}
		}
		callers.shutdown();
		report.table(AT_ONCE + " at once, provider 20 ms", "", "until the last has its answer, ms", "requests a round");
		readers.keySet().forEach((name) -> report.row(name, times.get(name).text(1), requests.get(name).mean()));
	}

	private static void fromSnapshot(Report report, SmsBalanceService service, int rounds) throws Exception {
		Map<String, Callable<?>> calls = new LinkedHashMap<>();
		calls.put("getBalance(Duration)", () -> service.getBalance(MAX_AGE));
		calls.put("getStatus()", service::getStatus);
		ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
		Samples nanos = new Samples();
		Samples bytes = new Samples();
		for (int round = -2; round < rounds; round++) {
			for (Map.Entry<String, Callable<?>> call : calls.entrySet()) {
				long bytesBefore = threads.getCurrentThreadAllocatedBytes();
				long begin = System.nanoTime();
				repeat(call.getValue());
				// The first two are warm-up
				if (round >= 0) {
					nanos.add(call.getKey(), (System.nanoTime() - begin) / (double) CALLS);
					bytes.add(call.getKey(), (threads.getCurrentThreadAllocatedBytes() - bytesBefore) / (double) CALLS);
				}
			}
		}
		report.table("From the snapshot, one thread, a loop of a million calls", "", "ns, median (quartiles)",
				"bytes allocated");
		calls.keySet().forEach((name) -> report.row(name, nanos.get(name).text(1), bytes.get(name).text(0)));
	}

	private static void repeat(Callable<?> call) throws Exception {
		Object last = null;
		for (int i = 0; i < CALLS; i++) {
			last = call.call();
		}
		if (last == null) {
			throw new IllegalStateException("No answer");
		}
	}

	/**
	 * An answer as everybody would declare it.
	 */
	record Answer(long balance10000, long gift_balance10000, long total_balance10000, double balance,
			double gift_balance, double total_balance) {
	}

	@Configuration(proxyBeanMethods = false)
	@ImportAutoConfiguration(EngageLabSmsAutoConfiguration.class)
	static class BalanceOnly {

	}

}

package io.github.engagelab.sms.benchmarks;

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

import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.autoconfigure.EngageLabSmsAutoConfiguration;
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
import org.springframework.http.client.reactive.JdkClientHttpConnector;
import org.springframework.web.client.RestClient;
import org.springframework.web.reactive.function.client.WebClient;

/**
 * What a real-time read takes, one at a time and many at once, against the floor and
 * against Spring's clients with the same safety: a timeout, a limit of size and strict
 * JSON.
 */
final class Reads {

	private static final Duration TIMEOUT = Duration.ofSeconds(5);

	private static final int MAX_SIZE = 64 * 1024;

	private static final int AT_ONCE = 64;

	private static final String OURS = "getBalance()";

	private static final String FLOOR = "JDK HttpClient, readValue";

	private static final String REST_CLIENT = "RestClient";

	private Reads() {
	}

	static void run(Report report, List<String> arguments) throws Exception {
		int rounds = arguments.isEmpty() ? 40 : Integer.parseInt(arguments.get(0));
		try (JavaProcess provider = JavaProcess.provider();
				ConfigurableApplicationContext context = start(provider.baseUrl())) {
			Map<String, Callable<?>> readers = readers(provider.baseUrl(), context.getBean(SmsBalanceService.class));
			oneAtATime(readers, rounds, 500);
			Map<String, Sample> loopback = oneAtATime(readers, rounds, 500);
			print(report, "One at a time, loopback, no latency, microseconds", loopback);
			provider.ask("latency 20");
			Map<String, Sample> far = oneAtATime(readers, rounds, 5);
			print(report, "One at a time, provider 20 ms, microseconds", far);
			long requests = atOnce(report, readers, provider, rounds);
			double ours = loopback.get(OURS).dividedBy(loopback.get(REST_CLIENT)).median();
			report.mustHold("real-time read without latency no slower than RestClient's", ours <= 1,
					"%.2f x RestClient's", ours);
			double overFloor = far.get(OURS).dividedBy(far.get(FLOOR)).median();
			report.mustHold("real-time read with a provider of 20 ms <= 1.05 of the floor", overFloor <= 1.05, "%.3f",
					overFloor);
			report.mustHold(AT_ONCE + " at once are one request", requests == rounds, "%d requests in %d rounds",
					requests, rounds);
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
		readers.put(OURS, service::getBalance);
		readers.put(REST_CLIENT, restClient(uri, authorization));
		readers.put("WebClient", webClient(uri, authorization));
		return readers;
	}

	private static Callable<?> floor(URI uri, String authorization) {
		HttpClient client = httpClient();
		JsonMapper mapper = new JsonMapper();
		HttpRequest request = HttpRequest.newBuilder(uri).header("Authorization", authorization).build();
		return () -> mapper.readValue(client.send(request, BodyHandlers.ofByteArray()).body(), Answer.class);
	}

	private static Callable<?> restClient(URI uri, String authorization) {
		JsonMapper mapper = strictMapper();
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

	private static Callable<?> webClient(URI uri, String authorization) {
		JsonMapper mapper = strictMapper();
		WebClient client = WebClient.builder()
			.clientConnector(new JdkClientHttpConnector(httpClient()))
			.codecs((codecs) -> codecs.defaultCodecs().maxInMemorySize(MAX_SIZE))
			.build();
		return () -> client.get()
			.uri(uri)
			.header("Authorization", authorization)
			.retrieve()
			.bodyToMono(byte[].class)
			.map((body) -> mapper.readValue(body, Answer.class))
			.block(TIMEOUT);
	}

	private static HttpClient httpClient() {
		return HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(TIMEOUT).build();
	}

	static JsonMapper strictMapper() {
		return JsonMapper.builder()
			.enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
			.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
			.enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
			.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
			.disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
			.build();
	}

	private static Map<String, Sample> oneAtATime(Map<String, Callable<?>> readers, int rounds, int reads)
			throws Exception {
		Map<String, Sample> samples = new LinkedHashMap<>();
		for (int round = 0; round < rounds; round++) {
			for (Map.Entry<String, Callable<?>> reader : readers.entrySet()) {
				Sample times = new Sample();
				for (int i = 0; i < reads; i++) {
					long begin = System.nanoTime();
					reader.getValue().call();
					times.add((System.nanoTime() - begin) / 1e3);
				}
				samples.computeIfAbsent(reader.getKey(), (name) -> new Sample()).add(times.median());
			}
		}
		return samples;
	}

	private static long atOnce(Report report, Map<String, Callable<?>> readers, JavaProcess provider, int rounds)
			throws Exception {
		report.table(AT_ONCE + " at once, provider 20 ms", "", "until the last has its answer, ms", "requests a round");
		long ours = 0;
		ExecutorService callers = Executors.newFixedThreadPool(AT_ONCE);
		try {
			Map<String, Sample> times = new LinkedHashMap<>();
			Map<String, Long> requests = new LinkedHashMap<>();
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
					times.computeIfAbsent(reader.getKey(), (name) -> new Sample())
						.add((System.nanoTime() - begin) / 1e6);
					requests.merge(reader.getKey(), provider.ask("requests")[0], Long::sum);
				}
			}
			for (String name : readers.keySet()) {
				report.row(name, times.get(name).text(1), requests.get(name) / (double) rounds);
			}
			ours = requests.get(OURS);
		}
		finally {
			callers.shutdownNow();
		}
		return ours;
	}

	private static void print(Report report, String title, Map<String, Sample> samples) {
		report.table(title, "", "median (quartiles) of the rounds' medians", "ratio to the floor");
		samples
			.forEach((name, sample) -> report.row(name, sample.text(1), sample.dividedBy(samples.get(FLOOR)).text(2)));
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

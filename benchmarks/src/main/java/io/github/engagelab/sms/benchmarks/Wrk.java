package io.github.engagelab.sms.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The load: {@code wrk}, a process of its own.
 *
 * @param requests the number of requests answered
 * @param perSecond the requests answered a second
 */
record Wrk(long requests, double perSecond) {

	// One, so that the connections of an application under test do not grow
	private static final HttpClient client = HttpClient.newHttpClient();

	private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in");

	private static final Pattern PER_SECOND = Pattern.compile("Requests/sec:\\s+([0-9.]+)");

	/**
	 * Ask one address as fast as the answers come.
	 * @param connections the number of connections
	 * @param seconds for how long
	 * @param url the address
	 * @return what came
	 */
	static Wrk run(int connections, int seconds, String url) {
		try {
			Process process = new ProcessBuilder("wrk", "-t1", "-c" + connections, "-d" + seconds + "s", "--timeout",
					"10s", url)
				.redirectErrorStream(true)
				.start();
			try {
				String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
				process.waitFor(seconds + 20L, TimeUnit.SECONDS);
				if (process.exitValue() != 0 || text.contains("Non-2xx") || text.contains("Socket errors")) {
					throw new IllegalStateException(text);
				}
				return new Wrk((long) find(REQUESTS, text), find(PER_SECOND, text));
			}
			finally {
				process.destroyForcibly();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * Get one address once.
	 * @param url the address
	 * @return the body of an answer with status 200
	 */
	static String get(String url) throws Exception {
		HttpResponse<String> response = client.send(HttpRequest.newBuilder(URI.create(url)).build(),
				BodyHandlers.ofString());
		if (response.statusCode() != 200) {
			throw new IllegalStateException(url + ": " + response.statusCode() + " " + response.body());
		}
		return response.body();
	}

	private static double find(Pattern pattern, String text) {
		Matcher matcher = pattern.matcher(text);
		if (!matcher.find()) {
			throw new IllegalStateException(text);
		}
		return Double.parseDouble(matcher.group(1));
	}

}

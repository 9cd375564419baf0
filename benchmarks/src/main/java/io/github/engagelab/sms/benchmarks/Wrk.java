package io.github.engagelab.sms.benchmarks;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The load: {@code wrk}, a process of its own.
 */
final class Wrk {

	// One, so that the connections of an application under test do not grow
	private static final HttpClient client = HttpClient.newHttpClient();

	private static final Pattern PER_SECOND = Pattern.compile("Requests/sec:\\s+([0-9.]+)");

	private Wrk() {
	}

	/**
	 * Ask one address as fast as the answers come.
	 * @param connections the number of connections
	 * @param seconds for how long
	 * @param url the address
	 * @return the answers a second
	 */
	static double perSecond(int connections, int seconds, String url) throws Exception {
		Process process = new ProcessBuilder("wrk", "-t1", "-c" + connections, "-d" + seconds + "s", "--timeout", "10s",
				url)
			.redirectErrorStream(true)
			.start();
		String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		Matcher matcher = PER_SECOND.matcher(text);
		if (process.waitFor() != 0 || text.contains("Non-2xx") || text.contains("Socket errors") || !matcher.find()) {
			throw new IllegalStateException(text);
		}
		return Double.parseDouble(matcher.group(1));
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

}

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Asks EngageLab for a balance, once, and says whether the answer is the documented one.
 * Prints no amount, no credential and no text of the provider.
 *
 * <pre>ENGAGELAB_SMS_DEVKEY=... ENGAGELAB_SMS_DEVSECRET=... java .ci/LiveCheck.java</pre>
 *
 * Ends with 0 if the provider answered with a balance as documented, with 1 if it did
 * not, and with 2 if it was not asked.
 */
final class LiveCheck {

	private static final String DEFAULT_BASE_URL = "https://smsapi.engagelab.com";

	private static final Duration TIMEOUT = Duration.ofSeconds(15);

	// As for the starter
	private static final int MAX_BODY_SIZE = 64 * 1024;

	private static final Set<String> INTEGERS = new TreeSet<>(
			Set.of("balance10000", "gift_balance10000", "total_balance10000"));

	private static final Set<String> NUMBERS = new TreeSet<>(Set.of("balance", "gift_balance", "total_balance"));

	private static final Set<String> DOCUMENTED = Stream.of(INTEGERS, NUMBERS, Set.of("code", "message"))
		.flatMap(Set::stream)
		.collect(Collectors.toSet());

	// By HTTP status and code
	private static final Map<String, String> ERRORS = Map.of("500 1000", "an internal error of the provider", "401 2001",
			"wrong key or secret, or their merchant does not exist", "401 2002", "key and secret are expired or disabled",
			"403 2002", "the merchant has been deleted");

	private final URI uri;

	private final String devKey;

	private final String devSecret;

	private LiveCheck(URI uri, String devKey, String devSecret) {
		this.uri = uri;
		this.devKey = devKey;
		this.devSecret = devSecret;
	}

	public static void main(String[] args) {
		if (args.length > 0) {
			System.out.println("There are no arguments. Credentials are environment variables, as others could see those "
					+ "of a command line: ENGAGELAB_SMS_DEVKEY and ENGAGELAB_SMS_DEVSECRET.");
			System.exit(2);
		}
		System.exit(run(System.getenv()));
	}

	private static int run(Map<String, String> environment) {
		String devKey = environment.getOrDefault("ENGAGELAB_SMS_DEVKEY", "").strip();
		String devSecret = environment.getOrDefault("ENGAGELAB_SMS_DEVSECRET", "").strip();
		if (devKey.isEmpty() || devSecret.isEmpty()) {
			System.out.println("Set ENGAGELAB_SMS_DEVKEY and ENGAGELAB_SMS_DEVSECRET to the API key and secret from the "
					+ "EngageLab console. ENGAGELAB_SMS_BASEURL is optional and defaults to " + DEFAULT_BASE_URL + ".");
			return 2;
		}
		URI baseUrl = baseUrl(environment.getOrDefault("ENGAGELAB_SMS_BASEURL", DEFAULT_BASE_URL).strip());
		if (baseUrl == null) {
			System.out.println("Set ENGAGELAB_SMS_BASEURL to an https address without user info, query and fragment, "
					+ "or to an http address of this host.");
			return 2;
		}
		return new LiveCheck(URI.create(baseUrl.toString().replaceAll("/+$", "") + "/v1/balance"), devKey, devSecret).run();
	}

	private static URI baseUrl(String text) {
		URI uri;
		try {
			uri = URI.create(text);
		}
		catch (IllegalArgumentException ex) {
			return null;
		}
		boolean plain = uri.getRawUserInfo() == null && uri.getRawQuery() == null && uri.getRawFragment() == null;
		boolean local = Set.of("localhost", "127.0.0.1", "[::1]").contains(String.valueOf(uri.getHost()));
		boolean safe = "https".equalsIgnoreCase(uri.getScheme())
				|| ("http".equalsIgnoreCase(uri.getScheme()) && local);
		return (uri.getHost() != null && plain && safe) ? uri : null;
	}

	private int run() {
		print("Host", this.uri.getHost());
		Answer response;
		try {
			response = send();
		}
		catch (IOException ex) {
			print("Answer", "none (" + ex.getClass().getSimpleName() + ")");
			return 1;
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			return 1;
		}
		print("HTTP status", String.valueOf(response.status()));
		if (response.body().length > MAX_BODY_SIZE) {
			print("Contract", "broken: the body is larger than 64 KiB");
			return 1;
		}
		Map<String, Object> fields;
		try {
			fields = new Json(decode(response.body())).object();
		}
		catch (IllegalArgumentException ex) {
			print("Contract", "broken: the body of " + response.body().length + " bytes is not a JSON object");
			return 1;
		}
		print("Fields", fields.keySet().stream().map(this::printable).collect(Collectors.joining(", ")));
		boolean success = response.status() == 200;
		List<String> broken = success ? checkBalance(fields) : checkError(response.status(), fields);
		if (!broken.isEmpty()) {
			print("Contract", "broken: " + String.join("; ", broken));
			return 1;
		}
		print("Contract", success ? "holds" : "holds, but this is the error with code " + fields.get("code") + ": "
				+ ERRORS.get(response.status() + " " + fields.get("code")));
		return success ? 0 : 1;
	}

	private Answer send() throws IOException, InterruptedException {
		byte[] credentials = (this.devKey + ":" + this.devSecret).getBytes(StandardCharsets.UTF_8);
		HttpRequest request = HttpRequest.newBuilder(this.uri)
			.timeout(TIMEOUT)
			.header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials))
			.header("Accept", "application/json")
			.build();
		HttpResponse<InputStream> response = HttpClient.newBuilder()
			.version(HttpClient.Version.HTTP_1_1)
			.followRedirects(HttpClient.Redirect.NEVER)
			.connectTimeout(TIMEOUT)
			.build()
			.send(request, BodyHandlers.ofInputStream());
		try {
			byte[] body = CompletableFuture.supplyAsync(() -> read(response.body()))
				.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
			return new Answer(response.statusCode(), body);
		}
		catch (ExecutionException | TimeoutException ex) {
			throw new IOException(ex);
		}
	}

	private static byte[] read(InputStream in) {
		try {
			return in.readNBytes(MAX_BODY_SIZE + 1);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static String decode(byte[] body) {
		try {
			return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
		}
		catch (CharacterCodingException ex) {
			throw new IllegalArgumentException(ex);
		}
	}

	private static List<String> checkBalance(Map<String, Object> fields) {
		List<String> broken = new ArrayList<>();
		INTEGERS.forEach((name) -> check(broken, isInteger(fields.get(name)), name + " is not an integer"));
		NUMBERS.forEach((name) -> check(broken, fields.get(name) instanceof BigDecimal, name + " is not a number"));
		Object code = fields.get("code");
		check(broken, code == null || code == Json.NULL || isInteger(code) && ((BigDecimal) code).signum() == 0,
				"code is not 0");
		if (broken.isEmpty()) {
			BigDecimal total = (BigDecimal) fields.get("total_balance10000");
			BigDecimal sum = ((BigDecimal) fields.get("balance10000"))
				.add((BigDecimal) fields.get("gift_balance10000"));
			check(broken, total.compareTo(sum) == 0, "total_balance10000 is not the sum of its parts");
		}
		return broken;
	}

	private static List<String> checkError(int status, Map<String, Object> fields) {
		List<String> broken = new ArrayList<>();
		check(broken, status >= 400, "HTTP " + status + " is not documented");
		check(broken, isInteger(fields.get("code")), "code is not an integer");
		check(broken, fields.get("message") instanceof String, "message is not a text");
		check(broken, !broken.isEmpty() || ERRORS.containsKey(status + " " + fields.get("code")),
				"its code with HTTP " + status + " is not documented");
		return broken;
	}

	private static void check(List<String> broken, boolean valid, String otherwise) {
		if (!valid) {
			broken.add(otherwise);
		}
	}

	private static boolean isInteger(Object value) {
		return value instanceof BigDecimal number && number.scale() == 0 && number.precision() <= 18;
	}

	// A name that is not documented may be anything, even a credential that is sent back
	private String printable(String name) {
		boolean safe = name.matches("[A-Za-z][A-Za-z0-9_.-]{0,39}") && !name.contains(this.devKey)
				&& !name.contains(this.devSecret);
		return (DOCUMENTED.contains(name) || safe) ? name : "(a name that is not printed)";
	}

	private static void print(String what, String value) {
		System.out.printf("%-12s %s%n", what + ":", value);
	}

	private record Answer(int status, byte[] body) {
	}

	/**
	 * Just enough of a JSON parser, as the JDK has none. Numbers are
	 * {@link BigDecimal}s, arrays and objects within the object are checked and dropped.
	 */
	private static final class Json {

		static final Object NULL = new Object();

		private static final Pattern NUMBER = Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");

		private static final Pattern ESCAPE = Pattern.compile("\\\\([\"\\\\/bfnrt]|u[0-9a-fA-F]{4})");

		private static final int MAX_DEPTH = 20;

		private final String text;

		private int position;

		private int depth;

		Json(String text) {
			this.text = text;
		}

		Map<String, Object> object() {
			Map<String, Object> fields = members();
			require(peek() == 0);
			return fields;
		}

		private Map<String, Object> members() {
			Map<String, Object> fields = new LinkedHashMap<>();
			expect('{');
			if (!accept('}')) {
				do {
					String name = string();
					expect(':');
					require(fields.put(name, value()) == null);
				}
				while (accept(','));
				expect('}');
			}
			return new TreeMap<>(fields);
		}

		private Object value() {
			require(++this.depth <= MAX_DEPTH);
			Object value = switch (peek()) {
				case '{' -> members();
				case '[' -> elements();
				case '"' -> string();
				case 't' -> word("true", Boolean.TRUE);
				case 'f' -> word("false", Boolean.FALSE);
				case 'n' -> word("null", NULL);
				default -> new BigDecimal(token(NUMBER));
			};
			this.depth--;
			return value;
		}

		private Object elements() {
			expect('[');
			if (!accept(']')) {
				do {
					value();
				}
				while (accept(','));
				expect(']');
			}
			return List.of();
		}

		// As it stands: no documented name has an escape
		private String string() {
			expect('"');
			StringBuilder string = new StringBuilder();
			while (current() != '"') {
				if (current() == '\\') {
					string.append(token(ESCAPE));
				}
				else {
					require(current() >= ' ');
					string.append(current());
					this.position++;
				}
			}
			this.position++;
			return string.toString();
		}

		private Object word(String word, Object value) {
			require(this.text.startsWith(word, this.position));
			this.position += word.length();
			return value;
		}

		private String token(Pattern pattern) {
			var matcher = pattern.matcher(this.text).region(this.position, this.text.length());
			require(matcher.lookingAt());
			this.position = matcher.end();
			return matcher.group();
		}

		private char peek() {
			while (this.position < this.text.length() && " \t\r\n".indexOf(this.text.charAt(this.position)) >= 0) {
				this.position++;
			}
			return current();
		}

		private char current() {
			return (this.position < this.text.length()) ? this.text.charAt(this.position) : 0;
		}

		private void expect(char expected) {
			require(accept(expected));
		}

		private boolean accept(char expected) {
			boolean accepted = peek() == expected;
			this.position += accepted ? 1 : 0;
			return accepted;
		}

		private static void require(boolean valid) {
			if (!valid) {
				throw new IllegalArgumentException("not JSON");
			}
		}

	}

}

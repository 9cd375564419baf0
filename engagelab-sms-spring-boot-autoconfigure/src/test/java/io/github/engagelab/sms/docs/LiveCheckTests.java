package io.github.engagelab.sms.docs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The live check, against a stub.
 */
class LiveCheckTests {

	private static final String KEY = "jiguangdev";

	private static final String SECRET = "dev_secret";

	@Test
	void checkWhenAnswerIsBalanceSaysThatContractHolds() throws Exception {
		try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE))) {
			Result result = check(server);
			assertThat(result.output()).isEqualTo(
					"""
							Host:        localhost
							HTTP status: 200
							Fields:      balance, balance10000, gift_balance, gift_balance10000, total_balance, total_balance10000
							Contract:    holds
							""");
			assertThat(result.exitCode()).isZero();
			assertThat(server.requests()).singleElement()
				.asString()
				.startsWith("GET /v1/balance HTTP/1.1\r\n")
				.contains("\r\nAuthorization: Basic amlndWFuZ2RldjpkZXZfc2VjcmV0\r\n");
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					401 Unauthorized | {"code":2001,"message":"no"}                      | holds, but this is the error with code 2001: wrong key or secret, or their merchant does not exist
					401 Unauthorized | {"code":2001.0,"message":"no"}                    | broken: code is not an integer
					401 Unauthorized | {"code":123456789012345678,"message":"no"}        | broken: its code with HTTP 401 is not documented
					403 Forbidden    | {"code":2002,"message":"no"}                      | holds, but this is the error with code 2002: the merchant has been deleted
					403 Forbidden    | {"code":2001,"message":"no"}                      | broken: its code with HTTP 403 is not documented
					401 Unauthorized | {"message":"no"}                                  | broken: code is not an integer
					302 Found        | {"code":1000,"message":"no"}                      | broken: HTTP 302 is not documented
					502 Bad Gateway  | <html/>                                           | broken: the body of 7 bytes is not a JSON object
					200 OK           | {"code":2001,"message":"no"}                      | broken: balance10000 is not an integer; gift_balance10000 is not an integer; total_balance10000 is not an integer; balance is not a number; gift_balance is not a number; total_balance is not a number; code is not 0
					200 OK           | {"balance10000":1,"gift_balance10000":1,"total_balance10000":3,"balance":1,"gift_balance":1,"total_balance":3} | broken: total_balance10000 is not the sum of its parts
					200 OK           | {"balance10000":1.0,"gift_balance10000":1,"total_balance10000":2,"balance":1,"gift_balance":1,"total_balance":2} | broken: balance10000 is not an integer
					200 OK           | {"balance10000":1,"balance10000":2}               | broken: the body of 35 bytes is not a JSON object
					""")
	void checkWhenAnswerIsNoBalanceSaysWhatItIs(String status, String body, String contract) throws Exception {
		try (RawServer server = new RawServer(RawServer.respond(status, body, "Location: http://localhost:1/"))) {
			Result result = check(server);
			assertThat(result.output()).startsWith("Host:        localhost\nHTTP status: " + status.substring(0, 3))
				.endsWith("\nContract:    " + contract + "\n");
			assertThat(result.exitCode()).isEqualTo(1);
			assertThat(server.requests()).hasSize(1);
		}
	}

	@Test
	void checkWhenCredentialsAndAmountsComeBackPrintsNone() throws Exception {
		String body = "{\"%s\":1,\"total_balance10000\":987654,\"message\":\"%s\",\"<b>\":{\"987654\":[]}}"
			.formatted(SECRET, KEY);
		try (RawServer server = new RawServer(RawServer.respond("200 OK", body))) {
			assertThat(check(server).output()).contains("total_balance10000", "(a name that is not printed)")
				.doesNotContain(SECRET, KEY, "987654", "<b>", "amlndWFuZ2RldjpkZXZfc2VjcmV0");
		}
	}

	@Test
	void checkWhenThereIsNoAnswerSaysSo() throws Exception {
		try (RawServer server = new RawServer((request, number, out, socket) -> socket.close())) {
			Result result = check(server);
			assertThat(result.output()).matches("Host: {8}localhost\nAnswer: {6}none \\(\\w+Exception\\)\n");
			assertThat(result.exitCode()).isEqualTo(1);
		}
	}

	@Test
	void checkWhenAnswerIsTooLongReadsNoFurther() throws Exception {
		try (RawServer server = new RawServer((request, number, out, socket) -> {
			out.write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
			for (byte[] blanks = " ".repeat(1024).getBytes(StandardCharsets.US_ASCII);;) {
				out.write(blanks);
			}
		})) {
			Result result = check(server);
			assertThat(result.output()).endsWith("Contract:    broken: the body is larger than 64 KiB\n");
			assertThat(result.exitCode()).isEqualTo(1);
		}
	}

	@Test
	void checkWhenThereAreArgumentsDoesNotAsk() throws Exception {
		Result result = check(Map.of("ENGAGELAB_SMS_DEVKEY", KEY, "ENGAGELAB_SMS_DEVSECRET", SECRET), KEY, SECRET);
		assertThat(result.output()).contains("There are no arguments").doesNotContain(KEY, SECRET, "Host");
		assertThat(result.exitCode()).isEqualTo(2);
	}

	@Test
	void checkWhenVariablesAreMissingSaysWhatToSet() throws Exception {
		Result result = check(Map.of("ENGAGELAB_SMS_DEVKEY", KEY));
		assertThat(result.output()).contains("Set ENGAGELAB_SMS_DEVKEY and ENGAGELAB_SMS_DEVSECRET");
		assertThat(result.exitCode()).isEqualTo(2);
	}

	@Test
	void checkWhenBaseUrlIsPlaintextDoesNotAsk() throws Exception {
		Result result = check(Map.of("ENGAGELAB_SMS_DEVKEY", KEY, "ENGAGELAB_SMS_DEVSECRET", SECRET,
				"ENGAGELAB_SMS_BASEURL", "http://example.com"));
		assertThat(result.output()).contains("https address").doesNotContain("Host");
		assertThat(result.exitCode()).isEqualTo(2);
	}

	private static Result check(RawServer server) throws Exception {
		return check(Map.of("ENGAGELAB_SMS_DEVKEY", KEY, "ENGAGELAB_SMS_DEVSECRET", SECRET, "ENGAGELAB_SMS_BASEURL",
				server.baseUrl()));
	}

	private static Result check(Map<String, String> variables, String... arguments)
			throws IOException, InterruptedException {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.add("-XX:TieredStopAtLevel=1");
		command.add(Page.ROOT.resolve(".ci/LiveCheck.java").toString());
		command.addAll(List.of(arguments));
		ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
		builder.environment().keySet().removeIf((name) -> name.startsWith("ENGAGELAB"));
		builder.environment().putAll(variables);
		Process process = builder.start();
		String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
		return new Result(process.waitFor(), output.replace(System.lineSeparator(), "\n"));
	}

	private record Result(int exitCode, String output) {
	}

}

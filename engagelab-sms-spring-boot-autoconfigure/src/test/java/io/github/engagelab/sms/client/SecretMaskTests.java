package io.github.engagelab.sms.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.stream.Stream;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Tests for {@link SecretMask}.
 */
class SecretMaskTests {

	/**
	 * Its token has padding, and both of the letters that URLs do not take.
	 */
	private static final Credentials ODD = new Credentials("k\u00ff\u00fe~~??>", "s+/ &=>>??\u00ff\u00ff");

	@Test
	void authorizationIsThatOfTheTestVector() {
		assertThat(new SecretMask(new Credentials("jiguangdev", "dev_secret")).authorization())
			.isEqualTo("amlndWFuZ2RldjpkZXZfc2VjcmV0");
	}

	@Test
	void oddCredentialsHaveAllThatNeedsEncoding() {
		assertThat(new SecretMask(ODD).authorization()).contains("+", "/", "=");
	}

	@ParameterizedTest
	@MethodSource("spellings")
	void applyMasksEverySpelling(Credentials credentials, String spelling) {
		String masked = new SecretMask(credentials).apply("a " + spelling + " z");
		assertThat(masked).isEqualTo("a ****** z");
	}

	static Stream<Object[]> spellings() {
		return Stream
			.of(ODD, new Credentials("jiguangdev", "dev_secret"), new Credentials("k", "s"),
					new Credentials("key", "secret"))
			.flatMap((credentials) -> {
				String token = Base64.getEncoder()
					.encodeToString(
							(credentials.devKey() + ":" + credentials.devSecret()).getBytes(StandardCharsets.UTF_8));
				String urlSafe = Base64.getUrlEncoder()
					.encodeToString(
							(credentials.devKey() + ":" + credentials.devSecret()).getBytes(StandardCharsets.UTF_8));
				return Stream
					.of(token, token.replace("=", ""), encode(token),
							encode(token).replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d"), urlSafe,
							urlSafe.replace("=", ""), credentials.devKey(), encode(credentials.devKey()),
							credentials.devSecret(), encode(credentials.devSecret()))
					.map((spelling) -> new Object[] { credentials, spelling });
			});
	}

	@Test
	void applyMasksEveryBeginningOfTheToken() {
		for (Credentials credentials : new Credentials[] { ODD, new Credentials("jiguangdev", "dev_secret") }) {
			SecretMask mask = new SecretMask(credentials);
			String token = mask.authorization();
			for (int length = 8; length <= token.length(); length++) {
				assertThat(mask.apply("Basic " + token.substring(0, length) + "...")).isEqualTo("Basic ******...");
			}
		}
	}

	@Test
	void applyMasksEachOfSeveral() {
		SecretMask mask = new SecretMask(new Credentials("jiguangdev", "dev_secret"));
		assertThat(mask.apply("jiguangdev:dev_secret, dev_secret;jiguangdev amlndWFuZ2RldjpkZXZfc2VjcmV0"))
			.isEqualTo("******:******, ******;****** ******");
	}

	@Test
	void applyWhenSecretContainsKeyOrKeySecretLeavesNothingOfEither() {
		assertThat(new SecretMask(new Credentials("dev", "developer")).apply("developer dev"))
			.isEqualTo("****** ******");
		assertThat(new SecretMask(new Credentials("developer", "dev")).apply("developer dev")).doesNotContain("eloper");
	}

	@ParameterizedTest
	@ValueSource(ints = { 0x00, 0x09, 0x0a, 0x0d, 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x200b, 0x2028, 0x2029, 0x202e, 0x2066,
			0xfeff, 0xe000, 0xe0001 })
	void applyReplacesWhatCouldForgeALine(int character) {
		assertThat(new SecretMask(ODD).apply("a" + Character.toString(character) + "z")).isEqualTo("a z");
	}

	@Test
	void applyKeepsWhatIsPrintable() {
		String text = "Zugriff verweigert: \u4f59\u989d\u4e0d\u8db3, \u20ac 5";
		assertThat(new SecretMask(ODD).apply(text)).isEqualTo(text);
	}

	@Test
	void applyShortensAfterMasking() {
		SecretMask mask = new SecretMask(new Credentials("jiguangdev", "dev_secret"));
		assertThat(mask.apply("x".repeat(200))).isEqualTo("x".repeat(200));
		assertThat(mask.apply("x".repeat(201))).isEqualTo("x".repeat(200) + "...");
		assertThat(mask.apply("x".repeat(195) + "dev_secret")).isEqualTo("x".repeat(195) + "*****...");
	}

	@Test
	void credentialsAreStrippedAndPrintNothing() {
		Credentials credentials = new Credentials(" key\r\n", "\tsecret \u2003\n");
		assertThat(credentials).isEqualTo(new Credentials("key", "secret"));
		assertThat(new SecretMask(credentials).authorization()).isEqualTo("a2V5OnNlY3JldA==");
		assertThat(new SecretMask(credentials)).asString().doesNotContain("key,", "secret", "a2V5");
		assertThat(credentials).asString().doesNotContain("=key", "=secret");
	}

	private static String encode(String text) {
		return URLEncoder.encode(text, StandardCharsets.UTF_8);
	}

}

package io.github.engagelab.sms.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;

import org.springframework.http.HttpHeaders;

/**
 * Makes a text of the provider's fit for log lines and health pages, even if the provider
 * repeats the credentials it was sent. Public for technical reasons only.
 *
 * @param credentials the credentials that were sent
 */
public record SecretMask(Credentials credentials) {

	private static final int MAX_LENGTH = 200;

	// So much of the token betrays the beginning of the key
	private static final int TOKEN_PREFIX = 8;

	private static final String MASK = "******";

	private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

	String apply(String text) {
		String masked = token().matcher(text).replaceAll(MASK);
		// The longer one first: it may contain the other
		String secrets = Stream.of(this.credentials.devKey(), this.credentials.devSecret())
			.sorted(Comparator.comparingInt(String::length).reversed())
			.flatMap(SecretMask::spellings)
			.map(Pattern::quote)
			.collect(Collectors.joining("|"));
		masked = Pattern.compile(secrets, Pattern.CASE_INSENSITIVE).matcher(masked).replaceAll(MASK);
		return printable(masked);
	}

	// Make a text of somebody else's fit for a log line
	public static String printable(String text) {
		String printable = UNPRINTABLE.matcher(text).replaceAll(" ");
		return (printable.length() > MAX_LENGTH) ? printable.substring(0, MAX_LENGTH) + "..." : printable;
	}

	private static Stream<String> spellings(String secret) {
		String encoded = URLEncoder.encode(secret, StandardCharsets.UTF_8);
		return Stream.of(secret, encoded, encoded.replace("+", "%20"));
	}

	// Return what the Authorization header says after Basic
	String authorization() {
		return HttpHeaders.encodeBasicAuth(this.credentials.devKey(), this.credentials.devSecret(),
				StandardCharsets.UTF_8);
	}

	// Return what finds the token, whole or cut off, padded or not, in any encoding that
	// is fit for a URL
	private Pattern token() {
		String token = authorization();
		String prefix = token.substring(0, Math.min(TOKEN_PREFIX, token.length()));
		return Pattern.compile(prefix.chars().mapToObj((letter) -> switch (letter) {
			case '+' -> "(?:[+-]|%2[Bb])";
			case '/' -> "(?:[/_]|%2[Ff])";
			case '=' -> "(?:=|%3[Dd])?";
			default -> String.valueOf((char) letter);
		}).collect(Collectors.joining()) + "[A-Za-z0-9+/=_%-]*");
	}

}

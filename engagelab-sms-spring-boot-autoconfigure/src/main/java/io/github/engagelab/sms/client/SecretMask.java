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

	private static final Pattern UNPRINTABLE = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

	String apply(String text) {
		// The longest one first: it may contain another
		String secrets = Stream.of(this.credentials.devKey(), this.credentials.devSecret())
			.flatMap((secret) -> Stream.of(secret, URLEncoder.encode(secret, StandardCharsets.UTF_8),
					URLEncoder.encode(secret, StandardCharsets.UTF_8).replace("+", "%20")))
			.sorted(Comparator.comparingInt(String::length).reversed())
			.map(Pattern::quote)
			.collect(Collectors.joining("|"));
		return printable(Pattern.compile(token() + "|(?i:" + secrets + ")").matcher(text).replaceAll("******"));
	}

	// Make a text of somebody else's fit for a log line
	public static String printable(String text) {
		String printable = UNPRINTABLE.matcher(text).replaceAll(" ");
		return (printable.length() > MAX_LENGTH) ? printable.substring(0, MAX_LENGTH) + "..." : printable;
	}

	// Return what the Authorization header says after Basic
	String authorization() {
		return HttpHeaders.encodeBasicAuth(this.credentials.devKey(), this.credentials.devSecret(),
				StandardCharsets.UTF_8);
	}

	// Return what finds the token, cut off or padded, in any encoding that is fit for a
	// URL. Its first 8 letters betray the beginning of the key
	private String token() {
		String token = authorization();
		return token.substring(0, Math.min(8, token.length()))
			.replace("/", "(?:[/_]|%2[Ff])")
			.replace("+", "(?:[+-]|%2[Bb])")
			.replace("=", "(?:=|%3[Dd])?") + "[A-Za-z0-9+/=_%-]*";
	}

}

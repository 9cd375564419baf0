package io.github.engagelab.sms.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Component;

/**
 * Credentials that may change while the application runs.
 */
@Component
class MountedCredentials implements EngageLabSmsConnectionDetails {

	private final Path directory;

	MountedCredentials(@Value("${engagelab.credentials}") Path directory) {
		this.directory = directory;
	}

	@Override
	public Credentials getCredentials(String account) {
		return new Credentials(read("dev-key"), read("dev-secret"));
	}

	private String read(String name) {
		try {
			return Files.readString(this.directory.resolve(name));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}

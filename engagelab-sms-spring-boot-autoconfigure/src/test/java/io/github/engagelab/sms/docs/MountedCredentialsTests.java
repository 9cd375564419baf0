package io.github.engagelab.sms.docs;

import java.nio.file.Files;
import java.nio.file.Path;

import io.github.engagelab.sms.SmsBalanceException;
import io.github.engagelab.sms.SmsBalanceFailure;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.client.EngageLabSmsConnectionDetails.Credentials;
import io.github.engagelab.sms.testsupport.TestContexts;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

/**
 * The reference's credentials in files.
 */
class MountedCredentialsTests {

	@TempDir
	private Path directory;

	@Test
	void getCredentialsWhenFilesChangeReturnsNewOnes() throws Exception {
		MountedCredentials credentials = new MountedCredentials(this.directory);
		write("key-1\n", "secret-1\n");
		assertThat(credentials.getCredentials("default")).isEqualTo(new Credentials("key-1", "secret-1"));
		write("key-2", "secret-2");
		assertThat(credentials.getCredentials("default")).isEqualTo(new Credentials("key-2", "secret-2"));
	}

	@Test
	void getBalanceWhenFilesAreMissingFails() {
		TestContexts.runner()
			.withPropertyValues("engagelab.sms.refresh.enabled=false", "engagelab.sms.retry.max-retries=0",
					"engagelab.credentials=" + this.directory)
			.withBean(MountedCredentials.class)
			.run((context) -> {
				SmsBalanceService service = context.getBean(SmsBalanceService.class);
				assertThat(catchThrowableOfType(SmsBalanceException.class, service::getBalance).getFailure())
					.isEqualTo(SmsBalanceFailure.CREDENTIALS_UNAVAILABLE);
			});
	}

	private void write(String devKey, String devSecret) throws Exception {
		Files.writeString(this.directory.resolve("dev-key"), devKey);
		Files.writeString(this.directory.resolve("dev-secret"), devSecret);
	}

}

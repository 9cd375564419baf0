package io.github.engagelab.sms.testsupport;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import javax.net.ServerSocketFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Self-signed certificates, made by the JDK's {@code keytool}.
 */
public final class TestCertificates {

	private static final String PASSWORD = "changeit";

	private final Path directory;

	public TestCertificates(Path directory) {
		this.directory = directory;
	}

	/**
	 * Make a certificate for a host.
	 * @param alias what to call it
	 * @param host the host it is for
	 */
	public void create(String alias, String host) {
		keytool("-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", "CN=" + host, "-ext", "san=dns:" + host,
				"-validity", "2", "-storetype", "PKCS12", "-keystore", keyStore(alias).toString());
	}

	/**
	 * Make a trust store of a bundle {@code trusted}.
	 * @param aliases the certificates to trust
	 * @return the properties of the bundle
	 */
	public String[] trust(String... aliases) {
		Path trustStore = keyStore("truststore");
		for (String alias : aliases) {
			Path certificate = this.directory.resolve(alias + ".pem");
			keytool("-exportcert", "-rfc", "-alias", alias, "-keystore", keyStore(alias).toString(), "-file",
					certificate.toString());
			keytool("-importcert", "-noprompt", "-alias", alias, "-storetype", "PKCS12", "-keystore",
					trustStore.toString(), "-file", certificate.toString());
		}
		return new String[] { "spring.ssl.bundle.jks.trusted.truststore.location=" + trustStore.toUri(),
				"spring.ssl.bundle.jks.trusted.truststore.password=" + PASSWORD,
				"spring.ssl.bundle.jks.trusted.truststore.type=PKCS12" };
	}

	public ServerSocketFactory serverSocketFactory(String alias) {
		try (InputStream in = Files.newInputStream(keyStore(alias))) {
			KeyStore keyStore = KeyStore.getInstance("PKCS12");
			keyStore.load(in, PASSWORD.toCharArray());
			KeyManagerFactory keyManagers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
			keyManagers.init(keyStore, PASSWORD.toCharArray());
			SSLContext context = SSLContext.getInstance("TLS");
			context.init(keyManagers.getKeyManagers(), null, null);
			return context.getServerSocketFactory();
		}
		catch (IOException | GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private Path keyStore(String name) {
		return this.directory.resolve(name + ".p12");
	}

	private static void keytool(String... arguments) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
		Collections.addAll(command, arguments);
		Collections.addAll(command, "-storepass", PASSWORD);
		try {
			Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
			String output = new String(process.getInputStream().readAllBytes());
			if (process.waitFor() != 0) {
				throw new IllegalStateException(output);
			}
		}
		catch (IOException | InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

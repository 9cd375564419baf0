package io.github.engagelab.sms.testsupport;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.Charset;
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
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLServerSocketFactory;
import javax.net.ssl.TrustManagerFactory;

import org.jspecify.annotations.Nullable;

import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslStoreBundle;

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
		keytool("-genkeypair", "-alias", alias, "-keyalg", "EC", "-dname", "CN=" + alias, "-ext", "san=dns:" + host,
				"-validity", "2", "-storetype", "PKCS12", "-keystore", keyStore(alias).toString());
	}

	/**
	 * Make a trust store of a bundle {@code trusted}.
	 * @param aliases the certificates to trust
	 * @return the properties of the bundle
	 */
	public String[] trust(String... aliases) {
		Path trustStore = trustStore("truststore", aliases);
		return new String[] { "spring.ssl.bundle.jks.trusted.truststore.location=" + trustStore.toUri(),
				"spring.ssl.bundle.jks.trusted.truststore.password=" + PASSWORD,
				"spring.ssl.bundle.jks.trusted.truststore.type=PKCS12" };
	}

	/**
	 * Have the bundle {@code trusted} present a certificate of the client's.
	 * @param alias the certificate to present
	 * @return the properties of the bundle
	 */
	public String[] present(String alias) {
		return new String[] { "spring.ssl.bundle.jks.trusted.keystore.location=" + keyStore(alias).toUri(),
				"spring.ssl.bundle.jks.trusted.keystore.password=" + PASSWORD,
				"spring.ssl.bundle.jks.trusted.keystore.type=PKCS12" };
	}

	/**
	 * Make a bundle.
	 * @param aliases the certificates to trust
	 * @return the bundle
	 */
	public SslBundle bundle(String... aliases) {
		return SslBundle
			.of(SslStoreBundle.of(null, null, load(trustStore(String.join("-", aliases) + "-trust", aliases))));
	}

	/**
	 * Return the certificate as PEM.
	 * @param alias the certificate
	 * @return the file
	 */
	public Path pem(String alias) {
		Path certificate = this.directory.resolve(alias + ".pem");
		if (!Files.exists(certificate)) {
			keytool("-exportcert", "-rfc", "-alias", alias, "-keystore", keyStore(alias).toString(), "-file",
					certificate.toString());
		}
		return certificate;
	}

	public ServerSocketFactory serverSocketFactory(String alias) {
		return sslContext(alias, null).getServerSocketFactory();
	}

	/**
	 * Return a factory of servers that ask the client for its certificate.
	 * @param alias the server's certificate
	 * @param client the one client certificate that is accepted
	 * @return the factory
	 */
	public ServerSocketFactory serverSocketFactory(String alias, String client) {
		SSLServerSocketFactory factory = sslContext(alias, client).getServerSocketFactory();
		return new ServerSocketFactory() {

			@Override
			public ServerSocket createServerSocket(int port) throws IOException {
				return needClientAuth(factory.createServerSocket(port));
			}

			@Override
			public ServerSocket createServerSocket(int port, int backlog) throws IOException {
				return needClientAuth(factory.createServerSocket(port, backlog));
			}

			@Override
			public ServerSocket createServerSocket(int port, int backlog, InetAddress address) throws IOException {
				return needClientAuth(factory.createServerSocket(port, backlog, address));
			}

			private ServerSocket needClientAuth(ServerSocket socket) {
				((SSLServerSocket) socket).setNeedClientAuth(true);
				return socket;
			}

		};
	}

	private SSLContext sslContext(String alias, @Nullable String trusted) {
		try {
			KeyManagerFactory keyManagers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
			keyManagers.init(load(keyStore(alias)), PASSWORD.toCharArray());
			TrustManagerFactory trustManagers = TrustManagerFactory
				.getInstance(TrustManagerFactory.getDefaultAlgorithm());
			trustManagers.init((trusted != null) ? load(trustStore(trusted + "-trust", trusted)) : null);
			SSLContext context = SSLContext.getInstance("TLS");
			context.init(keyManagers.getKeyManagers(), trustManagers.getTrustManagers(), null);
			return context;
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException(ex);
		}
	}

	private Path trustStore(String name, String... aliases) {
		Path trustStore = keyStore(name);
		if (Files.exists(trustStore)) {
			return trustStore;
		}
		for (String alias : aliases) {
			keytool("-importcert", "-noprompt", "-alias", alias, "-storetype", "PKCS12", "-keystore",
					trustStore.toString(), "-file", pem(alias).toString());
		}
		return trustStore;
	}

	private static KeyStore load(Path file) {
		try (InputStream in = Files.newInputStream(file)) {
			KeyStore keyStore = KeyStore.getInstance("PKCS12");
			keyStore.load(in, PASSWORD.toCharArray());
			return keyStore;
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
			String output = new String(process.getInputStream().readAllBytes(), Charset.defaultCharset());
			if (process.waitFor() != 0) {
				throw new IllegalStateException(output);
			}
		}
		catch (IOException | InterruptedException ex) {
			throw new IllegalStateException(ex);
		}
	}

}

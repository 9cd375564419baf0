package io.github.engagelab.sms.host;

import java.io.File;
import java.lang.ref.WeakReference;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

import io.github.engagelab.sms.ReactiveSmsBalanceService;
import io.github.engagelab.sms.SmsBalanceService;
import io.github.engagelab.sms.testsupport.RawServer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import org.springframework.context.ConfigurableApplicationContext;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/**
 * An application that is redeployed in a running JVM leaves neither its class loader nor
 * a thread behind.
 */
@Tag("slow")
public class ClassLoaderLeakTests {

	@Test
	void closeWhenUsedLeavesNothingBehind() {
		// So that what is softly reachable is gone, too
		ChildJvm.runOnEachJdk(List.of("-XX:SoftRefLRUPolicyMSPerMB=0"), (file) -> true, Container.class);
	}

	/**
	 * What a servlet container or Devtools does.
	 */
	public static class Container {

		private static final CountDownLatch hanging = new CountDownLatch(1);

		public static void main(String[] args) {
			ChildJvm.main(() -> {
				try (RawServer server = new RawServer(RawServer.respond("200 OK", RawServer.EXAMPLE));
						RawServer silent = new RawServer((request, number, out, socket) -> hanging.await());
						RawServer endless = new RawServer((request, number, out, socket) -> {
							out.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".getBytes("US-ASCII"));
							out.flush();
							hanging.await();
						})) {
					assertGone("used", deploy(server, false));
					assertGone("closed while the provider is silent", deploy(silent, true));
					assertGone("closed while an answer does not end", deploy(endless, true));
				}
			});
		}

		private static WeakReference<ClassLoader> deploy(RawServer server, boolean hangs) throws Exception {
			// A thread of its own, whose thread locals end with it
			FutureTask<WeakReference<ClassLoader>> deployment = new FutureTask<>(() -> {
				URL[] classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
					.map(Container::url)
					.toArray(URL[]::new);
				try (URLClassLoader loader = new URLClassLoader(classPath, ClassLoader.getPlatformClassLoader())) {
					Thread.currentThread().setContextClassLoader(loader);
					loader.loadClass(Application.class.getName())
						.getMethod("run", String.class, boolean.class)
						.invoke(null, server.baseUrl(), hangs);
					return new WeakReference<>(loader);
				}
			});
			Thread thread = new Thread(deployment, "deployment");
			thread.start();
			return deployment.get(HostApplications.PATIENCE.toSeconds(), TimeUnit.SECONDS);
		}

		private static void assertGone(String when, WeakReference<ClassLoader> loader) {
			long start = System.nanoTime();
			boolean closable = Stream.of(HttpClient.class.getMethods())
				.anyMatch((method) -> method.getName().equals("shutdownNow"));
			HostApplications.await().untilAsserted(() -> {
				if (!closable) {
					System.gc();
				}
				assertThat(threadsOfOurs()).as(when).isEmpty();
			});
			Duration threads = ChildJvm.since(start);
			if (Runtime.version().feature() >= 21) {
				HostApplications.await().untilAsserted(() -> {
					System.gc();
					assertThat(loader.get()).as(when).isNull();
				});
			}
			else {
				// JDK 17 keeps every class loader in which a record was compared, as
				// Spring Boot does
				assertThat(Thread.getAllStackTraces().keySet()).as(when)
					.noneMatch((thread) -> thread.getContextClassLoader() == loader.get()
							|| thread.getClass().getClassLoader() == loader.get());
			}
			ChildJvm.measured("%s: no thread after %s, nothing after %s", when, threads, ChildJvm.since(start));
		}

		private static Set<String> threadsOfOurs() {
			Set<String> threads = HostApplications.threads("engagelab-sms-");
			threads.addAll(HostApplications.threads("HttpClient-"));
			threads.addAll(HostApplications.threads("parallel-"));
			threads.addAll(HostApplications.threads("boundedElastic-"));
			return threads;
		}

		private static URL url(String path) {
			try {
				return Path.of(path).toUri().toURL();
			}
			catch (MalformedURLException ex) {
				throw new IllegalArgumentException(ex);
			}
		}

	}

	/**
	 * The application, in a class loader of its own.
	 */
	public static class Application {

		public static void run(String baseUrl, boolean hangs) throws Exception {
			ConfigurableApplicationContext context = HostApplications.start(List.of(),
					"--logging.register-shutdown-hook=false", "--engagelab.sms.base-url=" + baseUrl,
					"--engagelab.sms.dev-key=key", "--engagelab.sms.dev-secret=secret");
			SmsBalanceService service = context.getBean(SmsBalanceService.class);
			FutureTask<Object> caller = new FutureTask<>(service::getBalance);
			Thread thread = new Thread(caller, "caller");
			if (hangs) {
				thread.start();
				HostApplications.await().until(() -> thread.getState() == Thread.State.TIMED_WAITING);
				// The poll's request, which the caller has joined
				HostApplications.await().until(() -> !HostApplications.threads("HttpClient-").isEmpty());
			}
			else {
				service.getBalance();
				context.getBean(ReactiveSmsBalanceService.class).getBalance().block(HostApplications.PATIENCE);
				HostApplications.await().until(() -> service.getStatus().snapshot() != null);
			}
			long start = System.nanoTime();
			context.close();
			// Before the timeouts, which would end a read that hangs
			assertThat(ChildJvm.since(start)).isLessThan(HostApplications.PATIENCE.dividedBy(2));
			ChildJvm.measured("close(): %s", ChildJvm.since(start));
			if (hangs) {
				assertThatExceptionOfType(CancellationException.class).isThrownBy(() -> {
					try {
						caller.get(HostApplications.PATIENCE.toSeconds(), TimeUnit.SECONDS);
					}
					catch (ExecutionException ex) {
						throw ex.getCause();
					}
				});
				thread.join();
			}
		}

	}

}

package io.github.engagelab.sms.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * Another JVM that reads commands from its standard input and answers each by one line.
 * It ends with this one, even if that is killed: its input ends.
 */
final class JavaProcess implements AutoCloseable {

	private static final String ANSWER = "> ";

	private static final Set<Process> running = ConcurrentHashMap.newKeySet();

	static {
		Runtime.getRuntime().addShutdownHook(new Thread(() -> running.forEach(Process::destroyForcibly)));
	}

	private final Process process;

	private final BufferedReader answers;

	private final String started;

	private final long startedAfter;

	JavaProcess(List<String> options, String classPath, Class<?> main, List<String> arguments) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(options);
		command.addAll(List.of("-cp", classPath, main.getName()));
		command.addAll(arguments);
		long begin = System.nanoTime();
		try {
			this.process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		running.add(this.process);
		this.answers = this.process.inputReader(StandardCharsets.UTF_8);
		try {
			this.started = read();
			this.startedAfter = System.nanoTime() - begin;
		}
		catch (RuntimeException ex) {
			close();
			throw ex;
		}
	}

	/**
	 * Start a provider without latency.
	 * @return the process
	 */
	static JavaProcess provider() {
		return new JavaProcess(List.of("-Xmx128m"), System.getProperty("java.class.path"), Provider.class, List.of());
	}

	/**
	 * Answer a command from inside such a process.
	 * @param line what to answer
	 */
	static void answer(String line) {
		System.out.println(ANSWER + line);
		System.out.flush();
	}

	/**
	 * Return a figure that the process gave when it had started.
	 * @param index its index
	 * @return the figure
	 */
	long started(int index) {
		return Long.parseLong(this.started.split(" ", -1)[index + 1]);
	}

	double startedAfterMillis() {
		return this.startedAfter / 1e6;
	}

	String baseUrl() {
		return "http://127.0.0.1:" + started(0);
	}

	/**
	 * Give a command and return the figures of its answer, if any.
	 * @param command the command
	 * @return the figures
	 */
	long[] ask(String command) {
		write(command);
		String[] answer = read().split(" ", -1);
		long[] figures = new long[answer.length - 1];
		for (int i = 0; i < figures.length; i++) {
			figures[i] = Long.parseLong(answer[i + 1]);
		}
		return figures;
	}

	/**
	 * Let it end as applications do.
	 * @return what it has printed meanwhile
	 */
	String exit() {
		write("exit");
		String text = this.answers.lines().collect(Collectors.joining("\n"));
		close();
		return text;
	}

	@Override
	public void close() {
		this.process.destroyForcibly();
		try {
			this.process.waitFor(20, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
		running.remove(this.process);
	}

	private void write(String command) {
		try {
			var writer = this.process.outputWriter(StandardCharsets.US_ASCII);
			writer.write(command + "\n");
			writer.flush();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private String read() {
		try {
			StringBuilder before = new StringBuilder();
			for (String line = this.answers.readLine(); line != null; line = this.answers.readLine()) {
				if (line.startsWith(ANSWER)) {
					return line.substring(ANSWER.length());
				}
				before.append(line).append('\n');
			}
			throw new IllegalStateException("The process has ended: " + before);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}

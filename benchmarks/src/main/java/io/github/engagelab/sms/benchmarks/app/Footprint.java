package io.github.engagelab.sms.benchmarks.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.stream.LongStream;
import java.util.stream.Stream;

/**
 * What this JVM holds at a moment.
 *
 * @param heap the bytes on the heap that survive a collection
 * @param threads the live threads
 * @param sockets the open sockets, empty where {@code /proc} does not tell
 */
public record Footprint(long heap, int threads, OptionalInt sockets) {

	private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

	private static final int COLLECTIONS = 5;

	public static Footprint measure() {
		return new Footprint(heapAfterCollection(), ManagementFactory.getThreadMXBean().getThreadCount(),
				openSockets());
	}

	/**
	 * Return what was left right after a collection, so that what is allocated meanwhile
	 * does not count: the least of some, as one may fall into a burst of work.
	 * @return the bytes
	 */
	public static long heapAfterCollection() {
		return LongStream.generate(() -> {
			System.gc();
			return ManagementFactory.getMemoryPoolMXBeans()
				.stream()
				.filter((pool) -> pool.getType() == MemoryType.HEAP)
				.map(MemoryPoolMXBean::getCollectionUsage)
				.mapToLong(MemoryUsage::getUsed)
				.sum();
		}).limit(COLLECTIONS).min().orElseThrow();
	}

	private static OptionalInt openSockets() {
		if (!Files.isDirectory(DESCRIPTORS)) {
			return OptionalInt.empty();
		}
		try (Stream<Path> descriptors = Files.list(DESCRIPTORS)) {
			return OptionalInt.of((int) descriptors.filter(Footprint::isSocket).count());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static boolean isSocket(Path descriptor) {
		try {
			return Files.readSymbolicLink(descriptor).toString().startsWith("socket:");
		}
		catch (IOException ex) {
			// Closed meanwhile
			return false;
		}
	}

	@Override
	public String toString() {
		return "heap after GC %.2f MiB, %d live threads, %s open sockets".formatted(this.heap / 1048576.0, this.threads,
				this.sockets.isPresent() ? String.valueOf(this.sockets.getAsInt()) : "unknown");
	}

}

package io.github.engagelab.sms.benchmarks.app;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.stream.LongStream;

/**
 * What this JVM holds at a moment.
 *
 * @param heap the bytes on the heap that survive a collection
 * @param threads the live threads
 */
public record Footprint(long heap, int threads) {

	private static final int COLLECTIONS = 5;

	public static Footprint measure() {
		return new Footprint(heapAfterCollection(), ManagementFactory.getThreadMXBean().getThreadCount());
	}

	// The least of some, as one may fall into a burst of work
	private static long heapAfterCollection() {
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

}

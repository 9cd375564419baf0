/**
 * Monitoring of accounts: the poller, one monitor an account, its refreshes, the reading
 * that they bring, and who is notified of it.
 * <p>
 * The concurrency contract:
 * <ol>
 * <li>Nothing here runs on, waits for, or is timed by a pool that belongs to the
 * application or to a library: not Reactor's shared schedulers, not the common pool. The
 * timer hands over and runs no code of the application's. Whatever may block for an
 * account runs on that account's own thread, one refresh after the other; meters, log
 * lines of the state and signals run on workers, the application's listeners on the
 * thread for events.</li>
 * <li>Every refresh ends at its deadline, counted from the moment it is asked for,
 * whatever became of the work: callers get {@code TIMEOUT},
 * {@code CREDENTIALS_UNAVAILABLE} or, between two attempts, the failure of the last one,
 * and a late answer is dropped. An account that hangs holds its own thread and nothing
 * else.</li>
 * <li>Whatever one refresh throws, returns or never returns, the account is read again: a
 * poll arms the next one in any case, and a refresh that is older than its deadline is
 * ended and replaced.</li>
 * <li>Blocking callers wait with a bound, in a way that the common pool compensates for,
 * and get exceptions with their own frames; on a thread that must not block they get an
 * {@link IllegalStateException}. Subscribers are signalled on a worker.</li>
 * <li>Stopping delivers queued events for a bounded time. Closing gives callers a
 * {@link java.util.concurrent.CancellationException} and leaves no thread behind.</li>
 * </ol>
 * Readings change under the monitor's lock, which covers nothing that can block.
 * Durations are measured with a monotonic clock; the wall clock only dates what is shown.
 */
@NullMarked
package io.github.engagelab.sms.monitor;

import org.jspecify.annotations.NullMarked;

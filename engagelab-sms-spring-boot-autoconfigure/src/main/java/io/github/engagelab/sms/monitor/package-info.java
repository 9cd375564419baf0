/**
 * Monitoring of accounts: the newest snapshot, the state that follows from it, and the
 * schedule on which it is renewed.
 * <p>
 * The concurrency contract:
 * <ol>
 * <li>Nothing here runs on, waits for, or is timed by a pool that belongs to the
 * application or to a library: not Reactor's shared schedulers, not the common pool.</li>
 * <li>All threads are daemons, made when first needed and gone with the application
 * context. The timer runs nothing that can block and no code of the application's. Each
 * account has a thread for what may block: credentials, HTTP attempts, the waits between
 * them, a client of the application's. Workers write log lines, update meters, signal
 * subscribers and serve the JDK's HTTP client. Events, deadlines and the Redis of a
 * cluster have one thread each.</li>
 * <li>Every refresh has a deadline from the moment it is asked for, which ends it
 * whatever became of the work: callers get {@code TIMEOUT} or
 * {@code CREDENTIALS_UNAVAILABLE}, the account is free for the next refresh, and a late
 * answer is dropped. An error, an empty or a never-ending {@code Mono} are failures of
 * one refresh.</li>
 * <li>An account whose client or credentials hang occupies its own thread, and its next
 * refresh waits there; no other account notices.</li>
 * <li>Polls are re-armed by the timer, independent of what a refresh brings. Durations
 * are measured with a monotonic clock; the wall clock only dates what is shown.</li>
 * <li>Blocking callers wait with a bound, in a way that the common pool compensates for,
 * and get exceptions with their own frames. On a thread that must not block they get an
 * {@link IllegalStateException}. Subscribers of the reactive service are signalled on a
 * worker.</li>
 * <li>Stopping delivers queued events and lets a running listener end, for a bounded
 * time. Closing gives callers a {@link java.util.concurrent.CancellationException}.</li>
 * </ol>
 */
@NullMarked
package io.github.engagelab.sms.monitor;

import org.jspecify.annotations.NullMarked;

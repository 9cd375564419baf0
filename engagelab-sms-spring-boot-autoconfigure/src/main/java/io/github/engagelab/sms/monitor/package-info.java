/**
 * Monitoring of accounts: the newest snapshot, the state that follows from it, and the
 * schedule on which it is renewed.
 * <p>
 * The concurrency contract:
 * <ol>
 * <li>Nothing here runs on, waits for, or is timed by a pool that belongs to the
 * application or to a library: not Reactor's shared schedulers, not the common pool.</li>
 * <li>There is one timer and there are workers, all of them daemons, made when first
 * needed and gone with the application context. The timer runs nothing that can block and
 * no code of the application's. Whatever may block runs on a worker: credentials, the
 * HTTP attempt, a client of the application's, logging, meters, listeners, the store of a
 * cluster (one call at a time). The JDK's HTTP client has its selector and a few threads
 * beside them.</li>
 * <li>Every refresh has a deadline from the moment it is asked for. The timer ends it
 * then, whatever became of the work: callers get {@code TIMEOUT} or
 * {@code CREDENTIALS_UNAVAILABLE}, the account is free for the next refresh, and a late
 * answer is dropped. An error, an empty or a never-ending {@code Mono} are failures of
 * one refresh.</li>
 * <li>An account whose client or credentials hang occupies one worker, never a second; no
 * other account notices.</li>
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

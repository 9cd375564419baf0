/**
 * Polls that the replicas of an application share through its Redis. The rules, which the
 * scripts {@code claim.lua} and {@code publish.lua} enforce on the clock of Redis:
 * <ol>
 * <li>An account has one hash: version, state, poller, polled_at, published_at, result.
 * Its key names the format, the cluster, the account and a short hash of base URL,
 * dev-key and dev-secret, so only replicas that read the same share.</li>
 * <li>A replica claims every quarter of an interval and when its turn comes, and adopts a
 * result whose version is higher than the one it has seen, with its age.</li>
 * <li>The last poller polls again an interval after its last poll began. Another replica
 * takes over 1.2 intervals after the last result, and half an interval after a turn began
 * that has brought none.</li>
 * <li>A claim whose reply was lost is granted again, without prolonging the turn.</li>
 * <li>A result is published unless there is a newer version than the one seen when its
 * refresh began. Who is refused claims again at once.</li>
 * <li>The new version is the time, and at least the one seen plus one.</li>
 * <li>Publishing answers the state before. Who changes it publishes the event. If Redis
 * has lost its content, the last state seen there counts.</li>
 * <li>After a failure any replica may poll at the next interval. A pause that the
 * provider asks for is part of the result and holds for all.</li>
 * <li>A time in the future means that the clock was set back: nothing is adopted, and the
 * turn is free.</li>
 * <li>A replica polls alone, 7/8 of an interval after its last reading, while Redis fails
 * or does not answer within 500 ms, until a claim is granted or the turn of another
 * replica is running. Whatever Redis says, it polls after 1.75 intervals.</li>
 * </ol>
 */
@NullMarked
package io.github.engagelab.sms.cluster;

import org.jspecify.annotations.NullMarked;

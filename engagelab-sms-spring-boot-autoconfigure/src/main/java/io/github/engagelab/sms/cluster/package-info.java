/**
 * Polls that the replicas of an application share through its Redis. The rules, which
 * {@code claim.lua} and {@code publish.lua} enforce on the clock of Redis:
 * <ol>
 * <li>An account has one hash, whose key names format, cluster, account and a short hash
 * of base URL, dev-key and dev-secret: only replicas that are answered alike share.</li>
 * <li>A replica claims every quarter of an interval and when its turn comes, and adopts a
 * result of a higher version than it has seen, with its age.</li>
 * <li>The last poller polls again after an interval. Another one takes over 1.2 intervals
 * after the last result, but never within half an interval of the begin of a turn.</li>
 * <li>A claim whose reply was lost is granted again; the turn gets no longer.</li>
 * <li>A result is refused if there is a higher version than was seen when its refresh
 * began. The replica then claims again at once.</li>
 * <li>A new version is the time, and higher than the one seen.</li>
 * <li>Who changes the state publishes the event. If Redis has lost its content, the last
 * state that the replica has seen there is the one before.</li>
 * <li>After a failure any replica may poll next. A pause in a result holds for all.</li>
 * <li>A stored time in the future means that the clock was set back: there is nothing to
 * adopt, and the turn is free.</li>
 * <li>While Redis fails or does not answer in 500 ms, a replica polls alone when its
 * reading is 7/8 of an interval old. In any case it polls after 1.75 intervals.</li>
 * </ol>
 */
@NullMarked
package io.github.engagelab.sms.cluster;

import org.jspecify.annotations.NullMarked;

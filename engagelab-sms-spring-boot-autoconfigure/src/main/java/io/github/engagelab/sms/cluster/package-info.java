/**
 * Sharing of polls between the replicas of an application, through a store that they have
 * in common.
 */
@NullMarked
package io.github.engagelab.sms.cluster;

import org.jspecify.annotations.NullMarked;

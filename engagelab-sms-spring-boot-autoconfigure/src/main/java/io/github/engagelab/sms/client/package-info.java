/**
 * The way to the EngageLab SMS API: where to ask, with which credentials, and on which
 * threads.
 */
@NullMarked
package io.github.engagelab.sms.client;

import org.jspecify.annotations.NullMarked;

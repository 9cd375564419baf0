/**
 * The way to the EngageLab SMS API: who to ask, with which credentials, and how.
 */
@NullMarked
package io.github.engagelab.sms.client;

import org.jspecify.annotations.NullMarked;

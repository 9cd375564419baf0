/**
 * A simulated EngageLab, for profile {@code demo}.
 */
@NullMarked
package io.github.engagelab.sms.sample.demo;

import org.jspecify.annotations.NullMarked;

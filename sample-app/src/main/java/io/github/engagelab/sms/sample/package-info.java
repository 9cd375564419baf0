/**
 * A Spring MVC application that watches an EngageLab SMS balance.
 */
@NullMarked
package io.github.engagelab.sms.sample;

import org.jspecify.annotations.NullMarked;

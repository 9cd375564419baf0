/**
 * The balance as Actuator health.
 */
@NullMarked
package io.github.engagelab.sms.health;

import org.jspecify.annotations.NullMarked;

/**
 * Auto-configuration of the balance as Actuator health.
 */
@NullMarked
package io.github.engagelab.sms.autoconfigure.health;

import org.jspecify.annotations.NullMarked;

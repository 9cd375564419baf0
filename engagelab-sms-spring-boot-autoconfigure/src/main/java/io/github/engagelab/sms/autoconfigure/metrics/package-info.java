/**
 * Auto-configuration of the balance as Micrometer meters.
 */
@NullMarked
package io.github.engagelab.sms.autoconfigure.metrics;

import org.jspecify.annotations.NullMarked;

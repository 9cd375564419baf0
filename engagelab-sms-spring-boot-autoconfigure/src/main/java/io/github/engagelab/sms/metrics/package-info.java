/**
 * The balance as Micrometer meters.
 */
@NullMarked
package io.github.engagelab.sms.metrics;

import org.jspecify.annotations.NullMarked;

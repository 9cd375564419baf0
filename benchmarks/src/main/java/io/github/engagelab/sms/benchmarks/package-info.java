/**
 * Measures what the starter costs, side by side with what an application would otherwise
 * do.
 */
@NullMarked
package io.github.engagelab.sms.benchmarks;

import org.jspecify.annotations.NullMarked;

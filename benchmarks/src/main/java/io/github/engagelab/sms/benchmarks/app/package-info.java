/**
 * The applications under test.
 */
@NullMarked
package io.github.engagelab.sms.benchmarks.app;

import org.jspecify.annotations.NullMarked;

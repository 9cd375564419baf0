/**
 * What the benchmarks need of the client's internals.
 */
@NullMarked
package io.github.engagelab.sms.client;

import org.jspecify.annotations.NullMarked;

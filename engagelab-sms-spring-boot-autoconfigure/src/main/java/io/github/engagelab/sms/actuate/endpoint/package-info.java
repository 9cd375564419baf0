/**
 * The balance as an Actuator endpoint.
 */
@NullMarked
package io.github.engagelab.sms.actuate.endpoint;

import org.jspecify.annotations.NullMarked;

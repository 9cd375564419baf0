/**
 * Auto-configuration of the EngageLab SMS balance from {@code engagelab.sms.*}.
 */
@NullMarked
package io.github.engagelab.sms.autoconfigure;

import org.jspecify.annotations.NullMarked;

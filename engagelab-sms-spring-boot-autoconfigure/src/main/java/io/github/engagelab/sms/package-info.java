/**
 * What an application sees of its EngageLab SMS balance: amounts, services, states,
 * failures and events.
 *
 * @serial exclude
 */
@NullMarked
package io.github.engagelab.sms;

import org.jspecify.annotations.NullMarked;

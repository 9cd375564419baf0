/**
 * Watching of accounts: the newest snapshot, the state it puts the account in, and the
 * schedule it is renewed by.
 */
@NullMarked
package io.github.engagelab.sms.monitor;

import org.jspecify.annotations.NullMarked;

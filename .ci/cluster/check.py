#!/usr/bin/env python3
"""Checks that replicas share one poll: several JVMs of the sample, a real redis-server, and a provider that counts.

Prints one line a row: what, measured, hold, ok or FAILED. With --short, 3 JVMs and what takes about a minute.
"""

import argparse
import collections
import glob
import json
import os
import re
import signal
import statistics
import sys
import tempfile
import traceback
from time import sleep

sys.dont_write_bytecode = True
from parts import (KEY, LOW10000, SECRET, STEP10000, STORE_KEY, Provider, Replica, Store, await_that, clock_ahead,
                   free_port, now)

LONG_LIMIT, SHORT_LIMIT = 1200, 150
FIELDS = "polled_at poller published_at result state version"
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


class Check:

    def __init__(self, jar, directory):
        self.jar = jar
        self.directory = directory
        self.provider = Provider()
        self.store = Store(directory)
        self.replicas = []
        self.count = 0
        self.state = "OK"
        self.mark = now()
        self.failures = 0

    # What is reported

    def row(self, what, measured, hold, ok):
        print(f"{'ok' if ok else 'FAILED':6} | {what} | {measured} | {hold}", flush=True)
        self.failures += not ok

    def run(self, *steps):
        for step in steps:
            self.mark, before = now(), self.failures
            try:
                step()
            except Exception as ex:
                traceback.print_exc(file=sys.stdout)
                self.row(step.__name__, repr(ex), "an end", False)
            if self.failures > before:
                self.print_logs()

    def print_logs(self):
        for replica in self.replicas:
            for line in replica.since(self.mark)[-12:]:
                print(f"       | {replica.name} {line.at - self.mark:+.2f} s: {line.text[:240]}")
        for call in self.provider.between(self.mark, now())[-12:]:
            print(f"       | provider {call.began - self.mark:+.2f} s: called by {call.caller}")

    # What is common to the steps

    def launch(self, count, **options):
        options = {"store_port": self.store.port, **options}
        started = [Replica(self.count + i + 1, self.jar, self.directory, self.provider, **options)
                   for i in range(count)]
        self.count += count
        self.replicas += started
        for replica in started:
            await_that(replica.is_started, 240, f"{replica.name} started")
        return started

    def stop(self, *replicas):
        for replica in replicas:
            replica.signal(signal.SIGTERM)
        for replica in replicas:
            replica.process.wait(timeout=20)
            self.replicas.remove(replica)

    def replica_at(self, address):
        return next(replica for replica in self.replicas if replica.address == address)

    def asker(self):
        return self.replica_at(self.provider.calls[-1].caller)

    def all_read(self):
        return all(replica.last().state == self.state for replica in self.replicas)

    def shared(self):
        shown = collections.Counter(replica.last().polled_by for replica in self.replicas)
        return shown == {"self": 1, "other": len(self.replicas) - 1} or (shown == {"self": 1})

    def await_quietly(self, condition, patience):
        try:
            await_that(condition, patience, "")
        except TimeoutError:
            pass

    def settle(self):
        """Waits for one asker, and then for what its choice has set off."""
        self.await_quietly(self.shared, 5)
        sleep(1.2)

    def events(self):
        return [event for replica in self.replicas for event in replica.events(self.mark)]

    def expect_events(self, when, *expected):
        self.row(f"{when}: events in all", ", ".join(self.events()) or "none", ", ".join(expected) or "none",
                 self.events() == list(expected))

    def expect_states(self, when, since=None):
        """Those shown now, or all since then."""
        shown = collections.Counter(
            sample.state for replica in self.replicas
            for sample in ([s for s in list(replica.samples) if s.at >= since] if since else [replica.last()]))
        shown = {str(state): count for state, count in shown.items()}
        self.row(f"{when}: states", shown, self.state, set(shown) == {self.state})

    def expect_shared(self, when):
        def callers():
            return {call.caller for call in self.provider.calls if call.began > now() - 2.2}
        self.await_quietly(lambda: len(callers()) == 1 and self.shared(), 3)
        shown = [str(replica.last().polled_by) for replica in self.replicas]
        self.row(f"{when}: askers in the last 2 s, polledBy", f"{len(callers())}, {' '.join(shown)}", "1, one self",
                 len(callers()) == 1 and self.shared())

    def spent(self):
        return {replica: replica.spent() for replica in self.replicas}

    def expect_spent(self, when, before):
        """Each has counted what was spent from the call it knew to the one it knows."""
        calls, off, unread, most = self.provider.calls, [], [], 0
        for replica in self.replicas:
            counted, known = replica.spent()
            counted_before, known_before = before[replica]
            truth = calls[known - 1].spent - calls[known_before - 1].spent
            off.append(counted - counted_before - truth)
            unread.append(calls[-1].spent - calls[known - 1].spent)
            most = max(most, truth)
        self.row(f"{when}: spent, off by", f"{' '.join(map(str, off))} of {most}, {max(unread)} unread (x 10000)",
                 f"0, <= {2 * STEP10000} unread", not any(off) and max(unread) <= 2 * STEP10000)

    def expect_warnings(self, when, number):
        warnings = [replica.warnings(self.mark) for replica in self.replicas]
        alone = [sum("polled by this instance alone" in line for line in lines) for lines in warnings]
        self.row(f"{when}: WARN lines by replica", " ".join(str(len(lines)) for lines in warnings), f"{number} each",
                 alone == [number] * len(self.replicas) == [len(lines) for lines in warnings])
        stacks = [replica.stack_lines(self.mark) for replica in self.replicas]
        self.row(f"{when}: stack lines by replica", " ".join(map(str, stacks)), "0 each", not any(stacks))

    def expect_gaps(self, when, hold=1.75):
        longest = max(replica.longest_gap(self.mark, now()) for replica in self.replicas)
        self.row(f"{when}: longest gap of readings", f"{longest:.2f} s", f"<= {hold} s", longest <= hold)

    def adopted(self, since):
        """Of what replicas adopted: how old it was by then, and how much older it was said to be, in ms."""
        origins = {replica.address: replica.origins() for replica in self.replicas}
        found = []
        for replica in self.replicas:
            samples = list(replica.samples)
            for before, sample in zip(samples, samples[1:]):
                asker = self.provider.calls[sample.call - 1].caller if sample.call else None
                origin = origins.get(asker, {}).get(sample.call)
                # Nothing is learned from a replica that was not looked at
                if (sample.at > since and sample.call != before.call and asker != replica.address and origin
                        and sample.at - before.at < 0.15):
                    found.append((1000 * (sample.at - origin), 1000 * (origin - origins[replica.address][sample.call])))
        return zip(*found) if found else ([9999], [9999])

    def least_added(self, since):
        return min(list(self.adopted(since))[1])

    def expect_ages(self, when, since):
        ages, added = self.adopted(since)
        self.row(f"{when}: age of adopted values",
                 f"{statistics.median(ages):.0f} ms median, {max(ages):.0f} ms at most, {len(ages)} values",
                 "<= 350 ms", max(ages) <= 350)
        self.row(f"{when}: age shown less age", f"{min(added):.0f} to {max(added):.0f} ms", "-50 to 50 ms",
                 -50 <= min(added) and max(added) <= 50)

    def next_call(self, last):
        """How long after a call there is one of another replica."""
        await_that(lambda: any(c.began > last.began and c.caller != last.caller for c in list(self.provider.calls)), 15,
                   "a call of another replica")
        return next(c for c in self.provider.calls if c.began > last.began and c.caller != last.caller).began - last.began

    # The steps

    def start(self, number):
        def start():
            self.launch(number)
            self.await_quietly(self.all_read, 60)
            self.settle()
            when = f"start of {number} at once"
            self.expect_events(when, f"UNKNOWN to {self.state}")
            self.expect_states(when)
            self.expect_shared(when)
        return start

    def steady(self, length, least, most):
        def steady():
            begin, commands = now(), self.store.calls()
            sleep(length)
            commands = (self.store.calls() - commands) / length / len(self.replicas)
            calls = self.provider.between(begin, begin + length)
            when = f"{len(self.replicas)} JVMs"
            self.row(f"{when}: provider calls in {length} s", len(calls), f"{least}-{most}", least <= len(calls) <= most)
            # One more or less by where the time begins
            allowed = 4.5 + 1 / length
            self.row(f"{when}: Redis commands an interval and replica", f"{commands:.2f}", f"<= {allowed:.2f}", commands <= allowed)
            self.expect_shared(when)
            self.expect_states(when, begin)
            self.expect_events(when)
            self.expect_warnings(when, 0)
            self.expect_gaps(when)
            if length >= 30:
                self.expect_ages(when, begin)
        return steady

    def change(self, state):
        def change():
            previous, self.state = self.state, state
            amount = self.provider.total10000 - LOW10000 + 20_000
            (self.provider.spend if state == "LOW" else self.provider.top_up)(abs(amount) if state == "LOW" else 150_000)
            self.await_quietly(self.all_read, 4)
            sleep(1)
            when = f"change to {state}"
            self.expect_events(when, f"{previous} to {state}")
            self.expect_states(when)
            logged = [len(replica.since(self.mark, f"is {state}, was {previous}")) for replica in self.replicas]
            self.row(f"{when}: lines in the log by replica", " ".join(map(str, logged)), "1 each",
                     logged == [1] * len(self.replicas))
        return change

    def pause_of_asker(self, length):
        def pause_of_asker():
            before, asker = self.spent(), self.asker()
            asker.signal(signal.SIGSTOP)
            paused, last = now(), self.provider.calls[-1]
            try:
                after = self.next_call(last)
                sleep(max(0, paused + length - now()))
            finally:
                asker.signal(signal.SIGCONT)
            when = f"asker paused for {length} s"
            self.row(f"{when}: next call", f"{after:.2f} s", "<= 2 s", after <= 2)
            self.settle()
            calls = self.provider.between(paused, paused + length)
            self.row(f"{when}: provider calls meanwhile", len(calls), f"{length - 1}-{length + 1}",
                     abs(len(calls) - length) <= 1)
            self.expect_events(when)
            self.expect_states(when)
            self.expect_shared(when)
            self.expect_spent(when, before)
        return pause_of_asker

    def flush(self):
        before, begin = self.spent(), now()
        self.store.command("FLUSHALL")
        sleep(4)
        calls = self.provider.between(begin, begin + 4)
        self.row("FLUSHALL: provider calls in 4 s", len(calls), "3-6", 3 <= len(calls) <= 6)
        self.expect_events("FLUSHALL")
        self.expect_states("FLUSHALL", begin)
        self.expect_shared("FLUSHALL")
        self.expect_warnings("FLUSHALL", 0)
        self.expect_spent("FLUSHALL", before)

    def kill_of_asker(self):
        before = self.spent()
        self.kill(self.asker(), "kill -9 of the asker", before)

    def kill_in_a_call(self):
        before, number = self.spent(), self.provider.asked
        self.provider.delay = 0.6
        await_that(lambda: self.provider.asked > number, 3, "a call")
        sleep(0.3)
        asker = self.replica_at(self.provider.caller)
        self.kill(asker, "kill -9 of the asker in a call", before)
        self.provider.delay = 0.0

    def kill(self, asker, when, before):
        asker.signal(signal.SIGKILL)
        asker.process.wait()
        self.replicas.remove(asker)
        sleep(self.provider.delay)
        last = [call for call in self.provider.calls if call.caller == asker.address][-1]
        after = self.next_call(last)
        self.row(f"{when}: next call", f"{after:.2f} s", "<= 2 s", after <= 2)
        self.settle()
        self.expect_events(when)
        self.expect_states(when, self.mark)
        self.expect_shared(when)
        self.expect_spent(when, before)

    def replacement(self):
        before = self.spent()
        self.launch(1)
        self.await_quietly(lambda: self.replicas[-1].last().call is not None, 10)
        self.settle()
        when = "a replica more"
        before[self.replicas[-1]] = self.replicas[-1].spent()
        self.expect_events(when)
        self.expect_states(when)
        self.expect_shared(when)
        self.expect_spent(when, before)

    def store_killed(self, length):
        def store_killed():
            before = self.spent()
            self.store.signal(signal.SIGKILL)
            sleep(length)
            self.expect_alone("store killed")
            self.store.start()
            self.await_quietly(lambda: len(self.store.connected()) == len(self.replicas), 30)
            self.expect_back("store killed and back", now(), before)
        return store_killed

    def store_paused(self, length, change=None):
        def store_paused():
            before = self.spent()
            self.store.signal(signal.SIGSTOP)
            try:
                previous = self.state
                if change:
                    self.state = change
                    self.provider.spend(self.provider.total10000 - LOW10000 + 20_000)
                sleep(length)
                self.expect_alone("store paused" + (f", meanwhile {change}" if change else ""))
            finally:
                self.store.signal(signal.SIGCONT)
            self.expect_back("store paused and back", now(), before, *([f"{previous} to {change}"] if change else []))
        return store_paused

    def expect_alone(self, when):
        self.expect_gaps(when)
        self.expect_warnings(when, 1)
        self.expect_polled_by(when, "alone")
        self.expect_states(when, None if "meanwhile" in when else self.mark)
        self.expect_events(when)

    def expect_polled_by(self, when, expected):
        shown = [str(replica.last().polled_by) for replica in self.replicas]
        gauge = [replica.value("engagelab_sms_cluster_alone") for replica in self.replicas]
        self.row(f"{when}: polledBy, gauge", f"{' '.join(shown)}, {' '.join(map(str, gauge))}", f"{expected}, 1 each",
                 set(shown) == {expected} and set(gauge) == {1})

    def expect_back(self, when, back, before, *events):
        self.await_quietly(self.shared, 5)
        sleep(2.2)
        last = self.provider.calls[-1]
        others = [call.began for call in self.provider.calls if call.began > back and call.caller != last.caller]
        after = max(others, default=back) - back
        self.row(f"{when}: one asker again", f"{after:.2f} s", "<= 2 s", after <= 2)
        self.expect_shared(when)
        self.expect_events(when, *events)
        self.expect_states(when)
        again = [len(replica.since(self.mark, r"\|INFO\|io\.github\.engagelab\.sms\.cluster\..* shared .*again")) for replica in self.replicas]
        self.row(f"{when}: INFO lines '... again' by replica", " ".join(map(str, again)), "1 each", set(again) == {1})
        self.expect_warnings(when, 1)
        self.expect_spent(when, before)

    def key(self):
        self.provider.error = "text-of-the-provider"
        sleep(2.5)
        failed = self.store.hash()
        self.provider.error = None
        sleep(2.5)
        succeeded = self.store.hash()
        keys = [key.decode() for key in self.store.command("KEYS", "*")]
        self.row("keys of the store", keys, STORE_KEY.pattern, len(keys) == 1 and bool(STORE_KEY.fullmatch(keys[0])))
        fields = b" ".join(sorted(succeeded)).decode()
        self.row("fields of the hash", fields, FIELDS, fields == FIELDS)
        text = b" ".join([*failed.values(), *succeeded.values()])
        told = [word for word in (KEY, SECRET, "text-of-the-provider") if word.encode() in text]
        self.row("text of the hash", f"{failed[b'result'].decode()} and {succeeded[b'result'].decode()}",
                 "no key, secret, provider text; <= 200", not told and len(succeeded[b"result"]) <= 200)
        ttl = self.store.command("PTTL", keys[0])
        self.row("time to live of the key", f"{ttl / 3_600_000:.2f} h", "24 h", 86_390_000 < ttl <= 86_400_000)
        self.settle()
        self.expect_states("after a failing provider")
        self.expect_events("after a failing provider")

    def garbage(self, what, *command):
        """Somebody else writes into the key."""
        def garbage():
            before, key = self.spent(), self.store.key()
            self.store.command(command[0], key, *command[1:])
            sleep(4)
            when = f"{what} in the key"
            self.expect_alone(when)
            self.store.command("DEL", key)
            self.expect_back(f"{when}, deleted", now(), before)
        return garbage

    def huge(self):
        """Nobody reads the result that everybody knows, and the next one replaces it."""
        begin = now()
        self.store.command("HSET", self.store.key(), "result", b"x" * 10_000_000)
        sleep(3)
        when = "10 MB in a field"
        self.expect_gaps(when)
        self.expect_states(when, begin)
        self.expect_shared(when)
        self.expect_events(when)

    def clock_of_store(self, phases):
        def clock_of_store():
            calls, gaps, wrong = [], [], []
            for phase in range(phases):
                for ahead in (30, 0, -30, 0):
                    sleep(1 + phase / phases)
                    begin = now()
                    self.store.set_clock(ahead)
                    sleep(5)
                    calls.append(len(self.provider.between(begin, begin + 5)))
                    gaps.append(max(replica.longest_gap(begin, now()) for replica in self.replicas))
                    wrong.append(self.least_added(begin))
            when = f"Redis' clock set by +-30 s, {phases} phases"
            self.row(f"{when}: provider calls in 5 s", f"{min(calls)} to {max(calls)}", "4-10",
                     min(calls) >= 4 and max(calls) <= 10)
            self.row(f"{when}: longest gap of readings", f"{max(gaps):.2f} s", "<= 2 s", max(gaps) <= 2)
            self.row(f"{when}: age shown less age, least", f"{min(wrong):.0f} ms", ">= -50 ms", min(wrong) >= -50)
            self.expect_events(when)
            self.expect_warnings(when, 0)
            before, self.mark = self.state, now()
            self.store.set_clock(-30)
            self.change("LOW" if before == "OK" else "OK")()
            self.store.set_clock(0)
            self.settle()
            self.mark = now()
        return clock_of_store

    def stop_all_but(self, number):
        def stop_all_but():
            self.stop(*self.replicas[number:])
            self.settle()
            when = f"{number} of them left"
            self.expect_events(when)
            self.expect_shared(when)
        return stop_all_but

    def restart(self):
        number = len(self.replicas)
        self.stop(*self.replicas)
        self.mark = now()
        self.launch(number)
        self.await_quietly(self.all_read, 60)
        self.settle()
        when = f"restart of all {number} while {self.state}"
        self.expect_events(when)
        self.expect_states(when)
        self.expect_shared(when)

    def stop_all(self):
        self.stop(*self.replicas)
        self.state = "OK"
        self.provider.total10000 = 200_000
        self.store.command("FLUSHALL")

    def start_while_store(self, what, hold):
        def start_while_store():
            port = free_port() if what == "refuses" else self.store.port
            if what == "hangs":
                self.store.signal(signal.SIGSTOP)
            try:
                replica, = self.launch(1, store_port=port)
                self.await_quietly(lambda: replica.since(0, "is OK, was UNKNOWN"), 15)
                started, = replica.since(0, "Started SampleApplication")
                read = replica.since(0, "is OK, was UNKNOWN")
                after = read[0].at - started.at if read else 99
                self.row(f"start while the store {what}: first reading", f"{after:.2f} s", f"<= {hold} s", after <= hold)
                sleep(2)
                self.expect_warnings(f"start while the store {what}", 1)
                self.expect_states(f"start while the store {what}")
                self.expect_events(f"start while the store {what}")
            finally:
                self.store.signal(signal.SIGCONT)
            self.stop(replica)
        return start_while_store

    def clocks_apart(self):
        odd, = self.launch(1, clock=clock_ahead(30), period=0.03)
        even = self.launch(2, period=0.03)
        self.settle()
        self.expect_events("clocks 30 s apart", "UNKNOWN to OK")
        for asks in (odd, even[0]):
            others = [replica for replica in self.replicas if replica is not asks]
            for _ in range(3):
                if self.asker() is asks:
                    break
                for replica in others:
                    replica.signal(signal.SIGSTOP)
                self.await_quietly(lambda: self.provider.calls[-1].caller == asks.address, 5)
                for replica in others:
                    replica.signal(signal.SIGCONT)
                self.settle()
            self.settle()
            self.mark = now()
            sleep(10)
            who = "that one" if asks is odd else "another"
            when = f"one clock 30 s ahead, {who} asks"
            self.row(f"{when}: asker", self.asker().name, asks.name, self.asker() is asks)
            self.expect_ages(when, self.mark)
            self.expect_states(when, self.mark)
            self.expect_events(when)
            self.expect_gaps(when)

    def added(self):
        """What it adds to an application that has Redis."""
        options = "--management.endpoints.web.exposure.include=*"
        off, = self.launch(1, enabled=False, arguments=[options])
        on, = self.launch(1, arguments=[options])
        self.await_quietly(self.shared, 5)

        def beans(replica):
            found = json.loads(replica.get("/actuator/beans"))["contexts"].values()
            return collections.Counter(name for context in found for name in context["beans"])

        def threads(replica):
            found = json.loads(replica.get("/actuator/threaddump"))["threads"]
            # Those of the driver come with its first use, whosever that is
            return collections.Counter(re.sub(r"\d+", "#", thread["threadName"]) for thread in found
                                       if not re.match(r"lettuce|http-nio", thread["threadName"]))
        more_beans = list((beans(on) - beans(off)).elements())
        sleep(3)
        more_threads = list((threads(on) - threads(off)).elements())
        self.row("added to an application that has Redis: beans", more_beans, "<= 3", len(more_beans) <= 3)
        self.row("added to an application that has Redis: threads", more_threads, "<= 1", len(more_threads) <= 1)
        known = [name for name in beans(off) if re.search("cluster|EngageLabSmsRedis", name, re.IGNORECASE)]
        self.row("disabled: beans of its own", known, "<= 2", len(known) <= 2)

    def short(self):
        self.run(self.start(3), self.steady(5, 4, 6), self.pause_of_asker(5), self.flush,
                 self.store_paused(2.5, change="LOW"), self.store_killed(3), self.kill_of_asker,
                 self.clock_of_store(1))

    def long(self):
        self.run(self.start(4), self.steady(60, 58, 62), self.change("LOW"), self.change("OK"), self.pause_of_asker(5),
                 # Longer than a balance is good for
                 self.pause_of_asker(20), self.flush, self.kill_of_asker, self.replacement, self.kill_in_a_call, self.replacement,
                 self.store_killed(6), self.store_paused(6), self.store_paused(6, change="LOW"), self.change("OK"),
                 self.key, self.garbage("a text", "SET", b"\xff\x00 garbage"),
                 self.garbage("another version", "HSET", "version", "2.0.0"),
                 self.garbage("10 MB", "SET", b"x" * 10_000_000), self.huge, self.clock_of_store(5), self.stop_all)
        self.run(self.start(11), self.stop_all_but(8), self.steady(30, 28, 32), self.stop_all_but(4),
                 self.change("LOW"), self.restart, self.stop_all)
        self.run(self.start_while_store("refuses", 1.5), self.start_while_store("hangs", 5.0), self.stop_all,
                 self.clocks_apart, self.stop_all, self.added)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="3 JVMs, about a minute")
    parser.add_argument("--jar", help="the sample's executable jar")
    options = parser.parse_args()
    jar = options.jar or next(iter(glob.glob(os.path.join(ROOT, "sample-app/target/sample-app-*.jar"))), None)
    if not jar:
        sys.exit("There is no sample-app/target/sample-app-*.jar: build it first")

    def give_up(number, _):
        raise SystemExit(f"FAILED: ended by {signal.Signals(number).name}, after {now() - begin:.0f} s")
    begin = now()
    for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, give_up)
    signal.alarm(SHORT_LIMIT if options.short else LONG_LIMIT)

    with tempfile.TemporaryDirectory(prefix="cluster-check-") as directory:
        check = Check(os.path.abspath(jar), directory)
        try:
            check.store.start()
            (check.short if options.short else check.long)()
        finally:
            signal.alarm(0)
            for process in [replica.process for replica in check.replicas] + [check.store.process]:
                if process:
                    process.kill()
                    process.wait()
    print(f"{check.failures} FAILED, {now() - begin:.0f} s")
    sys.exit(1 if check.failures else 0)


if __name__ == "__main__":
    main()

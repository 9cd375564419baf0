"""What the check is made of: a provider, a store, and replicas of the sample that are watched from the outside."""

import base64
import collections
import glob
import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time

KEY, SECRET, NAME = "check-dev-key", "check-dev-secret", "check"
STORE_KEY = re.compile(rf"engagelab-sms:1:{NAME}:default:[0-9a-f]{{8}}")
INTERVAL = 1.0
LOW10000 = 50_000
# What each call finds spent since the one before
STEP10000 = 5

Call = collections.namedtuple("Call", "began ended caller total spent")
Sample = collections.namedtuple("Sample", "at rtt state call age polled_by")
Line = collections.namedtuple("Line", "at text")

now = time.monotonic


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(command, **options):
    """Starts a process that does not outlive this one, whatever ends it."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, **options)


class Provider:
    """Answers each call with the number of the call as gift balance, so that a value tells who brought it and when."""

    def __init__(self):
        self.calls = []
        self.total10000 = 200_000
        self.spent10000 = 0
        self.delay = 0.0
        # How many calls have begun, and whose the last one is
        self.asked, self.caller = 0, None
        self.error = None
        self.lock = threading.Lock()
        provider = self
        authorization = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self):
                if self.path == "/v1/balance" and self.headers["Authorization"] == authorization:
                    # Each replica reaches the provider at an address of its own
                    status, answer = provider.answer(self.connection.getsockname()[0])
                else:
                    status, answer = 401, {"code": 2001, "message": "authentication failed"}
                body = json.dumps(answer).encode()
                self.wfile.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                                 % (status, len(body), body))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.port = self.server.server_port
        # A replica that was killed leaves a broken connection
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, caller):
        began = now()
        with self.lock:
            self.asked, self.caller = self.asked + 1, caller
        time.sleep(self.delay)
        with self.lock:
            if self.error:
                self.calls.append(Call(began, now(), caller, None, self.spent10000))
                return 500, {"code": 1000, "message": self.error}
            self.spend(STEP10000)
            self.calls.append(Call(began, now(), caller, self.total10000, self.spent10000))
            gift, total = len(self.calls), self.total10000
            return 200, {"balance10000": total - gift, "gift_balance10000": gift, "total_balance10000": total}

    def spend(self, amount10000):
        self.total10000 -= amount10000
        self.spent10000 += amount10000

    def top_up(self, amount10000):
        self.total10000 += amount10000

    def between(self, begin, end):
        return [call for call in list(self.calls) if begin <= call.began < end]


# Redis tells the time by gettimeofday. A file says by how many seconds it is wrong
CLOCK = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int gettimeofday(struct timeval *restrict tv, void *restrict tz) {
    struct timespec now;
    char text[8] = "";
    int file = open(getenv("REDIS_CLOCK"), O_RDONLY);
    if (file >= 0) { ssize_t length = read(file, text, 7); (void) length; close(file); }
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    tv->tv_sec = now.tv_sec + atoi(text);
    tv->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


class Store:
    """A redis-server on a port of its own that keeps nothing, with a clock that can be set."""

    def __init__(self, directory):
        self.port = free_port()
        self.directory = directory
        self.process = None
        self.clock = os.path.join(directory, "redis-clock")
        subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", self.clock + ".so"], input=CLOCK, text=True, check=True)
        self.set_clock(0)

    def set_clock(self, ahead):
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(str(ahead))
        os.replace(self.clock + ".new", self.clock)

    def key(self):
        """The one key there should be."""
        return next(iter(self.command("KEYS", "*")), b"").decode()

    def hash(self):
        words = self.command("HGETALL", self.key())
        return dict(zip(words[::2], words[1::2]))

    def calls(self):
        """How many calls of scripts there have been."""
        found = re.findall(r"cmdstat_eval(?:sha)?:calls=(\d+)", self.command("INFO", "commandstats").decode())
        return sum(map(int, found))

    def start(self):
        with open(os.path.join(self.directory, "redis.log"), "ab") as log:
            self.process = started(["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                                    "--appendonly", "no", "--dir", self.directory], stdout=log, stderr=log,
                                   env=os.environ | {"LD_PRELOAD": self.clock + ".so", "REDIS_CLOCK": self.clock})
        await_that(lambda: self.answers(), 5, "redis-server answers")

    def answers(self):
        try:
            return self.command("PING") == b"PONG"
        except OSError:
            return False

    def signal(self, number):
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def command(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
            with connection.makefile("rb") as answer:
                return self.read(answer)

    def read(self, answer):
        line = answer.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b"$":
            return None if rest == b"-1" else answer.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return [self.read(answer) for _ in range(int(rest))]
        return int(rest) if kind == b":" else rest

    def connected(self):
        """The names of those that are connected."""
        try:
            return set(re.findall(r" name=(replica-\d+) ", self.command("CLIENT", "LIST").decode()))
        except OSError:
            return set()


class Replica:
    """A JVM that runs the sample, its log, and what its endpoint showed over time."""

    def __init__(self, number, jar, directory, provider, store_port, period=0.05, clock=None, enabled=True, arguments=()):
        self.name = f"replica-{number}"
        self.address = f"127.0.1.{number}"
        self.port = free_port()
        self.period = period
        self.lines = []
        self.samples = []
        self.stopped = False
        hosts = os.path.join(directory, f"hosts-{number}")
        with open(hosts, "w", encoding="ascii") as file:
            file.write(f"{self.address} localhost {socket.gethostname()}\n")
        command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-Xshare:auto",
                   f"-Djdk.net.hosts.file={hosts}", "-jar", jar,
                   # Not the simulated EngageLab
                   "--spring.profiles.active=live", "--spring.autoconfigure.exclude=",
                   "--spring.main.banner-mode=off", "--logging.level.root=WARN",
                   "--logging.level.io.github.engagelab=INFO", "--logging.pattern.console=%d{HH:mm:ss.SSS}|%p|%c|%m%n",
                   f"--server.port={self.port}", "--server.address=127.0.0.1", "--server.tomcat.threads.max=4",
                   "--spring.data.redis.host=127.0.0.1", f"--spring.data.redis.port={store_port}",
                   f"--spring.data.redis.client-name={self.name}",
                   f"--engagelab.sms.base-url=http://localhost:{provider.port}",
                   f"--engagelab.sms.dev-key={KEY}", f"--engagelab.sms.dev-secret={SECRET}",
                   "--engagelab.sms.refresh.interval=1s", "--engagelab.sms.refresh.max-age=15s",
                   f"--engagelab.sms.threshold.low={LOW10000 / 10000}",
                   f"--engagelab.sms.cluster.enabled={str(enabled).lower()}", f"--engagelab.sms.cluster.name={NAME}", *arguments]
        self.process = started(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory,
                               env=os.environ | (clock or {}))
        threading.Thread(target=self.follow_log, daemon=True).start()
        threading.Thread(target=self.follow_endpoint, daemon=True).start()

    def follow_log(self):
        for line in self.process.stdout:
            self.lines.append(Line(now(), line.decode(errors="replace").rstrip("\n")))

    def follow_endpoint(self):
        connection = None
        while not self.stopped:
            began = now()
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=8)
                connection.request("GET", "/actuator/smsbalance/default")
                response = connection.getresponse()
                shown = json.loads(response.read())
                if response.status == 200:
                    self.samples.append(Sample(now(), now() - began, shown["state"], shown.get("giftBalance10000"),
                                               seconds(shown.get("age")), shown.get("polledBy")))
            except (OSError, http.client.HTTPException, ValueError):
                connection = None
            time.sleep(max(0.01, self.period - (now() - began)))

    def signal(self, number):
        self.stopped = number in (signal.SIGKILL, signal.SIGTERM)
        self.process.send_signal(number)

    def is_started(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} has ended: {self.lines[-1:]}")
        return self.since(0, "Started SampleApplication")

    def since(self, begin, text=""):
        return [line for line in list(self.lines) if line.at >= begin and re.search(text, line.text)]

    def events(self, begin):
        return [line.text.partition("changed from ")[2] for line in self.since(begin, "Received event: ")]

    def warnings(self, begin):
        """Its own ones, but for those that tell of a worse state."""
        return [line.text for line in self.since(begin, r"^[^|]*\|(WARN|ERROR)\|io\.github\.engagelab")
                if "SmsAccountStateNotifier" not in line.text]

    def stack_lines(self, begin):
        """Those in records of its own loggers, and those that name its own classes elsewhere."""
        own, count = False, 0
        for line in self.since(begin):
            if re.match(r"\d\d:\d\d:\d\d\.\d{3}\|", line.text):
                own = line.text.split("|")[2].startswith("io.github.engagelab")
            elif re.match(r"\s+at |\s+\.\.\. \d|Caused by|Suppressed", line.text):
                count += own or "io.github.engagelab" in line.text
        return count

    def last(self):
        samples = self.samples
        return samples[-1] if samples else Sample(0, 0, None, None, None, None)

    def readings(self, begin=0.0):
        """The first sample of each reading."""
        found, before = [], None
        for sample in list(self.samples):
            if sample.call is not None and sample.call != before:
                found.append(sample)
            before = sample.call
        return [sample for sample in found if sample.at >= begin]

    def origins(self):
        """By call, when the value it brought came about, as its age tells."""
        found = {}
        for sample in list(self.samples):
            if sample.call is not None:
                found[sample.call] = min(found.get(sample.call, sample.at), sample.at - sample.age)
        return found

    def longest_gap(self, begin, end):
        """Between two readings, of which the first may be from before."""
        times = [sample.at for sample in self.readings() if sample.at < end]
        earlier = [at for at in times if at < begin][-1:]
        times = earlier + [at for at in times if at >= begin] + [end]
        return max(later - sooner for sooner, later in zip(times, times[1:]))

    def spent(self):
        """What it counts as spent, and the call up to which it does."""
        before = None
        while True:
            with_call = self.scrape()
            if with_call == before:
                return with_call
            before = with_call

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        connection.request("GET", path)
        text = connection.getresponse().read().decode()
        connection.close()
        return text

    def scrape(self):
        text = self.get("/actuator/prometheus")
        return (round(self.value("engagelab_sms_spent_total", "", text) * 10000),
                round(self.value("engagelab_sms_balance", ',type="gift"', text) * 10000))

    def value(self, meter, tags="", text=None):
        text = text or self.get("/actuator/prometheus")
        found = re.search(rf'^{meter}\{{account="default"{tags}.*\}} (\S+)$', text, re.MULTILINE)
        return float(found[1]) if found else None


def seconds(duration):
    match = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?", duration or "")
    return match and sum(float(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1)))


def await_that(condition, patience, what):
    deadline = now() + patience
    while not condition():
        if now() > deadline:
            raise TimeoutError(f"not within {patience} s: {what}")
        time.sleep(0.02)


def clock_ahead(by):
    """The environment of a process whose wall clock is ahead."""
    library, = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    return {"LD_PRELOAD": library, "FAKETIME": f"+{by}s", "DONT_FAKE_MONOTONIC": "1",
            # Without this, each wait of the JVM with a timeout is a busy one
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}

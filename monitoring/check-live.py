#!/usr/bin/env python3
"""Sends every expression of the dashboard and of the loaded rules to a running Prometheus.

    check-live.py http://localhost:9090 [--alert EngageLabSmsBalanceLow]

Fails, and lists them, if an expression does not parse, or if one of a panel or a recording rule returns no data. The
Prometheus must have loaded the rules, and scrape an account that was read, and was spent from after the first scrape: a
rate needs two samples. What is not there yet is waited for. With --alert, waits until that alert is pending or firing.
"""

import argparse
import json
import math
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# A name that is neither here nor a variable of the dashboard fails the check.
VARIABLES = {
    "__rate_interval": "1m",
    "__interval": "1m",
    "__range": "1h",
}

POLL_SECONDS = 1
REQUEST_SECONDS = 10


class Rejected(Exception):
    """Prometheus refuses an expression; another try does not help."""


class Prometheus:
    def __init__(self, url):
        self.url = url.rstrip("/")
        # The server is asked directly, whatever proxy the environment names
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path, **parameters):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with self.opener.open(url, timeout=REQUEST_SECONDS) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            if error.code in (400, 422):
                raise Rejected(json.load(error).get("error", str(error))) from None
            raise

    def has_data(self, expression):
        data = self.get("query", query=expression)
        values = [data["result"]] if data["resultType"] == "scalar" else [series["value"] for series in data["result"]]
        # Not a number is drawn as nothing
        return any(not math.isnan(float(value)) for _, value in values)


def substituted(expression):
    def value(match):
        name = match.group(1) or match.group(2)
        if name not in VARIABLES:
            raise Rejected(f"unknown variable ${name}")
        return VARIABLES[name]

    return re.sub(r"\$(?:(\w+)|\{(\w+)(?::\w+)?\})", value, expression)


def panel_expressions(panels):
    for panel in panels:
        for target in panel.get("targets", []):
            yield f"panel '{panel['title']}' {target['refId']}", target["expr"]
        yield from panel_expressions(panel.get("panels", []))


def await_rules(prometheus, deadline):
    """Return the loaded rules once each was evaluated."""
    while True:
        try:
            rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
            if rules and all(rule["health"] != "unknown" for rule in rules):
                return rules
            problem = "not every rule was evaluated" if rules else "no rules are loaded"
        except OSError as error:
            problem = str(error)
        if time.monotonic() > deadline:
            sys.exit(f"{prometheus.url}: {problem}")
        time.sleep(POLL_SECONDS)


def check(prometheus, expressions, deadline):
    """Return what is wrong with expressions, given as name, expression and whether it must return data."""
    waiting = list(expressions)
    wrong = []
    while True:
        empty = []
        for name, expression, needs_data in waiting:
            try:
                if not prometheus.has_data(substituted(expression)) and needs_data:
                    empty.append((name, expression, needs_data))
            except Rejected as error:
                wrong.append(f"{name}: {error}\n    {expression}")
        if not empty or time.monotonic() > deadline:
            return wrong + [f"{name}: no data\n    {expression}" for name, expression, _ in empty]
        waiting = empty
        time.sleep(POLL_SECONDS)


def await_alert(prometheus, name, deadline):
    while time.monotonic() < deadline:
        alerts = prometheus.get("query", query=f'ALERTS{{alertname="{name}"}}')["result"]
        if alerts:
            return sorted({alert["metric"]["alertstate"] for alert in alerts})
        time.sleep(POLL_SECONDS)
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the Prometheus, as in http://localhost:9090")
    parser.add_argument("--alert", help="name of an alert that must become pending or firing")
    parser.add_argument("--seconds", type=float, default=60, help="to wait at most for data, and again for the alert")
    options = parser.parse_args()

    prometheus = Prometheus(options.url)
    deadline = time.monotonic() + options.seconds
    dashboard = json.loads((pathlib.Path(__file__).parent / "grafana-dashboard.json").read_text("utf-8"))
    # As if everything was selected
    VARIABLES.update((it["name"], it["allValue"]) for it in dashboard["templating"]["list"] if "allValue" in it)
    panels = [(name, expression, True) for name, expression in panel_expressions(dashboard["panels"])]
    loaded = await_rules(prometheus, deadline)
    rules = [(f"rule {rule['name']}", rule["query"], rule["type"] == "recording") for rule in loaded]
    if not panels:
        sys.exit("the dashboard has no expressions")

    wrong = check(prometheus, panels + rules, deadline)
    wrong += [f"rule {rule['name']}: {rule['lastError']}" for rule in loaded if rule["health"] == "err"]
    if options.alert and options.alert not in (rule["name"] for rule in loaded if rule["type"] == "alerting"):
        wrong.append(f"alert {options.alert}: no such rule is loaded")
    if wrong:
        print("\n".join(wrong))
        sys.exit(1)
    print(f"{len(panels)} dashboard expressions and {len(rules)} rules: all parse, and return data if they must")

    if options.alert:
        states = await_alert(prometheus, options.alert, time.monotonic() + options.seconds)
        if not states:
            sys.exit(f"alert {options.alert}: neither pending nor firing after {options.seconds:g} s")
        print(f"alert {options.alert}: {', '.join(states)}")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"Prometheus does not answer: {error}")

#!/usr/bin/python3
"""Alert rules and dashboard: promtool takes the rules, each alert comes as tests/monitoring says, and all metrics that they name exist.

  monitoring.py SOURCE      ends with 77 (skipped) where there is no promtool; tests/testbed/get-prometheus.sh fetches it
"""
import json
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(SOURCE / "tests"))
from testbed.binaries import MissingBinary, find_binary  # noqa: E402

RULES = SOURCE / "packaging/monitoring/syncerd.rules.yaml"
DASHBOARD = SOURCE / "packaging/monitoring/syncerd-dashboard.json"
METRIC = re.compile(r"\b(?:syncerd|process)_[a-z_]+")


def families():
    return set(re.findall(r'"((?:syncerd|process)_[a-z_]+)"', (SOURCE / "supervisor/metrics/families.c").read_text()))


def expressions(dashboard):
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel["targets"])
    yield from (item["query"]["query"] for item in dashboard["templating"]["list"] if item["type"] == "query")


def check_dashboard(known):
    dashboard = json.loads(DASHBOARD.read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    if len(set(ids)) != len(ids):
        yield "dashboard: two panels have one id"
    places = set()
    for panel in dashboard["panels"]:
        grid = panel["gridPos"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])}
        if cells & places or grid["x"] + grid["w"] > 24:
            yield f"dashboard: {panel['title']} lies over another panel, or outside"
        places |= cells
    named = {name for text in expressions(dashboard) for name in METRIC.findall(text)}
    yield from (f"dashboard: {name} is no metric" for name in sorted(named - known))


def check_rules(known, promtool):
    named = {name for line in RULES.read_text().splitlines() if "expr:" in line for name in METRIC.findall(line)}
    yield from (f"rules: {name} is no metric" for name in sorted(named - known))
    for words in (["check", "rules", str(RULES)], ["test", "rules", str(SOURCE / "tests/monitoring/rules_test.yaml")]):
        done = subprocess.run([promtool, *words], capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            yield f"promtool {' '.join(words)}:\n{done.stdout}{done.stderr}"
    alerts = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
    tested = re.findall(r"alertname: (\w+)", (SOURCE / "tests/monitoring/rules_test.yaml").read_text())
    yield from (f"rules: {name} is not tested both ways" for name in sorted(alerts) if tested.count(name) < 2)


def main():
    try:
        promtool = find_binary("promtool")
    except MissingBinary:
        print("no promtool: tests/testbed/get-prometheus.sh fetches it")
        return 77
    known = families()
    findings = [*check_dashboard(known), *check_rules(known, promtool)]
    print("\n".join(findings) or f"rules and dashboard are fine, by {len(known)} metrics")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

"""Metrics, health and readiness on the real servers; a real Prometheus that asks, judges the shipped rules and fills the shipped dashboard."""

import json
import os
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml
from objects import WIDGETS, widget
from testbed import wait_for
from testbed.binaries import find_binary, missing
from testbed.metrics import ask, scrape
from testbed.process import Process, free_ports
from world import ROOT

MONITORING = os.path.join(ROOT, "packaging", "monitoring")


@pytest.fixture(scope="module")
def place():
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.fixture(scope="module")
def syncerd(site, launch, place):
    return launch(site.config(metrics={"listen": place}))


def readiness(place):
    return ask(place, "/readyz")[:2]


def wait_ready(place, timeout=60):
    def ready():
        seen = readiness(place)
        assert seen == (200, "ok\n"), seen[1]
        return True

    wait_for(ready, timeout, "readyz to be ok")


def wait_failed(place, check, *words, timeout=60):
    def failed():
        code, text = readiness(place)
        assert code == 503 and f"[-]{check} failed: " in text and all(word in text for word in words), text
        return text

    return wait_for(failed, timeout, f"readyz to say that {check} has failed")


def value(place, name, **labels):
    return scrape(place).value(name, **labels)


def wait_value(place, wanted, name, timeout=20, **labels):
    """Metrics are up to half a second old; whoever compares them with something newer has to wait."""
    wait_for(lambda: value(place, name, **labels) == wanted, timeout, f"{name} {labels} to be {wanted}")


def test_a_life(syncerd, pair, place):
    """Numbers follow what happens: objects that come and go, a pause, a worker's restart."""
    tenant, other = pair
    wait_ready(place)
    tenant.create(widget("one"), widget("two"))
    tenant.wait_down(WIDGETS, "two")
    wait_value(place, 2, "syncerd_worker_objects_synced", cluster=tenant.cluster)
    seen = scrape(place)
    assert seen.value("syncerd_worker_lag_seconds", cluster=tenant.cluster) < 60
    assert seen.value("syncerd_worker_writes_total", cluster=tenant.cluster, side="downstream") >= 2
    assert seen.value("syncerd_worker_objects", cluster=other.cluster) == 0
    assert seen.value("syncerd_workspace_info", path=tenant.path, phase="Syncing") == 1
    assert all(seen.value("syncerd_condition", type=kind, status="True") == 1 for kind in ("Ready", "SyncerReady", "WorkersReady", "APIImporterReady"))
    assert 0 <= time.time() - seen.value("syncerd_heartbeat_timestamp_seconds") < 60
    tenant.delete(WIDGETS, "one")
    wait_value(place, 1, "syncerd_worker_objects", cluster=tenant.cluster)
    syncerd.ctl("pause", tenant.path)
    wait_value(place, 1, "syncerd_workspaces", phase="Paused")
    assert readiness(place)[0] == 200
    syncerd.ctl("resume", tenant.path)
    wait_value(place, 2, "syncerd_workspaces", phase="Syncing")
    syncerd.ctl("restart", tenant.path)
    wait_value(place, 1, "syncerd_worker_restarts_total", cluster=tenant.cluster)
    wait_ready(place)


def test_a_denied_right_is_named(syncerd, pair, place, site):
    """What lowers Ready fails readyz with the same reason. An export without rights is such a case."""
    wait_ready(place)
    exports = site.target()["spec"]["supportedAPIExports"]
    site.patch_target({"spec": {"supportedAPIExports": [{**exports[0], "export": "nothing"}, *exports]}})
    try:
        wait_failed(place, "APIImporterReady", "ExportForbidden: ", ":nothing\n")
        wait_value(place, 1, "syncerd_condition_info", type="APIImporterReady", reason="ExportForbidden", severity="Error")
    finally:
        site.patch_target({"spec": {"supportedAPIExports": exports}})
    wait_ready(place)


@pytest.fixture(scope="module")
def prometheus(syncerd, place, scratch):
    """A function that asks a real Prometheus, which asks syncerd each second and judges the shipped rules."""
    absent = missing(("prometheus", "promtool"))
    if absent:
        pytest.skip(f"{', '.join(absent)} not found (tests/testbed/get-prometheus.sh fetches both)")
    directory, port = scratch("prometheus"), free_ports(1)[0]
    config = os.path.join(directory, "prometheus.yaml")
    with open(config, "w") as file:
        yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [os.path.join(MONITORING, "syncerd.rules.yaml")],
            "scrape_configs": [{"job_name": "syncerd", "static_configs": [{"targets": [place]}]}],
        }, file)
    subprocess.run([find_binary("promtool"), "check", "config", config], check=True, capture_output=True, timeout=60)
    process = Process("prometheus", [find_binary("prometheus"), f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}",
                                     f"--storage.tsdb.path={directory}/data"], os.path.join(directory, "prometheus.log"), cwd=directory).start()

    def api(path, **query):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {query}: {error.read().decode()}") from error

    def up():
        try:
            return api("query", query='up{job="syncerd"} == 1')["result"]
        except OSError:
            return None

    wait_for(up, 30, "Prometheus to have asked syncerd")
    yield api
    process.stop()


def test_promtool_takes_the_text(syncerd, pair, place):
    if missing(("promtool",)):
        pytest.skip("promtool not found (tests/testbed/get-prometheus.sh fetches it)")
    text = ask(place, "/metrics")[1]
    done = subprocess.run([find_binary("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr


def filled(expression):
    """A dashboard's expression with its variables put in, as Grafana does."""
    for name, text in {"$instance": ".*", "$workspace": ".*", "$__rate_interval": "10s"}.items():
        expression = expression.replace(name, text)
    return expression


def test_the_dashboard_is_filled(prometheus, syncerd, pair):
    """Prometheus takes every expression of the dashboard; those that must have something to show on a working site do."""
    with open(os.path.join(MONITORING, "syncerd-dashboard.json")) as file:
        panels = json.load(file)["panels"]
    wait_for(lambda: prometheus("query", query="rate(syncerd_requests_total[10s])")["result"], 30, "rates")
    empty = [(panel["title"], target["expr"]) for panel in panels for target in panel["targets"]
             if not prometheus("query", query=filled(target["expr"]))["result"]]
    troubles = {"Conditions that are not True", "Workspaces that are not Syncing", "Most failing objects", "Restarts of workers"}
    assert {title for title, _ in empty} <= troubles, empty


def alerts(prometheus):
    return {(alert["labels"]["alertname"], alert["state"]) for alert in prometheus("alerts")["alerts"]}


def test_kcp_is_away(bed, syncerd, pair, place, prometheus):
    """readyz says 503 and why, the alerts begin to count, and all of that ends when kcp is back. healthz stays: a restart would not help."""
    wait_ready(place)
    wait_for(lambda: not alerts(prometheus), 30, "no alert on a working site")
    bed.kcp.stop()
    try:
        text = wait_failed(place, "kcp")
        assert "[+]cluster ok\n" in text and text.endswith("readyz check failed\n")
        assert ask(place, "/healthz")[:2] == (200, "ok\n")
        wait_value(place, 0, "syncerd_server_up", side="upstream")
        assert value(place, "syncerd_server_up", side="downstream") == 1
        wait_for(lambda: {("SyncerdNotReady", "pending"), ("SyncerdServerDown", "pending")} <= alerts(prometheus), 30, "the alerts to be pending")
    finally:
        bed.kcp.restart()
    wait_ready(place, 120)
    wait_value(place, 1, "syncerd_ready")
    wait_for(lambda: not alerts(prometheus), 60, "the alerts to end")
    assert all(rule["health"] == "ok" for group in prometheus("rules")["groups"] for rule in group["rules"])


def test_the_cluster_is_away(bed, syncerd, pair, place):
    wait_ready(place)
    bed.kube.stop_apiserver()
    try:
        text = wait_failed(place, "cluster")
        assert "[+]kcp ok\n" in text
        wait_failed(place, "SyncerReady", "DownstreamUnreachable: ")
    finally:
        bed.kube.start_apiserver()
    wait_ready(place, 120)


def test_a_stop(syncerd, pair, place):
    """The socket is gone with the process; the next start has it again."""
    syncerd.stop()
    with pytest.raises(OSError):
        ask(place, "/healthz")
    syncerd.start()
    wait_ready(place)

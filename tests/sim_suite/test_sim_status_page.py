"""The status page over HTTP: who is answered and under which headers, what its data say beside syncerctl, and how much of it there can be."""
import json
import signal
import socket

import pytest
from testbed.metrics import ask
from testbed.waiting import wait_for

from .syncer import DIRECT
from .world import TEAM, Team

TEAMS = {TEAM, "root:org:team-b", "root:org:team-c"}
PAGE, DATA = "/", "/status.json"


def place_of(syncerd):
    return syncerd.directory / "run" / "metrics.sock"


def data(place):
    code, text, headers = ask(place, DATA)
    assert code == 200 and headers["Content-Type"] == "application/json", text
    return json.loads(text)


@pytest.fixture
def on_tcp(make_syncerd):
    """A function that starts syncerd with its metrics on this address, and more keys beside it: syncerd and where to ask."""
    def make(address="127.0.0.1", more=""):
        syncerd = make_syncerd()
        syncerd.wait_syncing(*TEAMS)
        syncerd.stop()
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with open(syncerd.config, "a") as file:
            file.write(f"metrics: {{listen: '{address}:{port}'{more}}}\n")
        syncerd.start()
        syncerd.wait_syncing(*TEAMS)
        return syncerd, f"127.0.0.1:{port}"

    return make


def test_the_page_and_its_headers(syncerd):
    place = place_of(syncerd)
    for path, kind in ((PAGE, "text/html; charset=utf-8"), (DATA, "application/json")):
        code, text, headers = ask(place, path)
        assert code == 200 and headers["Content-Type"] == kind and len(text) > 500
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer" and headers["Cross-Origin-Resource-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ") and "frame-ancestors 'none'" in policy and "unsafe" not in policy and "*" not in policy
        assert "Access-Control-Allow-Origin" not in headers and "Set-Cookie" not in headers
        code, text, seen = ask(place, path, "HEAD")
        assert code == 200 and text == "" and int(seen["Content-Length"]) > 500
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            code, _, headers = ask(place, path, method)
            assert code == 405 and headers["Allow"] == "GET, HEAD"
    for path in ("/status", "/index.html", "/status.json/", "/status_page.js", "/../etc/passwd", "/%2e%2e/"):
        code, text, _ = ask(place, path)
        assert code == 404 and "/status.json, /metrics" in text


@pytest.mark.parametrize("on", ["unix", "tcp"])
def test_only_this_machine_by_its_names(on, request):
    """A name of somebody else that leads here gets neither page nor data; metrics and health are as they were."""
    place = place_of(request.getfixturevalue("syncerd")) if on == "unix" else request.getfixturevalue("on_tcp")()[1]
    for host in ("localhost", "localhost:9464", "127.0.0.1:9464", "[::1]:9464"):
        assert ask(place, PAGE, Host=host)[0] == ask(place, DATA, Host=host)[0] == 200
    for host in ("evil.example", "evil.example:9464", "localhost.evil.example", "10.0.0.1", "192.168.0.1:9464", ""):
        for path in (PAGE, DATA):
            code, text, _ = ask(place, path, Host=host)
            assert code == 421 and "the status page is for the names localhost" in text
        assert ask(place, "/metrics", Host=host)[0] == ask(place, "/healthz", Host=host)[0] == 200


def test_elsewhere_it_is_asked_for(on_tcp):
    """On an address that others reach there is no page until somebody wants it; a reload suffices."""
    syncerd, place = on_tcp("0.0.0.0")
    for path in (PAGE, DATA):
        code, text, _ = ask(place, path)
        assert code == 404 and text == "not found; there are /metrics, /healthz and /readyz\n"
    syncerd.config.write_text(syncerd.config.read_text().replace("metrics: {", "metrics: {page: true, "))
    syncerd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: ask(place, PAGE)[0] == 200, 20, "the page to be there")
    assert ask(place, DATA, Host="edge-1.example")[0] == 200


def test_switched_off(on_tcp):
    _, place = on_tcp(more=", page: false")
    assert ask(place, PAGE)[0] == ask(place, DATA)[0] == 404 and ask(place, "/metrics")[0] == 200


def test_the_same_as_syncerctl(sim, syncerd):
    """One truth: what the page is told is what syncerctl is told."""
    team = Team(sim)
    team.create("w1", "w2")
    team.wait_down("w1", "w2")

    def same():
        seen = data(place_of(syncerd))
        ours = {entry["path"]: entry for entry in seen["workspaces"]}
        for entry in syncerd.workspaces():
            steady = {key: entry[key] for key in ("path", "cluster", "pid", "state", "reason", "message", "process", "incarnation", "restarts", "paused",
                                                  "objects", "synced", "pending", "failing", "lastExit", "lastExitDetail")}
            assert steady.items() <= ours[entry["path"]].items(), (steady, ours[entry["path"]])
            assert not {"bindings", "resources"} & ours[entry["path"]].keys()
        return ours[TEAM]["synced"] == 2 and seen

    def agrees():
        try:
            return same()
        except AssertionError:  # one of both is half a second older
            return None

    wait_for(agrees, 30, "both to say the same")
    seen, status = data(place_of(syncerd)), syncerd.json("status")
    assert seen["status"].keys() == status.keys() | {"anonymousBytes"} and seen["status"]["pid"] == status["pid"] == syncerd.process.pid
    assert [c["type"] for c in seen["status"]["syncTarget"]["conditions"]] == [c["type"] for c in status["syncTarget"]["conditions"]]
    assert seen["status"]["anonymousBytes"] > 0 and seen["phases"]["Syncing"] == 3 and seen["unlisted"] == 0
    wait_for(lambda: data(place_of(syncerd))["health"]["ready"], 30, "readyz and the page to be content")
    assert all(entry["uptimeSeconds"] >= 0 and entry["anonymousBytes"] > 0 for entry in seen["workspaces"])


def test_the_worst_first_and_no_more_than_allowed(syncerd):
    syncerd.ctl("pause", "root:org:team-c")
    wait_for(lambda: data(place_of(syncerd))["phases"]["Paused"] == 1, 20, "the pause to be shown")
    assert [entry["state"] for entry in data(place_of(syncerd))["workspaces"]] == ["Paused", "Syncing", "Syncing"]
    with open(syncerd.config, "a") as file:
        file.write("metrics: {maxWorkspaces: 1}\n")
    syncerd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: data(place_of(syncerd))["unlisted"] == 2, 20, "the bound to count")
    seen = data(place_of(syncerd))
    assert [entry["path"] for entry in seen["workspaces"]] == ["root:org:team-c"] and sum(seen["phases"].values()) == 3


def test_asking_often_costs_little(syncerd):
    texts = [ask(place_of(syncerd), DATA)[1] for _ in range(50)]
    assert len(set(texts)) < len(texts) / 2


def test_direct_mode(sim, make_syncerd):
    syncerd = make_syncerd(mode=DIRECT)
    syncerd.wait_syncing(TEAM)
    wait_for(lambda: data(place_of(syncerd))["health"]["ready"], 30, "the page to be content")
    seen = data(place_of(syncerd))
    assert seen["status"]["mode"] == "Direct" and "syncTarget" not in seen["status"] and seen["phases"]["Syncing"] == 1

"""The simulator itself: it must be as strict as the real servers where syncerd's rules depend on it."""
import json
import socket
import time
import urllib.request

import pytest
from testbed.waiting import wait_for

from .simulator import CT_APPLY, CT_JSON_PATCH, CT_MERGE, WIDGETS, widget, widgets

APPLY = "?fieldManager=syncerd&force=true"


@pytest.fixture
def team(sim):
    return sim.kcp.at("root:org:team-a")


@pytest.fixture
def ns(sim):
    """A namespace of the physical cluster."""
    sim.cluster.call("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}})
    return sim.cluster


def endpoint(sim):
    export = sim.kcp.at("root:provider").get("/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/widgets")
    return export["status"]["endpoints"][0]["url"][len(sim.kcp.url):]


def lines(url, count):
    """The first events of a watch."""
    events = []
    with urllib.request.urlopen(url, timeout=10) as stream:
        for line in stream:
            events.append(json.loads(line))
            if len(events) == count:
                break
    return events


def test_virtual_workspace_shows_one_tenant_by_name_and_all_by_star(sim, team):
    team.call("POST", widgets(), widget("w1"))
    sim.kcp.at("root:org:team-b").call("POST", widgets(), widget("w1"))
    vw = endpoint(sim)
    assert len(sim.kcp.list(f"{vw}/clusters/teama0000000000a{WIDGETS}/widgets")) == 1
    assert len(sim.kcp.list(f"{vw}/clusters/*{WIDGETS}/widgets")) == 2
    assert len(sim.kcp.list(f"{vw}/clusters/*/apis/apis.kcp.io/v1alpha2/apibindings")) == 3


def test_virtual_workspace_answers_403_for_unknown_unbound_and_paths(sim):
    vw = endpoint(sim)
    for cluster in ("nosuchcluster", "edge00000000000a", "root:org:team-a"):
        assert sim.kcp.request("GET", f"{vw}/clusters/{cluster}{WIDGETS}/widgets").code == 403


def test_slice_loses_its_endpoints_with_the_last_binding(sim):
    for name in "abc":
        sim.kcp.at(f"root:org:team-{name}").call("DELETE", "/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    slice_ = sim.kcp.at("root:provider").get("/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/widgets")
    assert "endpoints" not in slice_["status"]


def test_finalizer_holds_deletion_and_unbinding(sim, team):
    team.call("POST", widgets(), widget("w1"))
    team.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": ["example.dev/hold"]}}, CT_MERGE)
    team.call("DELETE", "/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    wait_for(lambda: team.get(widgets(name="w1"))["metadata"].get("deletionTimestamp"), 5, "deletionTimestamp")
    assert team.get("/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    team.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": None}}, CT_MERGE)
    wait_for(lambda: team.get("/apis/apis.kcp.io/v1alpha2/apibindings/widgets") is None, 5, "the binding to go")


def test_post_then_renamed_operation_then_apply_removes_a_field(ns):
    ns.call("POST", widgets("team") + "?fieldManager=syncerd", widget("w1", "team", size=1, color="red"))
    fields = ns.get(widgets("team", "w1"))["metadata"]["managedFields"]
    assert [(f["manager"], f["operation"]) for f in fields] == [("syncerd", "Update")]
    rename = [{"op": "test", "path": "/metadata/managedFields/0/operation", "value": "Update"},
              {"op": "replace", "path": "/metadata/managedFields/0/operation", "value": "Apply"}]
    ns.call("PATCH", widgets("team", "w1") + "?fieldManager=syncerd", rename, CT_JSON_PATCH)
    after = ns.call("PATCH", widgets("team", "w1") + APPLY, widget("w1", "team", size=2), CT_APPLY)
    assert after["spec"] == {"size": 2}


def test_apply_without_the_rename_leaves_the_field(ns):
    ns.call("POST", widgets("team") + "?fieldManager=syncerd", widget("w1", "team", size=1, color="red"))
    after = ns.call("PATCH", widgets("team", "w1") + APPLY, widget("w1", "team", size=2), CT_APPLY)
    assert after["spec"] == {"size": 2, "color": "red"}


def test_apply_conflict_force_and_no_change(ns):
    ns.call("POST", widgets("team") + "?fieldManager=kubectl", widget("w1", "team", size=1))
    answer = ns.request("PATCH", widgets("team", "w1") + "?fieldManager=syncerd", widget("w1", "team", size=2), CT_APPLY)
    assert answer.code == 409 and answer.json["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    first = ns.call("PATCH", widgets("team", "w1") + APPLY, widget("w1", "team", size=2), CT_APPLY)
    second = ns.call("PATCH", widgets("team", "w1") + APPLY, widget("w1", "team", size=2), CT_APPLY)
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_status_is_a_world_of_its_own(team):
    team.call("POST", widgets(), {**widget("w1"), "status": {"phase": "Forged"}})
    assert "status" not in team.get(widgets(name="w1"))
    team.call("PATCH", widgets(name="w1") + "/status", {"spec": {"size": 99}, "status": {"phase": "Ready"}}, CT_MERGE)
    w1 = team.get(widgets(name="w1"))
    assert w1["spec"] == {"size": 1} and w1["status"] == {"phase": "Ready"} and w1["metadata"]["generation"] == 1


def test_preconditions_and_conflicts(ns):
    w1 = ns.call("POST", widgets("team"), widget("w1", "team"))
    assert ns.request("POST", widgets("team"), widget("w1", "team")).json["reason"] == "AlreadyExists"
    for precondition in ({"uid": "other"}, {"uid": w1["metadata"]["uid"], "resourceVersion": "1"}):
        assert ns.request("DELETE", widgets("team", "w1"), {"preconditions": precondition}).code == 409
    assert ns.request("DELETE", widgets("team", "w1"), {"preconditions": {"uid": w1["metadata"]["uid"]}}).code == 200
    assert ns.get(widgets("team", "w1")) is None


def test_missing_and_terminating_namespaces(ns):
    answer = ns.request("POST", widgets("nowhere"), widget("w1", "nowhere"))
    assert answer.code == 404 and answer.json["details"]["kind"] == "namespaces"
    ns.call("POST", widgets("team"), {**widget("w1", "team"), "metadata": {"name": "w1", "finalizers": ["example.dev/hold"]}})
    ns.call("DELETE", "/api/v1/namespaces/team")
    answer = ns.request("POST", widgets("team"), widget("w2", "team"))
    assert answer.code == 403 and answer.json["details"]["causes"][0]["reason"] == "NamespaceTerminating"


def test_pages_cover_the_list_and_expire(ns):
    for i in range(5):
        ns.call("POST", widgets("team"), widget(f"w{i}", "team"))
    names, token, more = [], "", True
    while more:
        page = ns.call("GET", f"{WIDGETS}/widgets?limit=2" + (f"&continue={urllib.request.quote(token)}" if token else ""))
        names += [item["metadata"]["name"] for item in page["items"]]
        token = page["metadata"].get("continue", "")
        more = bool(token)
        last = token or last if names else token
    assert names == [f"w{i}" for i in range(5)]
    ns.call("POST", widgets("team"), widget("w9", "team"))
    ns.post("compact")
    assert ns.request("GET", f"{WIDGETS}/widgets?limit=2&continue={urllib.request.quote(last)}").code == 410


def test_watch_streams_initial_events_bookmark_changes_and_selector_exits(ns):
    ns.call("POST", widgets("team"), {**widget("w1", "team"), "metadata": {"name": "w1", "labels": {"a": "1"}}})
    url = (f"{ns.url}{WIDGETS}/widgets?watch=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
           "&labelSelector=a%3D1")
    with urllib.request.urlopen(url, timeout=10) as stream:
        assert json.loads(stream.readline())["type"] == "ADDED"
        bookmark = json.loads(stream.readline())
        assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
        ns.call("PATCH", widgets("team", "w1"), {"metadata": {"labels": {"a": None}}}, CT_MERGE)
        assert json.loads(stream.readline())["type"] == "DELETED"
        ns.settings(bookmarkMs=50)
        assert json.loads(stream.readline())["type"] == "BOOKMARK"


def test_watch_resumes_and_expires(ns):
    rv = ns.call("GET", f"{WIDGETS}/widgets")["metadata"]["resourceVersion"]
    ns.call("POST", widgets("team"), widget("w1", "team"))
    ns.call("DELETE", widgets("team", "w1"))
    url = f"{ns.url}{WIDGETS}/widgets?watch=1&resourceVersion={rv}"
    assert [event["type"] for event in lines(url, 2)] == ["ADDED", "DELETED"]
    ns.post("compact")
    event = lines(url, 1)[0]
    assert event["type"] == "ERROR" and event["object"]["code"] == 410


def test_faults(ns):
    ns.call("POST", widgets("team"), widget("w1", "team"))
    path = f"{WIDGETS}/widgets"
    ns.fault("status:429", path="widgets", retryAfter=7)
    answer = ns.request("GET", path)
    assert answer.code == 429 and answer.headers["Retry-After"] == "7"
    ns.fault("drop", path="widgets")
    with pytest.raises((ConnectionError, urllib.error.URLError, OSError)):
        ns.request("GET", path)
    ns.fault("truncate", path="widgets", bytes=20)
    with pytest.raises(Exception, match="IncompleteRead"):
        ns.request("GET", path)
    ns.fault("garbage", path="widgets")
    with pytest.raises(json.JSONDecodeError):
        _ = ns.request("GET", path).json
    ns.fault("staleList", path="widgets")
    assert ns.list(path) == []
    ns.fault("slow", path="widgets", delayMs=300)
    start = time.monotonic()
    assert len(ns.list(path)) == 1 and time.monotonic() - start >= 0.29
    ns.fault("loseAnswer", method="DELETE")
    with pytest.raises((ConnectionError, urllib.error.URLError, OSError)):
        ns.request("DELETE", widgets("team", "w1"))
    assert ns.get(widgets("team", "w1")) is None


def test_requests_are_counted(ns):
    ns.forget_requests()
    ns.request("GET", f"{WIDGETS}/widgets")
    ns.request("GET", f"{WIDGETS}/widgets")
    assert ns.requests(agent="suite", method="GET", path="widgets") == 2


def test_garbage_on_the_wire_does_not_end_it(sim):
    host, port = sim.kcp.url[len("http://"):].split(":")
    for text in (b"\0\1\2\3\r\n\r\n", b"GET /clusters/" + b"a/" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /apis HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(text)
    assert sim.kcp.request("GET", "/readyz").code == 200

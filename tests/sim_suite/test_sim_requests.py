"""How many requests: no-ops are suppressed, idle means idle, the server's wishes are respected."""
import time

import pytest

from .simulator import CT_APPLY, CT_MERGE, WIDGETS
from .world import TEAM, Team, settle, stays, wait_for, wait_hit


def writes(server, path=""):
    return sum(server.requests(method=method, path=path) for method in ("POST", "PATCH", "DELETE", "PUT"))


def test_write_count_of_a_create(sim, syncerd):
    """One create costs two writes, the finalizer and the POST, and no read."""
    team = Team(sim)
    team.create("first")
    team.wait_down("first")
    settle(sim)
    team.create("w1")
    team.wait_down("w1")
    settle_counts = (writes(sim.kcp, "/widgets"), writes(sim.cluster, "/widgets"))
    stays(lambda: (writes(sim.kcp, "/widgets"), writes(sim.cluster, "/widgets")) == settle_counts, "the number of writes")
    assert settle_counts == (1, 1)
    assert sim.kcp.requests(method="GET", path="/widgets/w1") == 0 and sim.cluster.requests(method="GET", path="/widgets/w1") == 0


def test_write_count_of_an_update(sim, syncerd):
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    team.patch("w1", size=2)
    team.wait_down("w1", size=2)
    settle(sim)
    team.patch("w1", size=3)
    team.wait_down("w1", size=3)
    stays(lambda: writes(sim.cluster, "/widgets") == 1 and writes(sim.kcp, "/widgets") == 0, "one write")


def test_status_no_op(sim, syncerd):
    """One status change is one write; a change of metadata only, or the same status again, is none."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    settle(sim)
    team.set_status("w1", phase="Ready", replicas=1)
    team.wait_status("w1", phase="Ready", replicas=1)
    stays(lambda: writes(sim.kcp, "/widgets") == 1, "one status write")
    sim.cluster.call("PATCH", team.path_down("w1"), {"metadata": {"annotations": {"touched": "1"}}}, CT_MERGE)
    sim.cluster.call("PATCH", team.path_down("w1") + "/status", {"status": {"replicas": 1.0}}, CT_MERGE)
    stays(lambda: writes(sim.kcp, "/widgets") == 1, "still one status write")


def test_statuses_in_quick_succession(sim, syncerd):
    """At most one write per object in 500 ms, however soon the next status is there; the last one is not lost."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    settle(sim)
    path = team.path_down("w1") + "/status"
    started = time.monotonic()
    for replicas in range(1, 31):
        sim.cluster.call("PATCH", path, {"status": {"replicas": replicas}}, CT_MERGE)
        if replicas % 3 == 0:
            team.wait_status("w1", replicas=replicas)
    assert writes(sim.kcp, "/widgets/w1") <= 2 * (time.monotonic() - started) + 3


def test_two_writers_do_not_loop(sim, syncerd):
    """Another manager owns fields of its own beside ours: neither side writes for ever."""
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    settle(sim)
    body = {"apiVersion": "example.dev/v1alpha1", "kind": "Widget", "metadata": {"name": "w1"}, "spec": {"replicas": 5}}
    sim.cluster.call("PATCH", team.path_down("w1") + "?fieldManager=autoscaler", body, CT_APPLY)
    settle_at = wait_for(lambda: team.down("w1")["spec"].get("replicas") == 5 and True, 5, "the other manager's field")
    assert settle_at
    stays(lambda: writes(sim.cluster, "/widgets") <= 3, "few writes", 3)
    assert team.down("w1")["spec"] == {"size": 1, "replicas": 5}


# All that a quiet system asks for in a minute: how often at most. A heartbeat every 20 s, one look at what the cluster serves every 60 s.
# Nothing else is due: watches last half an hour at least, access is reviewed every 10 minutes and never because of a heartbeat.
IDLE = {
    ("kcp", "PATCH", "/clusters/root:edge/apis/workload.kcp.io/v1alpha1/synctargets/edge-1/status"): 4,
    ("cluster", "GET", "/version"): 2,
    ("cluster", "GET", "/apis"): 4,  # once in a round; before each, whether the server gives a tag (the simulator does not)
    ("cluster", "GET", "/api/v1"): 2,
    ("cluster", "GET", "/apis/example.dev/v1alpha1"): 2,
}


def counted(sim):
    """{(side, method, path): count} of everything that syncerd and its workers asked for."""
    found = {}
    for side in ("kcp", "cluster"):
        for row in getattr(sim, side).request_rows():
            if row["userAgent"].startswith("sync"):
                key = (side, row["method"], row["path"])
                found[key] = found.get(key, 0) + row["count"]
    return found


@pytest.mark.long
def test_idle_requests(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    settle(sim, 2.0)
    stays(lambda: not counted(sim).keys() - IDLE.keys(), "nothing but heartbeats and discovery", 62)
    idle = counted(sim)
    assert idle.keys() == IDLE.keys()
    assert all(count <= IDLE[key] for key, count in idle.items()), idle
    assert idle[next(iter(IDLE))] >= 2


def test_retry_after_of_429(sim, syncerd):
    team = Team(sim)
    sim.cluster.fault("status:429", method="POST", path="/widgets", retryAfter=3, times=1)
    started = time.monotonic()
    team.create("w1")
    wait_hit(sim.cluster)
    team.wait_down("w1", seconds=30)
    assert time.monotonic() - started >= 2.5
    assert sim.cluster.requests(method="POST", path="/widgets") == 2


def test_retry_after_of_a_watch(sim, direct):
    team = Team(sim)
    sim.kcp.fault("status:429", method="GET", path="/widgets", agent="syncer-worker", retryAfter=3, times=1)
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp)
    started = time.monotonic()
    team.create("w1")
    team.wait_down("w1", seconds=30)
    assert time.monotonic() - started >= 2


def test_backlog_does_not_hold_up_fresh_changes(sim, syncerd):
    """Objects that the cluster refuses again and again do not keep a good one waiting."""
    team = Team(sim)
    team.create("first")
    team.wait_down("first")
    sim.cluster.fault("status:500", method="POST", path="/widgets", times=200)
    team.create(*[f"bad{i}" for i in range(20)])
    wait_hit(sim.cluster, 20)
    sim.cluster.clear_faults()
    team.patch("first", size=9)
    team.wait_down("first", size=9, seconds=5)
    team.wait_down(*[f"bad{i}" for i in range(20)], seconds=60)


def test_pages(sim, direct):
    """A server without streaming lists: pages, whole and in order, also when the first attempt dies in the middle."""
    team = Team(sim)
    names = [f"w{i:04}" for i in range(1100)]
    team.create(*names)
    team.wait_down(*names, seconds=90)
    uids = {name: item["metadata"]["uid"] for name, item in team.copies().items()}
    sim.kcp.settings(streamingList=False)
    sim.cluster.settings(streamingList=False)
    sim.kcp.fault("truncate", method="GET", path="/widgets", query="continue", agent="syncer-worker", bytes=1000)
    sim.kcp.forget_requests()
    direct.ctl("restart", TEAM)
    wait_hit(sim.kcp)
    direct.wait_syncing(TEAM)
    wait_for(lambda: (direct.workspace(TEAM) or {}).get("objects") == len(names), 30, "all objects to be known again")
    assert {name: item["metadata"]["uid"] for name, item in team.copies().items()} == uids
    assert sim.cluster.requests(method="DELETE") == 0
    assert len(sim.cluster.list(f"{WIDGETS}/widgets")) == len(names)

"""The log says once what lasts: not at every retry, not at every pass."""
import pytest

from .simulator import CT_MERGE
from .syncer import DIRECT
from .world import TEAM, Team, settle, wait_for, wait_hit

TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
MISSING = "".join(f"\n  - {{group: example.dev, version: v1alpha1, resource: {name}}}" for name in ("gizmos", "doodads"))


def lines(syncerd, *words):
    return [line for line in syncerd.log.read_text().splitlines() if all(word in line for word in words)]


def ready(target):
    return next((c["status"] for c in (target.get("status") or {}).get("conditions", []) if c["type"] == "Ready"), "")


def test_resources_that_cannot_be_synced_are_told_once(sim, make_syncerd):
    """Two of them at once, and passes enough that each could be told over and over again."""
    syncerd, team = make_syncerd(mode=DIRECT + MISSING), Team(sim)
    wait_for(lambda: all(lines(syncerd, f"{name} is not served") for name in ("gizmos", "doodads")), 60, "both to be told")
    for number in range(20):
        team.create(f"w{number}")
        team.wait_down(f"w{number}", seconds=60)
    wait_for(lambda: (syncerd.workspace(TEAM) or {}).get("objects") == 20, 60, "all objects to be reported")
    for name in ("gizmos", "doodads"):
        told = lines(syncerd, f"{name} is not served")
        assert len(told) <= 2, "\n".join(told)
    assert lines(syncerd, "doodads is not served", "; gizmos is not served"), syncerd.log_tail()


@pytest.mark.parametrize("cordon, line, again", [
    (True, "writing the SyncTarget's status:", "the SyncTarget's status can be written again"),
    (False, "heartbeat:", "heartbeat: accepted again")], ids=["status", "heartbeat"])
def test_a_refused_write_to_the_synctarget_is_told_once(sim, syncerd, cordon, line, again):
    """However often it is tried; then that it is accepted again. Without a change to write there are heartbeats only."""
    edge = sim.kcp.at("root:edge")
    wait_for(lambda: ready(edge.get(TARGET)) == "True", 60, "Ready")
    settle(sim, 2.0)
    sim.kcp.fault("status:503", method="PATCH", path=f"{TARGET}/status", agent="syncerd", times=-1)
    if cordon:
        edge.call("PATCH", TARGET, {"spec": {"unschedulable": True}}, CT_MERGE)
    wait_for(lambda: lines(syncerd, line, "trying again"), 90, f"{line!r} in the log")
    wait_hit(sim.kcp, sim.kcp.hits()[0] + 3, seconds=90)
    assert len(lines(syncerd, line, "trying again")) == 1, syncerd.log_tail()
    sim.kcp.clear_faults()
    wait_for(lambda: lines(syncerd, again), 90, f"{again!r} in the log")

"""Watches that break in other ways than with an error."""
import pytest

from .simulator import CT_MERGE
from .world import TEAM, WIDGET_LISTS, Team, wait_for, wait_hit


@pytest.mark.parametrize("fault", [
    {"action": "truncate", "bytes": 40}, {"action": "garbage"}, {"action": "errorEvent410"}, {"action": "drop"},
    {"action": "status:500", "plain": True}, {"action": "slow", "delayMs": 1500}], ids=lambda fault: fault["action"])
@pytest.mark.parametrize("side", ["kcp", "cluster"])
def test_watch_recovers(sim, syncerd, side, fault):
    """Changes made while the stream is broken arrive all the same, on both sides."""
    team, server = Team(sim), getattr(sim, side)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    server.fault(**{"method": "GET", "query": "watch", "path": WIDGET_LISTS, "agent": "syncer-worker", "times": 3, **fault})
    server.post("close-watches")
    wait_hit(server)
    team.patch("w1", size=2)
    team.wait_down("w1", size=2, seconds=40)
    team.set_status("w1", phase="Ready")
    team.wait_status("w1", phase="Ready", seconds=40)
    assert syncerd.workspace(TEAM)["restarts"] == 0


def test_drift_is_corrected_from_the_watch(sim, syncerd):
    from .simulator import CT_MERGE
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    sim.cluster.call("PATCH", team.path_down("w1"), {"spec": {"size": 99}}, CT_MERGE)
    team.wait_down("w1", size=1)
    sim.cluster.call("DELETE", team.path_down("w1"))
    team.wait_down("w1", size=1)


@pytest.mark.long
def test_half_dead_watch(sim, direct):
    """A watch that stays open and says nothing: only the missing bookmarks can tell. The deadline is 150 s."""
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    sim.kcp.fault("mute", method="GET", query="watch", path=WIDGET_LISTS, agent="syncer-worker", times=1)
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp)
    team.patch("w1", size=2)
    wait_for(lambda: team.down("w1")["spec"]["size"] == 2, 240, "the change behind the dead watch")


def test_clean_end_of_stream_is_no_signal(sim, syncerd):
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    for size in (2, 3, 4):
        sim.kcp.post("close-watches")
        sim.cluster.post("close-watches")
        team.patch("w1", size=size)
        team.wait_down("w1", size=size)
    assert sim.cluster.requests(method="DELETE") == 0


def test_a_late_answer_does_not_undo_what_the_watch_has_shown(sim, syncerd):
    """The answer to a write of status has the SyncTarget as it was then; what it asks for since has come by the watch, and comes no second time."""
    edge = sim.kcp.at("root:edge")
    target = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"

    def schedulable():
        status = edge.get(target).get("status") or {}
        return next((c["reason"] for c in status.get("conditions", []) if c["type"] == "Schedulable"), "")
    wait_for(schedulable, 20, "the status")
    sim.kcp.fault("slow", method="PATCH", path="/synctargets/edge-1/status", agent="syncerd", delayMs=3000)
    edge.call("PATCH", target, {"spec": {"cells": {"a": "1"}}}, CT_MERGE)
    wait_hit(sim.kcp, seconds=60)
    edge.call("PATCH", target, {"spec": {"unschedulable": True}}, CT_MERGE)
    wait_for(lambda: schedulable() == "Cordoned", 60, "the cordon to be told")
    assert "uncordoned" not in syncerd.log.read_text()

"""Several syncers for one SyncTarget: exactly one serves it, and none serves what it has not read."""
import subprocess

from testbed.waiting import wait_for

from .simulator import CT_MERGE, binaries
from .syncer import Syncerd
from .world import TEAM, Team, stays

TEAMS = (TEAM, "root:org:team-b", "root:org:team-c")
TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"


def launch(syncerd, *words):
    with open(syncerd.log, "ab") as log:
        syncerd.process = subprocess.Popen([str(binaries() / "syncerd"), "--config", str(syncerd.config), *words], stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, start_new_session=True)
    return syncerd


def another(sim, place, *words, name="other"):
    (place / name).mkdir()
    return launch(Syncerd(place / name, sim), *words)


def status(sim):
    return (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}


def identity(sim):
    return status(sim).get("syncer", {}).get("identity")


def condition(sim, kind):
    return next((c for c in status(sim).get("conditions", []) if c["type"] == kind), {})


def test_a_waiting_syncer_does_not_serve_a_new_synctarget_as_the_old_one(sim, place, syncerd):
    """It still follows the old one's exports, under the old uid: it leaves with its own exit code, and a new start reads everything anew."""
    team = Team(sim)
    team.create("kept")
    team.wait_down("kept")
    mine = identity(sim)
    other = another(sim, place, "--take-over")
    wait_for(lambda: identity(sim) not in (None, mine), 20, "the other one to take over")
    wait_for(lambda: "is served by" in syncerd.log.read_text(), 20, "the first one to notice")
    shown = syncerd.json("status")["syncTarget"]
    assert (shown["ready"], shown["reason"], shown["conditions"]) == ("Unknown", "IdentityConflict", [])
    wait_for(lambda: all((w["state"], w["pid"]) == ("Pending", 0) for w in syncerd.workspaces()), 10, "no workspace to be shown as served")
    other.kill()
    edge = sim.kcp.at("root:edge")
    edge.call("PATCH", TARGET, {"metadata": {"finalizers": None}}, CT_MERGE)
    edge.call("DELETE", TARGET)
    wait_for(lambda: edge.get(TARGET) is None, 10, "the SyncTarget to be gone")
    edge.call("POST", "/apis/workload.kcp.io/v1alpha1/synctargets", {
        "apiVersion": "workload.kcp.io/v1alpha1", "kind": "SyncTarget", "metadata": {"name": "edge-1"}, "spec": {"supportedAPIExports": []}})
    assert syncerd.process.wait(timeout=30) == 4, syncerd.log_tail()
    assert "another uid" in syncerd.log.read_text()
    syncerd.process = None
    assert "kept" in team.copies()


def test_one_of_two_that_start_together_steps_back(sim, place):
    for attempt in range(4):
        pair = [another(sim, place, name=f"{attempt}{side}") for side in "ab"]
        try:
            seen = set()

            def stepped_back():
                for _ in range(20):  # between two looks at the logs: an identity that lasts for milliseconds is one too many
                    seen.add(identity(sim))
                return any("is served by" in one.log.read_text() for one in pair)
            before = identity(sim)
            wait_for(stepped_back, 20, "one of them to step back")
            winner = identity(sim)
            stays(lambda: identity(sim) == winner, "one identity only", 2)
            assert seen <= {before, winner}
            assert sum(bool(one.pids()) for one in pair) == 1
        finally:
            for one in pair:
                one.stop()
        wait_for(lambda: condition(sim, "HeartbeatHealthy").get("reason") == "SyncerStopped", 10, "the farewell")


def test_a_restarting_syncer_says_so_before_it_has_learned(sim, syncerd):
    """Its own farewell stands in the status: whoever waits would take over while the first one is still reading."""
    wait_for(lambda: condition(sim, "Ready").get("status") == "True", 20, "Ready")
    mine, kept = identity(sim), condition(sim, "SyncerAuthorized")
    syncerd.stop()
    assert condition(sim, "HeartbeatHealthy")["reason"] == "SyncerStopped"
    sim.cluster.fault("status:503", method="GET", path="/apis", agent="syncerd", times=-1)
    syncerd.start()
    wait_for(lambda: condition(sim, "HeartbeatHealthy")["status"] == "True", 2, "a heartbeat before anything is known of the cluster")
    assert (condition(sim, "Ready")["status"], condition(sim, "Ready")["reason"]) == ("Unknown", "Starting")
    assert identity(sim) == mine and condition(sim, "SyncerAuthorized") == kept
    sim.cluster.clear_faults()
    wait_for(lambda: condition(sim, "Ready")["status"] == "True", 40, "Ready")


def test_a_mark_that_cannot_be_written_is_warned_of(sim, syncerd):
    wait_for(lambda: condition(sim, "Ready").get("status") == "True", 20, "Ready")
    edge = sim.kcp.at("root:edge")
    sim.kcp.fault("status:403", method="PATCH", path="/synctargets/edge-1", agent="syncerd", times=-1)
    edge.call("PATCH", TARGET, {"metadata": {"finalizers": None}}, CT_MERGE)
    wait_for(lambda: any("cannot be patched" in line and " warning: " in line for line in syncerd.log.read_text().splitlines()), 20, "a warning")
    sim.kcp.clear_faults()
    wait_for(lambda: edge.get(TARGET)["metadata"].get("finalizers"), 20, "the finalizer to be put back")


def test_a_holder_that_cannot_be_read_is_what_is_waited_for(sim, place):
    sim.kcp.fault("status:503", method="GET", path="/synctargets/edge-1", agent="syncerd", times=-1)
    waiting = another(sim, place)
    try:
        def shown():
            return waiting.json("status")["syncTarget"]["message"] if waiting.socket.exists() else ""
        wait_for(lambda: "cannot be read" in shown() and "trying again" in shown(), 20, "the status to say what it waits for")
        target = waiting.json("status")["syncTarget"]
        assert (target["ready"], target["reason"]) == ("Unknown", "Waiting")
        sim.kcp.clear_faults()
        waiting.wait_syncing(TEAM, seconds=40)
        assert "cannot be read" not in shown()
    finally:
        waiting.stop()

"""Many objects vanish at once, in ways that no watch tells: their copies are held until somebody approves, or until the objects are back."""
import os
import signal
import time

import pytest

from .simulator import CT_MERGE, widgets
from .world import CLUSTER, TEAM, WIDGET_LISTS, Team, stays, wait_for, wait_hit

MANY = 40
NAMES = [f"w{i}" for i in range(MANY)]


def make(sim):
    team = Team(sim)
    team.create(*NAMES)
    team.wait_down(*NAMES, seconds=60)
    return team


def blind(sim):
    """The worker's watch upstream breaks and does not come back."""
    sim.kcp.fault("status:503", method="GET", path=WIDGET_LISTS, agent="syncer-worker", times=-1)
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp)


def lose(team, names=NAMES):
    """As if they had never been there: no deletionTimestamp that anybody sees, no DELETED event."""
    for name in names:
        team.api.call("PATCH", widgets(name=name), {"metadata": {"finalizers": None}}, CT_MERGE)
        team.delete(name)
        assert team.up(name) is None


def held(syncerd):
    """Names of what the guard holds."""
    return {item["key"].partition("/")[2] for item in syncerd.json("dump", TEAM)["objects"] if item["reason"] == "MassDeletionHeld"}


def test_answers_to_status_writes_count(sim, syncerd):
    """That the objects are gone is learned only from the 404 that answers each status."""
    team = make(sim)
    blind(sim)
    lose(team)
    for name in NAMES:
        if team.down(name):
            team.set_status(name, phase="Running")
    wait_for(lambda: len(held(syncerd)) >= MANY // 4 and held(syncerd) == set(team.copies()), 60, "the guard to hold what is left")
    left = set(team.copies())
    stays(lambda: set(team.copies()) == held(syncerd) == left, "what is held", 3)
    sim.kcp.clear_faults()
    wait_holds(syncerd)
    syncerd.ctl("approve", TEAM)
    wait_for(lambda: not team.copies(), 60, "what was held to go")


def test_losses_before_the_cluster_was_listed_count(sim, syncerd):
    """A new worker sees the objects, and sees them go, before it can know that they have copies."""
    team = make(sim)
    sim.kcp.settings(streamingList=False)
    sim.kcp.forget_requests()
    sim.cluster.fault("status:503", method="GET", path=WIDGET_LISTS, agent="syncer-worker", times=-1)
    syncerd.ctl("restart", TEAM)
    mine = f"/clusters/{CLUSTER}/apis/example.dev{WIDGET_LISTS}"
    wait_for(lambda: sim.kcp.requests(path=mine, watch=True), 60, "the new worker to watch")
    lose(team)

    def presence(name):
        return [item["upstream"]["presence"] for item in syncerd.json("dump", TEAM, f"default/{name}")["objects"]]
    wait_for(lambda: presence(NAMES[-1]) == ["absent"], 60, "the last loss to be seen")
    sim.cluster.clear_faults()
    wait_for(lambda: held(syncerd) == set(NAMES), 60, "the guard to hold all of them")
    stays(lambda: set(team.copies()) == set(NAMES), "what is held", 3)
    wait_holds(syncerd)
    syncerd.ctl("approve", TEAM)
    wait_for(lambda: not team.copies(), 60, "what was held to go")


BINDINGS = "/apis/apis.kcp.io/v1alpha2/apibindings"
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


def configmap(name):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


def configmaps(sim):
    return {item["metadata"]["name"] for item in sim.cluster.list("/api/v1/configmaps") if item["metadata"]["name"] in NAMES}


def make_configmaps(sim):
    """Without finalizers: each is gone at once when it is deleted."""
    team = Team(sim)
    for name in NAMES:
        team.api.call("POST", CONFIGMAPS, configmap(name))
    wait_for(lambda: configmaps(sim) == set(NAMES), 60, "all copies")
    return team


def test_few_go_after_a_moment(sim, syncerd):
    """Which of them are few is known only when no more have followed."""
    team = make_configmaps(sim)
    few = NAMES[:5]
    start = time.monotonic()
    for name in few:
        team.api.call("DELETE", f"{CONFIGMAPS}/{name}")
    wait_for(lambda: configmaps(sim) != set(NAMES), 60, "the first copy to go")
    assert time.monotonic() - start >= 1.4
    wait_for(lambda: configmaps(sim) == set(NAMES) - set(few), 60, "their copies to go")
    assert not held(syncerd)
    assert syncerd.workspace(TEAM)["state"] == "Syncing"


def delete_while_paused(team, syncerd):
    """What vanishes before anything may be written is held whole, however slowly it goes."""
    syncerd.ctl("pause", TEAM)
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Paused", 60, "the pause")
    for name in NAMES:
        team.api.call("DELETE", f"{CONFIGMAPS}/{name}")

    def presence():
        return {item["upstream"]["presence"] for item in syncerd.json("dump", TEAM, f"default/{NAMES[-1]}")["objects"]}
    wait_for(lambda: presence() == {"in doubt"}, 60, "the last deletion to be seen")
    syncerd.ctl("resume", TEAM)


def wait_holds(syncerd, not_by=None):
    """Until the worker holds; another one than that of pid not_by."""
    def holds():
        entry = syncerd.workspace(TEAM) or {}
        return entry.get("reason") == "MassDeletionHeld" and entry.get("pid") != not_by
    wait_for(holds, 60, "the guard to hold")
    return syncerd.pids()[TEAM]


def test_nothing_can_be_approved_in_advance(sim, syncerd):
    """Where nothing is held an approval says so, and opens nothing for what vanishes after it."""
    team = make_configmaps(sim)
    assert "holds nothing" in syncerd.ctl("approve", TEAM)
    assert syncerd.json("approve", TEAM)["changed"] is False
    delete_while_paused(team, syncerd)
    wait_holds(syncerd)
    stays(lambda: configmaps(sim) == set(NAMES), "what is held", 3)
    assert "may delete what was held" in syncerd.ctl("approve", TEAM)
    wait_for(lambda: not configmaps(sim), 60, "what was held to go")
    assert syncerd.json("approve", TEAM)["changed"] is False


def test_a_hold_outlives_process_and_rules(sim, syncerd):
    """To a new process, and after a change of the rules, the lost are only few beside those that are new."""
    team = make_configmaps(sim)
    delete_while_paused(team, syncerd)
    pid = wait_holds(syncerd)
    for i in range(2 * MANY):
        team.api.call("POST", CONFIGMAPS, configmap(f"new{i}"))
    wait_for(lambda: len(sim.cluster.list("/api/v1/configmaps")) >= 3 * MANY, 60, "the new copies")

    def all_stay():
        stays(lambda: configmaps(sim) == set(NAMES), "what is held", 3)
    syncerd.ctl("restart", TEAM)
    pid = wait_holds(syncerd, not_by=pid)
    all_stay()
    os.kill(pid, signal.SIGKILL)
    pid = wait_holds(syncerd, not_by=pid)
    all_stay()

    # Also to another supervisor, however the one before ended.
    for end in (syncerd.stop, syncerd.kill):
        end()
        syncerd.start()
        pid = wait_holds(syncerd, not_by=pid)
        all_stay()

    # Its configmaps are listed anew under other rules.
    sim.kcp.forget_requests()
    syncerd.config.write_text(syncerd.config.read_text().replace("sync:\n", "sync:\n  syncRootCA: true\n"))
    os.kill(syncerd.process.pid, signal.SIGHUP)
    mine = f"/clusters/{CLUSTER}/api/v1/configmaps"
    wait_for(lambda: sim.kcp.requests(path=mine, agent="syncer-worker"), 60, "the new rules")
    assert wait_holds(syncerd) == pid
    all_stay()

    # A hold ends with its objects: then few are only few again.
    for name in NAMES:
        team.api.call("POST", CONFIGMAPS, configmap(name))
    syncerd.wait_syncing(TEAM, seconds=60)
    syncerd.ctl("restart", TEAM)
    wait_for(lambda: (syncerd.workspace(TEAM) or {}).get("state") == "Syncing" and syncerd.pids().get(TEAM) != pid, 60, "the new process")
    few = NAMES[:3]
    for name in few:
        team.api.call("DELETE", f"{CONFIGMAPS}/{name}")
    wait_for(lambda: configmaps(sim) == set(NAMES) - set(few), 60, "their copies to go")


@pytest.mark.parametrize("unbind", ["Delete", "Orphan"])
def test_what_nobody_binds_any_more_goes_by_the_policy(sim, make_syncerd, unbind):
    """Unbound while syncerd was away, and seen by nobody: sync.unbind counts all the same."""
    syncerd = make_syncerd(minute=2)
    syncerd.wait_syncing(TEAM)
    team = Team(sim)
    for name in NAMES[:3]:
        team.api.call("POST", CONFIGMAPS, configmap(name))
    wait_for(lambda: len(configmaps(sim)) == 3, 60, "the copies")
    syncerd.stop()
    team.api.call("DELETE", f"{BINDINGS}/widgets")
    wait_for(lambda: team.api.get(f"{BINDINGS}/widgets") is None, 60, "the binding to go")
    syncerd.config.write_text(syncerd.config.read_text().replace("sync:\n", f"sync:\n  unbind: {unbind}\n"))
    syncerd.start()
    if unbind == "Delete":
        wait_for(lambda: not configmaps(sim), 60, "the copies to go")
        return

    def marked():
        items = [item for item in sim.cluster.list("/api/v1/configmaps") if item["metadata"]["name"] in NAMES]
        return [item for item in items if "kcp.io/tenant-id" in item["metadata"].get("labels", {})]
    wait_for(lambda: not marked(), 60, "the copies to be let go")
    stays(lambda: len(configmaps(sim)) == 3, "the copies")

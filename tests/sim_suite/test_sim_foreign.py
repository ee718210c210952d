"""Objects of others in the place of our copies: left alone, told, and looked at again."""
import pytest

from .simulator import CT_MERGE, WIDGETS, widget, widgets
from .world import TEAM, WIDGET_LISTS, Team, stays, wait_for, wait_hit

GADGETS = WIDGETS + "/gadgets"


def dumped(syncerd, key="default/w1"):
    return syncerd.json("dump", TEAM, key)["objects"][0]


def test_foreign_object_is_not_forgotten(sim, syncerd):
    """The tenant takes our finalizer off meanwhile: to put it back must not end the waiting for the place."""
    team = Team(sim)
    team.create("w0")
    team.wait_down("w0")
    namespace = team.down("w0")["metadata"]["namespace"]
    sim.cluster.call("POST", widgets(namespace), widget("w1", namespace, owner="somebody"))
    team.create("w1")
    wait_for(lambda: syncerd.workspace(TEAM)["reason"] == "ForeignObjects", 20, "the foreign object to be told")
    team.api.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": None}}, CT_MERGE)
    wait_for(lambda: team.up("w1")["metadata"].get("finalizers"), 20, "the finalizer to be put back")
    wait_for(lambda: not dumped(syncerd)["inProgress"] and dumped(syncerd).get("retryInMilliseconds"), 20, "a timer")
    assert dumped(syncerd)["reason"] == "ForeignObject"
    assert syncerd.workspace(TEAM)["reason"] == "ForeignObjects"
    sim.cluster.call("DELETE", widgets(namespace, "w1"))
    team.wait_down("w1", seconds=60, size=1)
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")


def test_finalizer_of_a_blocked_object_is_refused(sim, syncerd):
    """A request that fails for an object whose place is taken backs off like any other."""
    team = Team(sim)
    team.create("w0")
    team.wait_down("w0")
    namespace = team.down("w0")["metadata"]["namespace"]
    sim.cluster.call("POST", widgets(namespace), widget("w1", namespace, owner="somebody"))
    team.create("w1")
    wait_for(lambda: dumped(syncerd)["reason"] == "ForeignObject", 20, "the foreign object to be seen")
    sim.kcp.fault("status:503", method="PATCH", path="/widgets/w1", agent="syncer-worker", times=-1)
    team.api.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": None}}, CT_MERGE)
    wait_hit(sim.kcp, 4)
    assert sim.kcp.hits()[0] < 10, "it backs off"
    sim.kcp.clear_faults()
    wait_for(lambda: team.up("w1")["metadata"].get("finalizers"), 20, "the finalizer to be put back")


def test_copy_that_lost_its_locator_is_foreign_and_told(scoped_sim, make_syncerd):
    sim = scoped_sim
    syncerd = make_syncerd()
    syncerd.wait_syncing(TEAM)
    api, path = sim.kcp.at(TEAM), GADGETS + "/g1"
    api.call("POST", GADGETS, {"apiVersion": "example.dev/v1alpha1", "kind": "Gadget", "metadata": {"name": "g1"}, "spec": {"a": 1}})
    wait_for(lambda: sim.cluster.get(path), 20, "the copy")
    wait_for(lambda: dumped(syncerd, "g1")["next"] == "None", 20, "the copy to be known")
    syncerd.stop()
    sim.cluster.call("PATCH", path, {"metadata": {"annotations": {"kcp.io/namespace-locator": None}}}, CT_MERGE)
    syncerd.start()
    wait_for(lambda: (syncerd.workspace(TEAM) or {}).get("reason") == "NameCollision", 20, "the unmarked copy to be told")
    assert dumped(syncerd, "g1")["retryInMilliseconds"] > 0
    sim.cluster.call("DELETE", path)
    wait_for(lambda: sim.cluster.get(path), 20, "the copy to be made again")
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")


def test_copied_labels_make_nothing_ours(sim, syncerd):
    """A controller that makes children copies the labels of the parent: the child has no counterpart, and is not ours to delete."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    copy = team.down("w1")["metadata"]
    child = widget("child", copy["namespace"])
    child["metadata"]["labels"] = copy["labels"]
    child["metadata"]["ownerReferences"] = [
        {"apiVersion": "example.dev/v1alpha1", "kind": "Widget", "name": "w1", "uid": copy["uid"], "controller": True}]
    path = widgets(copy["namespace"], "child")
    uid = sim.cluster.call("POST", widgets(copy["namespace"]), child)["metadata"]["uid"]
    team.create("w2")
    team.wait_down("w2")
    syncerd.ctl("restart", TEAM)
    syncerd.wait_syncing(TEAM)
    team.create("w3")
    team.wait_down("w3")
    stays(lambda: (sim.cluster.get(path) or {}).get("metadata", {}).get("uid") == uid, "the child")
    assert "copied" in syncerd.ctl("events", TEAM)
    team.create("child", size=7)
    team.wait_down("child", size=7)
    assert sim.cluster.get(path)["metadata"]["uid"] == uid, "with a counterpart the labels count"


@pytest.mark.parametrize("note", ["plain", "unreadable-"])
def test_drain_leaves_what_only_has_copied_labels(sim, syncerd, note):
    """Also when nothing but its metadata can be read."""
    team = Team(sim)
    sim.cluster.fault("unreadable", method="GET", path=WIDGET_LISTS, query="labelSelector", agent="sync", times=-1)
    sim.cluster.post("close-watches")
    team.create("w1")
    team.wait_down("w1")
    copy = team.down("w1")["metadata"]
    child = widget("child", copy["namespace"])
    child["metadata"]["labels"] = copy["labels"]
    child["spec"]["note"] = note
    sim.cluster.call("POST", widgets(copy["namespace"]), child)
    wait_for(lambda: "copied" in syncerd.ctl("events", TEAM), 20, "it to be seen")
    sim.kcp.at(TEAM).call("DELETE", "/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    wait_for(lambda: sim.cluster.get(widgets(copy["namespace"], "w1")) is None, 30, "the copy to go")
    wait_for(lambda: not (syncerd.workspace(TEAM) or {}).get("pid"), 40, "the worker to end")
    assert sim.cluster.get(widgets(copy["namespace"], "child"))

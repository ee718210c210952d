"""Drains that would wait for what never comes: whoever can be let go is let go, and what is waited for is said."""
import pytest

from .simulator import CT_MERGE, widget, widgets
from .test_sim_exports import BINDINGS, BY_PATH, GIZMOS, TARGET, add_gizmos, condition, gizmos_down, supports
from .world import CLUSTER, TEAM, Team, stays, wait_for

MINUTE = 5  # of the syncerd under test, in seconds
SCHEMAS = "/apis/apis.kcp.io/v1alpha1/apiresourceschemas"
GADGETS = "/apis/example.dev/v1alpha1/gadgets"
MARKS = ("internal.workload.kcp.io/cluster", "kcp.io/tenant-id")


@pytest.fixture
def quick(sim, make_syncerd):
    """As fixture `syncerd`, but with a short minute."""
    instance = make_syncerd(minute=MINUTE)
    instance.wait_syncing(TEAM)
    return instance


def synced(sim):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    return team


def make_gizmo(sim, team, spec=None):
    team.api.call("POST", GIZMOS, {"apiVersion": "example.dev/v1alpha1", "kind": "Gizmo", "metadata": {"name": "g", "namespace": "default"},
                                   "spec": spec or {}})
    wait_for(lambda: gizmos_down(sim) == 1, 20, "the gizmo to be in the cluster")


def delete_target(sim):
    sim.kcp.at("root:edge").call("DELETE", TARGET)


def wait_released(sim, seconds=60):
    wait_for(lambda: sim.kcp.at("root:edge").get(TARGET) is None, seconds, "the SyncTarget to be released")


def unbind(team):
    team.api.call("DELETE", BINDINGS + "/widgets")


def finalizers(item):
    return item["metadata"].get("finalizers") or []


def wait_events(syncerd, reason):
    wait_for(lambda: [e for e in syncerd.json("events") if e["reason"] == reason], 10, f"an event {reason}")


def test_an_export_that_cannot_be_read_holds_no_drain(sim, quick):
    """What may be of it stays, the namespace with it, and the drain of the other comes to its end."""
    team = synced(sim)
    namespace = team.down("w1")["metadata"]["namespace"]
    path = f"/api/v1/namespaces/{namespace}"
    theirs = widgets(namespace, "of-the-unread")
    sim.cluster.call("POST", widgets(namespace), widget("of-the-unread", namespace))
    supports(sim, BY_PATH, {"path": "root:provider", "export": "nowhere"})
    wait_for(lambda: "nowhere" in condition(sim, "APIImporterReady")["message"], 10, "the missing export to be seen")
    unbind(team)
    wait_for(lambda: "w1" not in team.copies() and team.api.get(BINDINGS + "/widgets") is None, 40, "the unbinding to end")
    wait_events(quick, "NamespaceLeft")
    left = sim.cluster.get(path)
    assert left and not left["metadata"].get("deletionTimestamp"), "nobody can tell what is in it"
    assert not set(MARKS) & set(left["metadata"].get("labels") or {})
    assert sim.cluster.get(theirs)
    wait_for(lambda: quick.workspace(TEAM) is None, 20, "the workspace to be finished with")


def test_a_drain_waits_for_an_export_that_is_still_to_be_read(sim, make_syncerd):
    """Not only is nothing removed before it was read: its tenants say what they wait for."""
    add_gizmos(sim)
    syncerd = make_syncerd(minute=MINUTE)
    syncerd.wait_syncing(TEAM)
    supports(sim, BY_PATH, {"path": "root:provider", "export": "gizmos"})
    team = synced(sim)
    make_gizmo(sim, team)
    syncerd.stop()
    sim.kcp.fault("status:503", path="/apis.kcp.io/", query="gizmos", agent="syncerd", times=-1)
    unbind(team)
    syncerd.start()
    wait_for(lambda: (syncerd.workspace(TEAM) or {}).get("reason") == "ExportUnread", 20, "the cause to be said")
    stays(lambda: team.down("w1") and gizmos_down(sim) == 1, "all copies", 2 * MINUTE)
    sim.kcp.clear_faults()
    wait_for(lambda: "w1" not in team.copies(), 60, "the widget to go")
    stays(lambda: gizmos_down(sim) == 1, "the gizmo")
    syncerd.wait_syncing(TEAM)


def test_a_lost_schema_holds_no_drain(sim, quick):
    team = synced(sim)
    quick.stop()
    sim.kcp.at("root:provider").call("DELETE", SCHEMAS + "/v1.widgets.example.dev")
    delete_target(sim)
    quick.start()
    wait_released(sim)
    assert not team.copies()
    assert not finalizers(team.up("w1"))


def test_a_retired_export_that_is_closed_holds_no_drain(sim, quick):
    """While it is named, being refused means nothing; whatever it takes."""
    team = synced(sim)
    refuse = {"path": "/services/apiexport/", "agent": "sync", "times": -1}
    sim.kcp.fault("status:403", **refuse)
    sim.kcp.post("close-watches")
    delete_target(sim)
    stays(lambda: sim.kcp.at("root:edge").get(TARGET) and finalizers(team.up("w1")), "the SyncTarget", 3 * MINUTE)
    supports(sim)
    wait_released(sim)
    assert not team.copies()


def test_one_of_two_exports_is_closed(sim, make_syncerd):
    """Nothing can be released there, but at the other it is."""
    add_gizmos(sim)
    syncerd = make_syncerd(minute=MINUTE)
    syncerd.wait_syncing(TEAM)
    supports(sim, BY_PATH, {"path": "root:provider", "export": "gizmos"})
    team = synced(sim)
    make_gizmo(sim, team)
    sim.kcp.fault("status:403", path="/apiexport/provider0000000a/gizmos/", agent="sync", times=-1)
    sim.kcp.post("close-watches")
    delete_target(sim)
    supports(sim, BY_PATH)
    wait_released(sim)
    assert not team.copies() and gizmos_down(sim) == 0
    assert not finalizers(team.up("w1"))


def test_what_a_drain_waits_for_is_said(sim, quick):
    team = synced(sim)
    quick.stop()
    sim.kcp.fault("status:503", path="/apiresourceschemas/v1.widgets.example.dev", agent="syncerd", times=-1)
    delete_target(sim)
    quick.start()
    wait_for(lambda: "v1.widgets.example.dev: the APIResourceSchema cannot be read" in condition(sim, "SyncerReady")["message"], 20,
             "the cause to be said")
    message = condition(sim, "SyncerReady")["message"]
    assert "workspaces wait to be drained (" in message and CLUSTER in message and "drained, and something" not in message
    assert team.down("w1")
    sim.kcp.clear_faults()
    wait_released(sim, 90)
    assert not team.copies()


@pytest.mark.parametrize("policy", ["Delete", "Orphan"])
def test_one_binding_of_two_goes_by_the_policy(sim, make_syncerd, policy):
    """Its export is named no longer; nothing is deleted upstream, so nothing but the policy decides."""
    add_gizmos(sim)
    syncerd = make_syncerd(minute=MINUTE)
    syncerd.wait_syncing(TEAM)
    syncerd.stop()
    syncerd.config.write_text(syncerd.config.read_text().replace("sync:\n", f"sync:\n  unbind: {policy}\n"))
    syncerd.start()
    syncerd.wait_syncing(TEAM)
    supports(sim, BY_PATH, {"path": "root:provider", "export": "gizmos"})
    team = synced(sim)
    make_gizmo(sim, team, {"precious": 1})
    supports(sim, BY_PATH)
    wait_for(lambda: not finalizers(team.api.get(GIZMOS + "/g")), 30, "the gizmo to be let go")
    copies = sim.cluster.list("/apis/example.dev/v1alpha1/gizmos")
    if policy == "Delete":
        assert not copies
    else:
        assert copies[0]["spec"] == {"precious": 1} and not set(MARKS) & set(copies[0]["metadata"].get("labels") or {})
        assert "workload.kcp.io/orphaned-from" in copies[0]["metadata"]["annotations"]
    assert team.down("w1") and syncerd.workspace(TEAM)["state"] == "Syncing"


def gadget(name):
    return {"apiVersion": "example.dev/v1alpha1", "kind": "Gadget", "metadata": {"name": name}, "spec": {}}


def test_cluster_scoped_objects_leave_although_they_are_excluded(scoped_sim, make_syncerd):
    sim, syncerd = scoped_sim, make_syncerd(minute=MINUTE)
    syncerd.wait_syncing(TEAM)
    team = synced(sim)
    team.api.call("POST", GADGETS, gadget("alone"))
    wait_for(lambda: sim.cluster.get(GADGETS + "/alone"), 20, "the gadget to be in the cluster")
    syncerd.stop()
    syncerd.config.write_text(syncerd.config.read_text().replace("sync:\n", "sync:\n  clusterScoped: false\n"))
    syncerd.start()
    syncerd.wait_syncing(TEAM)
    stays(lambda: sim.cluster.get(GADGETS + "/alone"), "the gadget")
    unbind(team)
    wait_for(lambda: team.api.get(BINDINGS + "/widgets") is None, 40, "the unbinding to end")
    assert sim.cluster.get(GADGETS + "/alone") is None


def test_a_page_of_huge_objects(scoped_sim, make_syncerd):
    """200 of them make an answer that is too large: nobody would learn what else is in the list."""
    sim, syncerd = scoped_sim, make_syncerd(minute=MINUTE)
    syncerd.wait_syncing(TEAM)
    team = synced(sim)
    team.api.call("POST", GADGETS, gadget("own"))
    wait_for(lambda: sim.cluster.get(GADGETS + "/own"), 20, "the gadget to be in the cluster")
    labels = {"internal.workload.kcp.io/cluster": sim.cluster.get(GADGETS + "/own")["metadata"]["labels"]["internal.workload.kcp.io/cluster"]}
    for i in range(40):
        item = gadget(f"huge-{i}")
        item["metadata"].update(labels=labels, annotations={"note": "x" * 250_000})
        sim.cluster.call("POST", GADGETS, item)
    sim.cluster.forget_requests()
    delete_target(sim)
    wait_released(sim)
    assert sim.cluster.get(GADGETS + "/own") is None and sim.cluster.get(GADGETS + "/huge-0")
    assert not team.copies()

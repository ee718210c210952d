"""One object that cannot be read, in each of the collections that syncerd follows: it is named, it does not count as gone, the rest goes on."""
from .simulator import CT_MERGE
from .syncer import downstream_widgets
from .world import TEAM, Team, stays, wait_for

OTHER = "root:org:team-b"
OTHER_CLUSTER = "teamb0000000000b"
BINDING = "/apis/apis.kcp.io/v1alpha2/apibindings/widgets"
TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
MARK = {"spec": {"note": "unreadable-"}}


def spoil(server, path, agent="sync"):
    """What changes from now on."""
    server.fault("unreadable", method="GET", path=path, agent=agent, times=-1)
    server.post("close-watches")


def ready(sim):
    status = (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}
    return {c["type"]: c["status"] for c in status.get("conditions", [])}.get("Ready")


def test_a_namespace_of_the_cluster(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    place = team.down("w1")["metadata"]["namespace"]
    spoil(sim.cluster, "/api/v1/namespaces")
    sim.cluster.call("PATCH", f"/api/v1/namespaces/{place}", MARK, CT_MERGE)
    wait_for(lambda: syncerd.log.read_text().count(f"namespace {place} of the cluster cannot be read") >= 2, 20, "it to be named by both")
    syncerd.ctl("restart", TEAM)
    team.create("w2")
    team.wait_down("w1", "w2")
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")
    wait_for(lambda: ready(sim) == "True", 20, "Ready")


def test_a_node_of_the_cluster(sim, make_syncerd):
    """Sums without it would be wrong: there are none until it can be read."""
    sim.cluster.call("PATCH", "/api/v1/nodes/node-1", MARK, CT_MERGE)
    sim.cluster.fault("unreadable", method="GET", path="/api/v1/nodes", agent="sync", times=-1)
    syncerd = make_syncerd()
    syncerd.wait_syncing(TEAM)
    wait_for(lambda: "node node-1 of the cluster cannot be read" in syncerd.log.read_text(), 20, "it to be named")
    edge = sim.kcp.at("root:edge")
    wait_for(lambda: ready(sim) == "True", 20, "Ready")
    assert "capacity" not in edge.get(TARGET)["status"]
    sim.cluster.clear_faults()
    sim.cluster.call("DELETE", "/api/v1/nodes/node-1")
    wait_for(lambda: edge.get(TARGET)["status"].get("capacity", {}).get("cpu") == "8", 20, "the capacity of the other one")


def test_what_cannot_be_told_does_not_make_lists_without_end(sim, syncerd):
    """Each namespace that comes or goes could be the one that nobody can read: that is found out from time to time, not each time."""
    key = sim.kcp.at("root:edge").get(TARGET)["metadata"]["labels"]["internal.workload.kcp.io/key"]
    mark = {"labels": {"internal.workload.kcp.io/cluster": key}}

    def make(name, **annotations):
        sim.cluster.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace",
                                                        "metadata": {"name": name, **mark, "annotations": annotations}})
    spoil(sim.cluster, "/api/v1/namespaces", agent="syncerd")
    make("untold", note="unreadable-")
    wait_for(lambda: "namespace untold of the cluster cannot be read" in syncerd.log.read_text(), 30, "it to be named")
    sim.cluster.forget_requests()

    def few():
        return sim.cluster.requests(agent="syncerd", method="GET", path="/api/v1/namespaces") <= 4
    for number in range(12):
        make(f"other-{number}")
        sim.cluster.call("DELETE", f"/api/v1/namespaces/other-{number}")
        stays(few, "few lists", 0.3)


def test_a_binding_that_is_not_known_yet(sim, make_syncerd):
    """Whose copies are there is not known, and so they belong to somebody."""
    syncerd = make_syncerd(minute=1)
    syncerd.wait_syncing(TEAM, OTHER)
    other = Team(sim)
    other.api = sim.kcp.at(OTHER)
    other.create("b1")
    wait_for(lambda: any(key[0] == OTHER_CLUSTER for key in downstream_widgets(sim)), 20, "a copy of the other one")
    syncerd.stop()
    other.api.call("PATCH", BINDING, MARK, CT_MERGE)
    sim.kcp.fault("unreadable", method="GET", path="/apibindings", agent="sync", times=-1)
    syncerd.start()
    syncerd.wait_syncing(TEAM)
    team = Team(sim)
    team.create("a1")
    team.wait_down("a1")
    wait_for(lambda: "APIBinding widgets of export" in syncerd.log.read_text(), 20, "it to be named")
    stays(lambda: any(key[0] == OTHER_CLUSTER for key in downstream_widgets(sim)), "the copy of the other one", 4)
    sim.kcp.clear_faults()
    syncerd.wait_syncing(OTHER)


def unreadable_tenant(sim, make_syncerd):
    """A copy of a workspace whose one binding syncerd has never been able to read."""
    syncerd = make_syncerd(minute=2)
    syncerd.wait_syncing(TEAM, OTHER)
    other, team = Team(sim), Team(sim)
    other.api = sim.kcp.at(OTHER)
    other.create("b1")
    team.create("a1")
    wait_for(lambda: others(sim), 20, "a copy of the other one")
    syncerd.stop()
    other.api.call("PATCH", BINDING, MARK, CT_MERGE)
    sim.kcp.fault("unreadable", method="GET", path="/apibindings", agent="sync", times=-1)
    syncerd.start()
    syncerd.wait_syncing(TEAM)
    return syncerd, other


def others(sim):
    return [key for key in downstream_widgets(sim) if key[0] == OTHER_CLUSTER]


def schedulable(sim):
    status = (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}
    return next((c["reason"] for c in status.get("conditions", []) if c["type"] == "Schedulable"), "")


def test_an_eviction_takes_who_cannot_be_read(sim, make_syncerd):
    syncerd, other = unreadable_tenant(sim, make_syncerd)
    stays(lambda: others(sim) and other.up("b1")["metadata"].get("finalizers"), "the copy, as long as nothing leaves", 5)
    sim.kcp.at("root:edge").call("PATCH", TARGET, {"spec": {"evictAfter": "2026-01-01T00:00:00Z"}}, CT_MERGE)
    wait_for(lambda: not others(sim), 60, "the copy to go")
    wait_for(lambda: schedulable(sim) == "Evicted", 60, "the eviction to end")
    assert not other.up("b1")["metadata"].get("finalizers")
    sim.kcp.clear_faults()
    sim.kcp.at("root:edge").call("PATCH", TARGET, {"spec": {"evictAfter": None}}, CT_MERGE)
    syncerd.wait_syncing(TEAM, OTHER, seconds=60)
    wait_for(lambda: others(sim), 60, "the copy to be back")


def test_the_end_of_the_synctarget_takes_who_cannot_be_read(sim, make_syncerd):
    _, other = unreadable_tenant(sim, make_syncerd)
    edge = sim.kcp.at("root:edge")
    edge.call("DELETE", TARGET)
    wait_for(lambda: edge.get(TARGET) is None, 90, "the SyncTarget to be released")
    assert not downstream_widgets(sim)
    assert not other.up("b1")["metadata"].get("finalizers")


def test_an_unbinding_that_cannot_be_read(sim, make_syncerd):
    """That it is being deleted can be read."""
    _, other = unreadable_tenant(sim, make_syncerd)
    other.api.call("DELETE", BINDING)
    wait_for(lambda: not others(sim) and other.api.get(BINDING) is None, 90, "the workspace to be unbound")
    assert Team(sim).down("a1")


def test_an_export(sim, syncerd):
    """What was known of it stays in force."""
    team = Team(sim)
    spoil(sim.kcp, "/apiexports", agent="syncerd")
    sim.kcp.at("root:provider").call("PATCH", "/apis/apis.kcp.io/v1alpha2/apiexports/widgets", MARK, CT_MERGE)
    wait_for(lambda: "APIExport widgets in workspace root:provider" in syncerd.log.read_text(), 20, "it to be named")
    team.create("w1")
    team.wait_down("w1")


def test_the_synctarget(sim, syncerd):
    team = Team(sim)
    spoil(sim.kcp, "/synctargets", agent="syncerd")
    sim.kcp.at("root:edge").call("PATCH", TARGET, MARK, CT_MERGE)
    wait_for(lambda: "SyncTarget edge-1: cannot be read" in syncerd.log.read_text(), 20, "it to be named")
    team.create("w1")
    team.wait_down("w1")
    sim.kcp.clear_faults()
    sim.kcp.post("close-watches")
    sim.kcp.post("compact")
    wait_for(lambda: ready(sim) == "True", 30, "Ready")


def conditions(sim):
    status = (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}
    return {c["type"]: c["status"] for c in status.get("conditions", [])}


def states(sim):
    status = (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}
    return {r["resource"]: r["state"] for r in status.get("syncedResources", [])}


def test_an_api_group_of_the_cluster(sim, make_syncerd):
    """An aggregated API that is down, say: its own resources wait, and the cluster does not count as unreachable."""
    sim.cluster.fault("status:500", method="GET", path="/apis/example.dev/v1alpha1", agent="syncerd", times=-1)
    syncerd = make_syncerd()
    wait_for(lambda: states(sim) == {"configmaps": "Accepted", "widgets": "Pending"}, 20, "one of two to be accepted")
    assert "API group example.dev cannot be read" in syncerd.log.read_text()
    wait_for(lambda: conditions(sim)["SyncerReady"] == "True", 10, "SyncerReady")
    stays(lambda: conditions(sim)["SyncerReady"] == "True", "SyncerReady", 7)
    sim.cluster.clear_faults()
    syncerd.wait_syncing(TEAM)

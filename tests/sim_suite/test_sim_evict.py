"""Evictions, and what comes back after them."""
from .simulator import CT_MERGE, widget, widgets
from .world import TEAM, Team, wait_for

TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
ORPHANED = "workload.kcp.io/orphaned-from"
MARKS = {"internal.workload.kcp.io/cluster", "kcp.io/tenant-id"}


def evict(sim, when="2020-01-01T00:00:00Z"):
    sim.kcp.at("root:edge").call("PATCH", TARGET, {"spec": {"evictAfter": when}}, CT_MERGE)


def wait_evicted(sim, seconds=60):
    def evicted():
        target = sim.kcp.at("root:edge").get(TARGET)
        seen = {item["type"]: item for item in target["status"]["conditions"]}["Schedulable"]
        assert seen["reason"] == "Evicted" and seen["observedGeneration"] == target["metadata"]["generation"], seen
        return True
    wait_for(evicted, seconds, "the eviction to be over")


def test_a_status_that_defaults_bring_back(sim, syncerd):
    """It is what the copy says, but not what we wrote: once taken off it is no reason to go on."""
    sim.kcp.settings(statusDefaults={"Widget": {"phase": "Pending"}})
    team = Team(sim)
    team.create("default", "other")
    team.wait_down("default", "other")
    team.set_status("default", phase="Pending")
    team.set_status("other", phase="Running")
    team.wait_status("default", phase="Pending")
    team.wait_status("other", phase="Running")
    sim.kcp.forget_requests()
    evict(sim)
    wait_evicted(sim)
    assert not team.copies()
    for name in ("default", "other"):
        assert team.up(name)["status"] == {"phase": "Pending"} and not team.up(name)["metadata"].get("finalizers")
        assert sim.kcp.requests(method="PATCH", path=f"/widgets/{name}/status") <= 2
    evict(sim, None)
    syncerd.wait_syncing(TEAM)
    team.wait_down("default", "other")
    team.set_status("other", phase="Running")
    team.wait_status("other", phase="Running")


def test_a_namespace_that_was_left_is_taken_again(sim, syncerd):
    """Others have something in it, so it stays without our marks. It is still the place of the same workspace's objects."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    namespace = team.down("w1")["metadata"]["namespace"]
    path = f"/api/v1/namespaces/{namespace}"
    before = sim.cluster.get(path)["metadata"]
    sim.cluster.call("POST", widgets(namespace), widget("stranger", namespace))
    for _ in range(2):
        evict(sim)
        wait_evicted(sim)
        left = sim.cluster.get(path)["metadata"]
        assert not MARKS & set(left.get("labels") or {}) and set(left["annotations"]) == {ORPHANED}
        assert sim.cluster.get(widgets(namespace, "w1")) is None
        evict(sim, None)
        team.wait_down("w1")  # by the locator of the namespace
        wait_for(lambda: ORPHANED not in sim.cluster.get(path)["metadata"]["annotations"], 20, "the namespace to be ours alone")
        again = sim.cluster.get(path)["metadata"]
        assert (again["uid"], again["labels"], again["annotations"]) == (before["uid"], before["labels"], before["annotations"])
        syncerd.wait_syncing(TEAM)
    assert sim.cluster.get(widgets(namespace, "stranger"))


def test_a_namespace_that_another_key_left_is_not_taken(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    namespace = team.down("w1")["metadata"]["namespace"]
    path = f"/api/v1/namespaces/{namespace}"
    sim.cluster.call("POST", widgets(namespace), widget("stranger", namespace))
    evict(sim)
    wait_evicted(sim)
    sim.cluster.call("PATCH", path, {"metadata": {"annotations": {ORPHANED: "another"}}}, CT_MERGE)
    left = sim.cluster.get(path)["metadata"]
    evict(sim, None)
    wait_for(lambda: (syncerd.workspace(TEAM) or {}).get("reason") == "NameCollision", 30, "the collision to be said")
    assert sim.cluster.get(path)["metadata"] == left and sim.cluster.get(widgets(namespace, "w1")) is None

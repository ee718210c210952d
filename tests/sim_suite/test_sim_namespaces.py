"""Downstream namespaces: never forgotten while they exist, and not asked for all the time."""
from .world import TEAM, Team, stays, wait_for


def namespaces(name):
    return "/api/v1/namespaces/" + name


def test_look_that_fails_forgets_nothing(sim, syncerd):
    """The clean-up meets a conflict, and the look at the namespace that follows gets no answer."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    name = team.down("w1")["metadata"]["namespace"]
    sim.cluster.fault("status:409", method="DELETE", path=namespaces(name))
    for inside in ("/configmaps", "/widgets"):
        sim.cluster.fault("pass", method="GET", path=namespaces(name) + inside, times=-1)
    sim.cluster.fault("status:503", method="GET", path=namespaces(name), times=3)
    team.delete("w1")
    wait_for(lambda: sim.cluster.hits()[3] == 3, 20, "the looks to fail")
    wait_for(lambda: sim.cluster.get(namespaces(name)) is None, 30, "the namespace to be removed")


def test_drain_waits_for_a_namespace_in_doubt(sim, syncerd):
    """The same in a drain: while nobody knows whether the namespace is there, the workspace is not drained."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    name = team.down("w1")["metadata"]["namespace"]
    sim.cluster.fault("status:409", method="DELETE", path=namespaces(name))
    for inside in ("/configmaps", "/widgets"):
        sim.cluster.fault("pass", method="GET", path=namespaces(name) + inside, times=-1)
    sim.cluster.fault("status:503", method="GET", path=namespaces(name), times=-1)
    sim.kcp.at(TEAM).call("DELETE", "/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    wait_for(lambda: sim.cluster.hits()[3] >= 3, 30, "the looks to fail")
    stays(lambda: (syncerd.workspace(TEAM) or {}).get("pid"), "the worker")
    sim.cluster.clear_faults()
    wait_for(lambda: sim.cluster.get(namespaces(name)) is None, 60, "the namespace to be removed")
    wait_for(lambda: not (syncerd.workspace(TEAM) or {}).get("pid"), 30, "the worker to end")


def test_terminating_namespace_is_looked_at_less_and_less(sim, direct):
    """Somebody's finalizer on something that is not synced keeps the namespace."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    name = team.down("w1")["metadata"]["namespace"]
    sim.cluster.call("POST", namespaces(name) + "/secrets", {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hold", "namespace": name, "finalizers": ["example.com/hold"]}})
    team.delete("w1")
    wait_for(lambda: sim.cluster.get(namespaces(name))["metadata"].get("deletionTimestamp"), 20, "the namespace to be terminating")
    sim.cluster.forget_requests()

    def looks():
        return sum(row["count"] for row in sim.cluster.request_rows()
                   if row["method"] == "GET" and row["path"] == namespaces(name) and row["userAgent"].startswith("syncer-worker"))
    wait_for(lambda: looks() == 1, 10, "the first look")
    stays(lambda: looks() <= 3, "the number of looks", 7)

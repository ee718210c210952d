"""Downstream namespaces: never forgotten while they exist, and not asked for all the time."""
from .simulator import CT_MERGE
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


def unmark(sim, name):
    sim.cluster.call("PATCH", namespaces(name), {"metadata": {"labels": {"internal.workload.kcp.io/cluster": None}}}, CT_MERGE)


def test_marks_lost_while_nobody_looked_are_put_back(sim, syncerd):
    """The selected list does not show the namespace any more; its copies do."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    name = team.down("w1")["metadata"]["namespace"]
    labels = sim.cluster.get(namespaces(name))["metadata"]["labels"]
    syncerd.stop()
    unmark(sim, name)
    syncerd.start()
    wait_for(lambda: sim.cluster.get(namespaces(name))["metadata"]["labels"] == labels, 30, "the label to be back")
    team.delete("w1")
    wait_for(lambda: sim.cluster.get(namespaces(name)) is None, 30, "the namespace to be removed")


def test_a_drain_removes_a_namespace_without_marks(sim, syncerd):
    """In a drain marks are not put back: it goes without them."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    name = team.down("w1")["metadata"]["namespace"]
    sim.cluster.call("PATCH", team.path_down("w1"), {"metadata": {"finalizers": ["example.com/hold"]}}, CT_MERGE)
    sim.kcp.at(TEAM).call("DELETE", "/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    wait_for(lambda: team.down("w1")["metadata"].get("deletionTimestamp"), 20, "the copy to go")
    unmark(sim, name)
    stays(lambda: (syncerd.workspace(TEAM) or {}).get("pid"), "the worker")
    sim.cluster.call("PATCH", team.path_down("w1"), {"metadata": {"finalizers": None}}, CT_MERGE)
    wait_for(lambda: sim.cluster.get(namespaces(name)) is None, 60, "the namespace to be removed")
    wait_for(lambda: not (syncerd.workspace(TEAM) or {}).get("pid"), 30, "the worker to end")

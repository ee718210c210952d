"""What the SyncTarget calls an export, and what becomes of the tenants when it changes."""
import pytest

from .simulator import CT_MERGE
from .world import CLUSTER, TEAM, Team, stays, wait_for

TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
BY_PATH = {"path": "root:provider", "export": "widgets"}
BY_NAME = {"path": "provider0000000a", "export": "widgets"}


def supports(sim, *exports):
    sim.kcp.at("root:edge").call("PATCH", TARGET, {"spec": {"supportedAPIExports": list(exports)}}, CT_MERGE)


def status(sim):
    return sim.kcp.at("root:edge").get(TARGET)["status"]


def condition(sim, name):
    return next(c for c in status(sim)["conditions"] if c["type"] == name)


def observed(sim):
    """Wait until the status describes the present spec."""
    target = sim.kcp.at("root:edge").get(TARGET)
    wait_for(lambda: status(sim).get("observedGeneration") == target["metadata"]["generation"], 10, "the new spec to be seen")


def untouched(sim, team, uid, pids, syncerd):
    copy = team.down("w1")
    return (copy and copy["metadata"]["uid"] == uid and sim.cluster.requests(method="DELETE") == 0 and syncerd.pids() == pids
            and all(w["state"] == "Syncing" for w in syncerd.workspaces()))


def prepare(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    return team, team.down("w1")["metadata"]["uid"], syncerd.pids()


def test_the_same_export_by_path_and_by_name_is_one(sim, syncerd):
    team, uid, pids = prepare(sim, syncerd)
    supports(sim, BY_PATH, BY_NAME)
    observed(sim)
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 3)
    now = status(sim)
    assert [len(w["bindings"]) for w in now["workspaces"]] == [1, 1, 1]
    assert len(now["virtualWorkspaces"]) == 1
    assert condition(sim, "APIImporterReady")["status"] == "True"
    supports(sim, BY_PATH)
    observed(sim)
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 3)
    supports(sim, BY_PATH, BY_NAME)
    observed(sim)
    supports(sim, BY_NAME)
    observed(sim)
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 3)
    team.create("w2")
    team.wait_down("w2")


def test_another_spelling_changes_nothing(sim, syncerd):
    team, uid, pids = prepare(sim, syncerd)
    supports(sim, BY_NAME)
    observed(sim)
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 3)
    assert [w["cluster"] for w in status(sim)["workspaces"] if w["bindings"]][0] == CLUSTER
    assert syncerd.workspace(TEAM)["state"] == "Syncing"


def test_a_removal_can_be_taken_back(sim, syncerd):
    team, uid, pids = prepare(sim, syncerd)
    supports(sim)
    wait_for(lambda: "will be drained soon" in condition(sim, "APIImporterReady")["message"], 10, "the removal to be announced")
    assert condition(sim, "APIImporterReady")["reason"] == "NoSupportedExports"
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 3)
    supports(sim, BY_PATH)
    wait_for(lambda: condition(sim, "APIImporterReady")["reason"] == "AsExpected", 10, "the export to be back")
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 1)


def test_a_slip_of_the_pen_drains_nothing(sim, syncerd):
    team, uid, pids = prepare(sim, syncerd)
    supports(sim, {"path": "root:provider", "export": "widgts"})
    wait_for(lambda: condition(sim, "APIImporterReady")["reason"] == "ExportNotFound", 10, "the mistake to be seen")
    assert "root:provider:widgets is no longer named" in condition(sim, "APIImporterReady")["message"]
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 3)
    supports(sim, BY_NAME)
    wait_for(lambda: condition(sim, "APIImporterReady")["reason"] == "AsExpected", 10, "the export to be back")
    stays(lambda: untouched(sim, team, uid, pids, syncerd), "the copy", 1)


@pytest.mark.long
def test_a_removal_is_carried_out_in_the_end(sim, syncerd):
    team, uid, _ = prepare(sim, syncerd)
    supports(sim)
    stays(lambda: team.down("w1")["metadata"]["uid"] == uid, "the copy", 50)
    wait_for(lambda: not team.copies(), 30, "the copies to go")
    wait_for(lambda: not team.up("w1")["metadata"].get("finalizers"), 10, "the object in kcp to be let go")
    supports(sim, BY_PATH)
    team.wait_down("w1")
    syncerd.wait_syncing(TEAM)


GIZMOS = "/apis/example.dev/v1alpha1/namespaces/default/gizmos"
BINDINGS = "/apis/apis.kcp.io/v1alpha2/apibindings"


def add_gizmos(sim):
    """A second export of the provider, served by the cluster and bound by team-a."""
    names = {"plural": "gizmos", "singular": "gizmo", "kind": "Gizmo", "listKind": "GizmoList"}
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}}
    provider = sim.kcp.at("root:provider")
    provider.call("POST", "/apis/apis.kcp.io/v1alpha1/apiresourceschemas", {
        "apiVersion": "apis.kcp.io/v1alpha1", "kind": "APIResourceSchema", "metadata": {"name": "v1.gizmos.example.dev"},
        "spec": {"group": "example.dev", "scope": "Namespaced", "names": names, "versions": [{**version, "schema": anything}]}})
    provider.call("POST", "/apis/apis.kcp.io/v1alpha2/apiexports", {
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": {"name": "gizmos"},
        "spec": {"resources": [{"name": "gizmos", "group": "example.dev", "schema": "v1.gizmos.example.dev", "storage": {"crd": {}}}]}})
    sim.cluster.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "gizmos.example.dev"},
        "spec": {"group": "example.dev", "scope": "Namespaced", "names": names,
                 "versions": [{**version, "schema": {"openAPIV3Schema": anything}}]}})
    bind_gizmos(sim)


def bind_gizmos(sim):
    sim.kcp.at(TEAM).call("POST", BINDINGS, {
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": {"name": "gizmos"},
        "spec": {"reference": {"export": {"path": "root:provider", "name": "gizmos"}}}})


def gizmos_down(sim):
    return len(sim.cluster.list("/apis/example.dev/v1alpha1/gizmos"))


def bindings_of_team(sim):
    return [b["name"] for w in status(sim)["workspaces"] if w["cluster"] == CLUSTER for b in w["bindings"]]


@pytest.mark.long
def test_one_export_of_two_goes_and_is_forgotten(sim, make_syncerd):
    add_gizmos(sim)  # before the cluster is looked at for the first time
    syncerd = make_syncerd()
    syncerd.wait_syncing(TEAM)
    team, uid, pids = prepare(sim, syncerd)
    both = (BY_PATH, {"path": "root:provider", "export": "gizmos"})
    supports(sim, *both)
    team.api.call("POST", GIZMOS, {"apiVersion": "example.dev/v1alpha1", "kind": "Gizmo", "metadata": {"name": "g", "namespace": "default"},
                                   "spec": {}})
    wait_for(lambda: gizmos_down(sim) == 1, 20, "the gizmo to be in the cluster")
    supports(sim, BY_PATH)
    wait_for(lambda: gizmos_down(sim) == 0, 90, "the gizmo to go")
    wait_for(lambda: bindings_of_team(sim) == ["widgets"], 10, "the binding to leave the status")
    wait_for(lambda: condition(sim, "APIImporterReady")["reason"] == "AsExpected", 10, "the export to be forgotten")
    assert not team.api.get(GIZMOS + "/g")["metadata"].get("finalizers")
    assert team.down("w1")["metadata"]["uid"] == uid and syncerd.pids()[TEAM] == pids[TEAM]
    # One of two bindings goes: the same at once, and for as often as you like.
    supports(sim, *both)
    wait_for(lambda: gizmos_down(sim) == 1, 20, "the gizmo to be back")
    team.api.call("DELETE", BINDINGS + "/gizmos")
    wait_for(lambda: gizmos_down(sim) == 0, 20, "the gizmo to go")
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")
    bind_gizmos(sim)
    wait_for(lambda: bindings_of_team(sim) == ["gizmos", "widgets"], 20, "the binding to be back")
    assert team.down("w1")["metadata"]["uid"] == uid and syncerd.pids()[TEAM] == pids[TEAM]


@pytest.mark.long
def test_a_claim_that_the_export_drops(sim, syncerd):
    team, uid, pids = prepare(sim, syncerd)
    team.api.call("POST", "/api/v1/namespaces/default/configmaps", {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "1"}})

    def copies():
        return [c for c in sim.cluster.list("/api/v1/configmaps") if c["metadata"]["name"] == "settings"]
    wait_for(lambda: len(copies()) == 1, 20, "the ConfigMap to be in the cluster")
    sim.kcp.at("root:provider").call("PATCH", "/apis/apis.kcp.io/v1alpha2/apiexports/widgets", {"spec": {"permissionClaims": []}}, CT_MERGE)
    stays(lambda: len(copies()) == 1, "the copy", 30)
    wait_for(lambda: not copies(), 60, "the copy to go")
    assert team.down("w1")["metadata"]["uid"] == uid and syncerd.pids() == pids


def test_a_schema_that_does_not_exist_holds_up_nothing_else(sim, syncerd):
    team, uid, pids = prepare(sim, syncerd)
    ghosts = {"name": "ghosts", "group": "example.dev", "schema": "v1.ghosts.example.dev", "storage": {"crd": {}}}
    export = "/apis/apis.kcp.io/v1alpha2/apiexports/widgets"
    provider = sim.kcp.at("root:provider")
    provider.call("PATCH", export, {"spec": {"resources": [*provider.get(export)["spec"]["resources"], ghosts]}}, CT_MERGE)
    wait_for(lambda: "ghosts.example.dev: SchemaMissing" in condition(sim, "APIImporterReady")["message"], 10, "the lack to be said")
    assert condition(sim, "Ready")["status"] == "True"
    syncerd.ctl("restart", TEAM)
    wait_for(lambda: syncerd.pids().get(TEAM) not in (None, pids[TEAM]), 20, "another worker")
    team.create("w2")
    team.wait_down("w2")
    assert team.down("w1")["metadata"]["uid"] == uid
    assert sim.kcp.requests(path="v1.ghosts.example.dev") <= 5

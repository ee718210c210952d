"""APIBindings that one workspace makes in numbers: its own harm, and nobody else's."""
from .world import TEAM, Team, wait_for

BINDINGS = "/apis/apis.kcp.io/v1alpha2/apibindings"
OTHER = "root:org:team-b"


def bind(api, name):
    api.call("POST", BINDINGS, {
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIBinding", "metadata": {"name": name},
        "spec": {"reference": {"export": {"path": "root:provider", "name": "widgets"}},
                 "permissionClaims": [{"group": "", "resource": "configmaps", "verbs": ["get", "list", "watch"], "state": "Accepted",
                                       "selector": {"matchAll": True}}]}})


def unbind_unseen(sim, workspace):
    """While no watch is open, and with no trace of it in later ones."""
    sim.kcp.fault("status:503", method="GET", path="/apibindings", agent="syncerd", times=2)
    sim.kcp.post("close-watches")
    sim.kcp.at(workspace).call("DELETE", BINDINGS + "/widgets")
    sim.kcp.post("compact")


def test_too_many_bindings_of_one_workspace_are_its_own_harm(sim, make_syncerd):
    syncerd = make_syncerd(minute=2)
    syncerd.wait_syncing(TEAM, OTHER)
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    for number in range(80):
        bind(team.api, f"more-{number}")
    wait_for(lambda: (syncerd.workspace(TEAM)["state"], syncerd.workspace(TEAM)["reason"]) == ("Degraded", "TooManyBindings"), 20, "the state to say so")
    unbind_unseen(sim, OTHER)
    wait_for(lambda: OTHER not in {w["path"] for w in syncerd.workspaces()}, 40, "the other one to be known as gone")
    assert syncerd.log.read_text().count("than there is room for") == 1
    assert "w1" in team.copies()
    for number in range(80):
        team.api.call("DELETE", f"{BINDINGS}/more-{number}")
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 40, "the workspace to be well")
    team.create("w2")  # the simulator's unbinding has taken along what was there
    team.wait_down("w2")

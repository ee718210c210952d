"""`syncerctl pause` stops every write for one workspace, on both sides: also the removal of what it has."""
from testbed.waiting import wait_for

from .simulator import CT_MERGE, widgets
from .world import CLUSTER, TEAM, Team, stays

TEAMS = (TEAM, "root:org:team-b", "root:org:team-c")
BINDING = "/apis/apis.kcp.io/v1alpha2/apibindings/widgets"
TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"


def paused_team(sim, syncerd):
    team = Team(sim)
    team.create("kept")
    team.wait_down("kept")
    syncerd.ctl("pause", TEAM)
    return team


def shown(sim):
    status = sim.kcp.at("root:edge").get(TARGET)["status"]
    return next((w for w in status.get("workspaces", []) if w["cluster"] == CLUSTER), {})


def test_an_unbound_workspace_is_not_drained(sim, syncerd):
    team = paused_team(sim, syncerd)
    uid = team.down("kept")["metadata"]["uid"]
    team.api.call("DELETE", BINDING)
    wait_for(lambda: "waits" in shown(sim).get("message", "") or "no longer bound" in shown(sim).get("message", ""), 20, "the held removal to be shown")
    assert (shown(sim)["phase"], shown(sim)["reason"]) == ("Paused", "PausedByOperator")
    stays(lambda: team.down("kept")["metadata"]["uid"] == uid, "the copy to stay", 3)
    assert team.up("kept")["metadata"]["finalizers"]
    syncerd.ctl("restart", TEAM)
    stays(lambda: "kept" in team.copies(), "the copy to stay over a restart of the worker", 3)
    syncerd.ctl("resume", TEAM)
    team.wait_gone("kept")
    wait_for(lambda: syncerd.workspace(TEAM) is None, 20, "the workspace to be gone")


def test_a_deleted_synctarget_waits(sim, syncerd):
    team = paused_team(sim, syncerd)
    edge = sim.kcp.at("root:edge")
    edge.call("DELETE", TARGET)
    wait_for(lambda: "deletion of the SyncTarget waits" in shown(sim).get("message", ""), 20, "the held removal to be shown")
    wait_for(lambda: edge.get(TARGET)["status"]["workspaceSummary"]["total"] == 1, 20, "the others to be drained")
    assert syncerd.json("status")["workspaces"]["total"] == 1
    stays(lambda: "kept" in team.copies() and edge.get(TARGET) is not None, "copy and SyncTarget to stay", 3)
    syncerd.ctl("resume", TEAM)
    wait_for(lambda: edge.get(TARGET) is None, 20, "the SyncTarget to be released")
    assert not team.copies()
    syncerd.process.wait(timeout=10)
    syncerd.process = None


def test_a_pause_outlives_syncerd(sim, syncerd):
    team = paused_team(sim, syncerd)
    syncerd.stop()
    team.create("while-down")
    syncerd.start()
    syncerd.wait_syncing(*TEAMS[1:])
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Paused", 20, "the pause to be taken up")
    stays(lambda: "while-down" not in team.copies(), "nothing to be written", 2)
    syncerd.ctl("resume", TEAM)
    team.wait_down("while-down")


def forget_upstream(team):
    """Take our finalizer off by force and unbind: nothing of the workspace is left to ask."""
    team.api.call("PATCH", widgets(name="kept"), {"metadata": {"finalizers": None}}, CT_MERGE)
    team.api.call("DELETE", BINDING)
    wait_for(lambda: team.api.get(BINDING) is None, 20, "the binding to be gone")


def test_without_an_upstream_side(sim, syncerd):
    team = paused_team(sim, syncerd)
    forget_upstream(team)
    wait_for(lambda: "no longer bound" in shown(sim).get("message", ""), 20, "the held removal to be shown")
    syncerd.ctl("restart", TEAM)
    stays(lambda: "kept" in team.copies(), "the copy to stay", 3)
    syncerd.ctl("resume", TEAM)
    wait_for(lambda: "kept" not in team.copies(), 20, "the copy to be removed")


def test_unbound_while_syncerd_is_down(sim, syncerd):
    team = paused_team(sim, syncerd)
    syncerd.stop()
    forget_upstream(team)
    syncerd.start()
    syncerd.wait_syncing(*TEAMS[1:])
    stays(lambda: "kept" in team.copies(), "the copy to stay", 3)


def test_a_damaged_file_is_said_and_pauses_nobody(sim, syncerd):
    team = paused_team(sim, syncerd)
    syncerd.stop()
    (syncerd.directory / "state" / "paused.json").write_text('{"version":1,"paused":["' + CLUSTER)
    team.create("while-down")
    syncerd.start()
    syncerd.wait_syncing(*TEAMS)
    team.wait_down("while-down")
    assert "paused.json is damaged" in syncerd.log.read_text()

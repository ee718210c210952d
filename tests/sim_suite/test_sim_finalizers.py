"""Our finalizer among many others."""
from .simulator import CT_MERGE, widget, widgets
from .world import TEAM, Team, stays, wait_for


def ours(team, name):
    return [f for f in (team.up(name) or {"metadata": {}})["metadata"].get("finalizers", []) if f.startswith("workload.kcp.io/")]


def create(team, name, others):
    body = widget(name)
    body["metadata"]["finalizers"] = [f"example.com/f{i}" for i in range(others)]
    team.api.call("POST", widgets(), body)


def test_behind_many_others(sim, syncerd):
    team = Team(sim)
    create(team, "w1", 300)
    team.wait_down("w1")
    assert len(ours(team, "w1")) == 1
    team.delete("w1")
    wait_for(lambda: not ours(team, "w1"), 20, "ours to be released")
    stays(lambda: len(team.up("w1")["metadata"]["finalizers"]) == 300, "the others'")


def test_every_copy_of_ours_is_released(sim, direct):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    finalizer = ours(team, "w1")[0]
    many = ["example.com/hold"] + [item for i in range(40) for item in (finalizer, f"example.com/f{i}")]
    team.api.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": many}}, CT_MERGE)
    sim.kcp.forget_requests()
    team.delete("w1")
    wait_for(lambda: not ours(team, "w1"), 20, "ours to be released")
    assert len(team.up("w1")["metadata"]["finalizers"]) == 41
    assert sim.kcp.requests(agent="syncer-worker", method="PATCH", path="/widgets/w1") <= 2


def test_too_many_are_refused_and_told(sim, syncerd):
    team = Team(sim)
    create(team, "w1", 1000)
    wait_for(lambda: syncerd.workspace(TEAM)["reason"] == "ObjectsFailing", 20, "the refusal to be told")
    assert "finalizers" in syncerd.ctl("events", TEAM)
    assert not ours(team, "w1")
    assert team.down("w1") is None
    team.create("w2")
    team.wait_down("w2")
    team.api.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": ["example.com/hold"]}}, CT_MERGE)
    team.wait_down("w1")
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")

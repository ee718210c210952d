"""observedGeneration on its way up."""
from .simulator import CT_MERGE
from .world import TEAM, Team, wait_for, wait_hit


def test_number_of_an_unknown_pair_stays_below(sim, syncerd):
    """After a restart it is not known which generations belong together until the copy is in step: no number may go up as it is."""
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    path = team.path_down("w1")
    for i in range(3):
        sim.cluster.call("PATCH", path, {"spec": {"other": i}}, CT_MERGE)
    generation = sim.cluster.get(path)["metadata"]["generation"]
    sim.cluster.fault("status:422", method="PATCH", path="/widgets/w1", query="force=true", times=-1)
    team.patch("w1", size=2)
    wait_hit(sim.cluster)
    syncerd.ctl("restart", TEAM)
    wait_hit(sim.cluster, 2)
    wait_for(lambda: syncerd.json("dump", TEAM, "default/w1")["objects"][0]["reason"] == "Invalid", 20, "the refusal to be known again")
    sim.cluster.call("PATCH", path + "/status", {"status": {"observedGeneration": generation, "phase": "x"}}, CT_MERGE)
    team.wait_status("w1", phase="x")
    assert generation > team.up("w1")["metadata"]["generation"]
    assert "observedGeneration" not in team.up("w1")["status"], "it would say that the change had been seen"

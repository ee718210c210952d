"""Deletions that are real, at bad moments."""
from .simulator import CT_MERGE, widget, widgets
from .world import TEAM, WIDGET_LISTS, Team, stays, wait_for, wait_hit


def test_delete_in_watch_gap(sim, syncerd):
    """The DELETED event is never seen: the history is gone when the watch comes back."""
    team = Team(sim)
    team.create("w1", "w2")
    team.wait_down("w1", "w2")
    sim.kcp.fault("status:503", method="GET", path=WIDGET_LISTS, agent="syncer-worker", times=-1)
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp)
    team.api.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": None}}, CT_MERGE)
    team.delete("w1")
    assert team.up("w1") is None
    sim.kcp.post("compact")
    sim.kcp.clear_faults()
    team.wait_gone("w1", seconds=60)
    assert team.down("w2")


def test_delete_while_worker_is_down(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    syncerd.stop()
    team.delete("w1")
    assert team.up("w1")["metadata"]["deletionTimestamp"], "our finalizer holds it"
    syncerd.start()
    team.wait_gone("w1", seconds=40)


def test_delete_retry_hits_only_the_old_object(sim, syncerd):
    """The answer to a DELETE is lost, and before the retry somebody makes another object of that name: it stays."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    namespace = team.down("w1")["metadata"]["namespace"]
    sim.cluster.fault("loseAnswer", method="DELETE", path="/widgets/w1")
    sim.cluster.fault("status:503", method="GET", path="/widgets", agent="syncer-worker", times=4)
    sim.cluster.fault("status:503", method="DELETE", path="/widgets/w1", times=2)
    team.delete("w1")
    wait_hit(sim.cluster)
    foreign = sim.cluster.call("POST", widgets(namespace), widget("w1", namespace, owner="somebody"))
    wait_for(lambda: team.up("w1") is None, 40, "the finalizer to be released")
    stays(lambda: (sim.cluster.get(widgets(namespace, "w1")) or {}).get("metadata", {}).get("uid") == foreign["metadata"]["uid"],
          "the foreign object")


def test_delete_and_create_again_at_once(sim, syncerd):
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    old = team.down("w1")["metadata"]["uid"]
    team.delete("w1")
    wait_for(lambda: team.up("w1") is None, 20, "the first w1 to go")
    team.create("w1", size=2)
    team.wait_down("w1", size=2)
    assert team.down("w1")["metadata"]["uid"] != old


def test_lost_answer_of_a_create_is_adopted(sim, syncerd):
    team = Team(sim)
    sim.cluster.fault("loseAnswer", method="POST", path="/widgets")
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    wait_hit(sim.cluster)
    team.patch("w1", size=2)
    team.wait_down("w1", size=2)
    assert syncerd.workspace(TEAM)["state"] == "Syncing"


def test_preconditions_on_every_delete(sim, syncerd):
    """A change between our read and our DELETE makes the server refuse it; we look again and then delete what is still ours."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    sim.cluster.fault("status:409", method="DELETE", path="/widgets/w1", times=2)
    team.delete("w1")
    team.wait_gone("w1", seconds=40)
    assert sim.cluster.requests(method="DELETE", path="/widgets/w1") == 3


def test_label_loss_while_terminating_is_no_absence(sim, syncerd):
    """The copy waits for somebody's finalizer and loses our label: the watch says DELETED, but it is still there."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    path = team.path_down("w1")
    sim.cluster.call("PATCH", path, {"metadata": {"finalizers": ["example.com/hold"]}}, CT_MERGE)
    team.delete("w1")
    wait_for(lambda: sim.cluster.get(path)["metadata"].get("deletionTimestamp"), 20, "the copy to be terminating")
    wait_for(lambda: syncerd.json("dump", TEAM, "default/w1")["objects"][0]["next"] == "AwaitDeletion", 20, "that to be known")
    sim.cluster.call("PATCH", path, {"metadata": {"labels": {"kcp.io/tenant-id": None}}}, CT_MERGE)
    stays(lambda: team.up("w1") and sim.cluster.get(path), "the object and its copy", 3)
    sim.cluster.call("PATCH", path, {"metadata": {"finalizers": None}}, CT_MERGE)
    wait_for(lambda: team.up("w1") is None, 60, "the finalizer to be released")


def test_usual_deletion_needs_no_look(sim, direct):
    """The answer to the DELETE is proof enough, whether the DELETED event comes before it or after."""
    team = Team(sim)
    names = [f"w{i}" for i in range(10)]
    team.create(*names)
    team.wait_down(*names)
    sim.cluster.forget_requests()
    for name in names:
        team.delete(name)
    for name in names:
        team.wait_gone(name)
    assert sim.cluster.requests(agent="syncer-worker", method="GET", path="/widgets/w") == 0
    assert sim.cluster.requests(agent="syncer-worker", method="DELETE", path="/widgets/w") == len(names)


def test_our_own_deletions_are_no_fight(sim, syncerd):
    """An object that leaves this target and comes back, again and again, is created again at once each time: nobody works against us."""
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    key = team.up("w1")["metadata"]["finalizers"][0].partition("syncer-")[2]
    leave = f"deletion.internal.workload.kcp.io/{key}"
    for _ in range(8):
        team.api.call("PATCH", widgets(name="w1"), {"metadata": {"annotations": {leave: "now"}}}, CT_MERGE)
        wait_for(lambda: team.down("w1") is None, 60, "the copy to go")
        team.api.call("PATCH", widgets(name="w1"), {"metadata": {"annotations": {leave: None}}}, CT_MERGE)
        team.wait_down("w1", seconds=60)
    assert syncerd.json("dump", TEAM, "default/w1")["objects"][0]["reason"] == ""

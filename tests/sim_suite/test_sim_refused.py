"""Requests that are refused: for how long, what wakes them, and what the operator sees meanwhile."""
import signal
import time

import pytest

from .simulator import CT_MERGE, kubeconfig, widgets
from .world import TEAM, Team, stays, wait_for, wait_hit

APPLY = {"method": "PATCH", "path": "/widgets/w1", "query": "force=true"}


def dumped(syncerd, key="default/w1"):
    return syncerd.json("dump", TEAM, key)["objects"][0]


def refuse_apply(sim, syncerd, times=1):
    """w1 is in the cluster, and its change to size 2 is refused for good."""
    team = Team(sim)
    team.create("w1", size=1)
    team.wait_down("w1", size=1)
    sim.cluster.fault("status:422", times=times, **APPLY)
    team.patch("w1", size=2)
    wait_hit(sim.cluster)
    wait_for(lambda: dumped(syncerd)["reason"] == "Invalid", 20, "the refusal to be known")
    return team


def test_refused_for_good_is_tried_again_slowly(sim, syncerd):
    refuse_apply(sim, syncerd)
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Degraded", 20, "the state to say so")
    assert 590000 < dumped(syncerd)["retryInMilliseconds"] <= 1800000
    stays(lambda: sim.cluster.hits() == [1], "the refused request")


def test_lost_copy_is_made_again_after_a_refusal(sim, syncerd):
    """An immutable field, say: the way out is to delete the copy."""
    team = refuse_apply(sim, syncerd)
    sim.cluster.call("DELETE", team.path_down("w1"))
    team.wait_down("w1", size=2)
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")


def test_lost_copy_in_a_watch_gap_is_made_again_after_a_refusal(sim, syncerd):
    team = refuse_apply(sim, syncerd)
    path = team.path_down("w1")
    sim.cluster.fault("status:503", method="GET", path="/widgets", agent="syncer-worker", times=2)
    sim.cluster.post("close-watches")
    sim.cluster.call("DELETE", path)
    sim.cluster.post("compact")
    team.wait_down("w1", size=2, seconds=40)


def test_new_plan_gives_another_chance(sim, syncerd):
    team = refuse_apply(sim, syncerd)
    syncerd.ctl("pause", TEAM)
    syncerd.ctl("resume", TEAM)
    team.wait_down("w1", size=2)


def test_refused_status_gets_another_chance_with_a_new_plan(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    sim.kcp.fault("status:413", method="PATCH", path="/widgets/w1/status", agent="syncer-worker")
    team.set_status("w1", phase="big")
    wait_for(lambda: dumped(syncerd)["reason"] == "StatusRejected", 20, "the refusal to be known")
    assert 590000 < dumped(syncerd)["retryInMilliseconds"] <= 1800000
    syncerd.ctl("pause", TEAM)
    syncerd.ctl("resume", TEAM)
    team.wait_status("w1", phase="big")


def test_old_body_in_hand_is_not_sent(sim, make_syncerd):
    """While the lists are not complete the first body is kept; then the object changes, and its new body is not."""
    syncerd = make_syncerd()
    syncerd.wait_syncing(TEAM)
    team = Team(sim)
    team.create("w0")
    team.wait_down("w0")
    finalizer = next(f for f in team.up("w0")["metadata"]["finalizers"] if f.startswith("workload.kcp.io/"))
    syncerd.stop()
    sim.cluster.fault("status:503", method="GET", path="/apis/example.dev/v1alpha1/widgets", agent="syncer-worker", times=-1)
    sim.kcp.fault("pass", method="GET", path="/widgets", query="watch", agent="syncer-worker", times=-1)
    syncerd.start()
    wait_hit(sim.cluster, seconds=40)
    wait_hit(sim.kcp, seconds=40)
    team.create("w1", size=1)
    team.api.call("PATCH", widgets(name="w1"), {"metadata": {"finalizers": [finalizer]}}, CT_MERGE)
    team.patch("w1", size=2)
    sim.cluster.forget_requests()
    sim.cluster.clear_faults()
    team.wait_down("w1", seconds=60, size=2)
    wait_for(lambda: dumped(syncerd)["inStep"], 20, "the copy to be in step")
    assert team.down("w1")["metadata"]["generation"] == 1, "nothing older was sent first"


@pytest.mark.parametrize("causes", [True, False], ids=["causes", "no-cause"])
def test_refused_finalizer_is_told_and_not_hammered(sim, syncerd, causes):
    """422 for a patch with tests: without a cause a test may have failed, so it is tried once more; then the server means it."""
    team = Team(sim)
    sim.kcp.fault("status:422", method="PATCH", path="/widgets/w1", agent="syncer-worker", times=-1, causes=causes)
    team.create("w1")
    wait_for(lambda: syncerd.workspace(TEAM)["reason"] == "ObjectsFailing", 20, "the refusal to lower the state")
    assert syncerd.workspace(TEAM)["message"] == "Invalid"
    assert "told to answer 422" in syncerd.ctl("events", TEAM)
    stays(lambda: sim.kcp.hits()[0] <= (4 if causes else 8), "the number of requests", 4)
    sim.kcp.clear_faults()
    team.wait_down("w1")
    wait_for(lambda: syncerd.workspace(TEAM)["state"] == "Syncing", 20, "the workspace to be well")


def test_refused_release_is_told(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    sim.kcp.fault("status:422", method="PATCH", path="/widgets/w1", agent="syncer-worker", times=-1, causes=True)
    team.delete("w1")
    wait_for(lambda: syncerd.workspace(TEAM)["message"] == "Invalid", 20, "the refusal to be told")
    assert sim.kcp.hits()[0] < 5
    sim.kcp.clear_faults()
    team.wait_gone("w1")


def test_refused_deletion_is_told(sim, syncerd):
    team = Team(sim)
    team.create("w1")
    team.wait_down("w1")
    sim.cluster.fault("status:422", method="DELETE", path="/widgets/w1", agent="syncer-worker", times=-1)
    team.delete("w1")
    wait_for(lambda: syncerd.workspace(TEAM)["message"] == "Invalid", 20, "the refusal to be told")
    assert sim.cluster.hits()[0] < 8
    sim.cluster.clear_faults()
    team.wait_gone("w1")


@pytest.mark.parametrize("code", [400, 406, 413, 415, 422])
def test_page_of_a_proxy_is_no_refusal_for_good(sim, syncerd, code):
    team = Team(sim)
    sim.cluster.fault(f"status:{code}", method="POST", path="/widgets", agent="syncer-worker", plain=True, times=2)
    team.create("w1")
    team.wait_down("w1")
    assert sim.cluster.hits() == [2]


def renew_credentials(syncerd, sim):
    for name, server in (("kcp", sim.kcp.url + "/clusters/root:edge"), ("cluster", sim.cluster.url)):
        path = syncerd.directory / f"{name}.kubeconfig"
        kubeconfig(path, server)
        path.write_text(path.read_text().replace("simulated", "renewed"))
    syncerd.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("path", ["/widgets", "/api/v1/namespaces"])
def test_new_credentials_wake_what_was_forbidden(sim, syncerd, path):
    team = Team(sim)
    sim.cluster.fault("status:403", method="POST", path=path, agent="syncer-worker", times=-1)
    team.create("w1")
    wait_hit(sim.cluster, 5 if path == "/widgets" else 6, seconds=60)
    sim.cluster.clear_faults()
    renew_credentials(syncerd, sim)
    team.wait_down("w1", seconds=3)


def test_another_refusal_is_another_matter(sim, syncerd):
    """A server that restarts is unreachable for a while, and then may know nobody's rights for a moment: that moment must not cost minutes."""
    team = Team(sim)
    sim.cluster.fault("status:503", method="POST", path="/widgets", agent="syncer-worker", times=7)
    sim.cluster.fault("status:403", method="POST", path="/widgets", agent="syncer-worker", times=1)
    team.create("w1")
    wait_for(lambda: sim.cluster.hits() == [7, 1], 90, "both refusals")
    team.wait_down("w1", seconds=30)


def test_a_new_spec_is_tried_at_once_and_starts_the_waiting_anew(sim, syncerd):
    """Three attempts before the next one for the old spec would have been due, which was at least 16 s away."""
    team = Team(sim)
    sim.cluster.fault("status:403", method="POST", path="/widgets", agent="syncer-worker", times=-1)
    team.create("w1", size=1)
    wait_hit(sim.cluster, 6, seconds=90)
    asked = time.monotonic()
    due = asked + dumped(syncerd)["retryInMilliseconds"] / 1000
    before = sim.cluster.hits()[0]
    team.patch("w1", size=2)
    wait_hit(sim.cluster, before + 3, seconds=due - time.monotonic() - 1)
    sim.cluster.clear_faults()
    team.wait_down("w1", size=2, seconds=60)


def test_body_that_grows_too_large_is_refused_for_good(sim, syncerd):
    """Characters that an apply body must escape: what upstream accepted cannot be sent."""
    team = Team(sim)
    team.create("w1", blob="\u0085" * 600000)
    wait_for(lambda: dumped(syncerd)["reason"] == "TooLarge", 20, "the refusal to be known")
    wait_for(lambda: syncerd.workspace(TEAM)["message"] == "TooLarge", 20, "the state to say so")
    assert dumped(syncerd)["retryInMilliseconds"] > 500000
    team.create("w2")
    team.wait_down("w2")
    team.patch("w1", blob="small")
    team.wait_down("w1", blob="small")


def test_a_403_is_reviewed_for_its_resource_only(sim, syncerd):
    """Six verbs of one resource, not everything that there is."""
    sim.cluster.fault("status:403", method="POST", path="/widgets", agent="syncer-worker", times=-1)
    sim.cluster.forget_requests()
    Team(sim).create("w1")

    def reviews():
        return sim.cluster.requests(agent="syncerd", method="POST", path="/selfsubjectaccessreviews")
    wait_for(lambda: dumped(syncerd)["reason"] == "Unauthorized", 20, "the refusal to be known")
    wait_for(lambda: reviews() >= 6, 60, "the reviews")
    stays(lambda: reviews() == 6, "no more of them", 3)

"""Nothing is deleted in the cluster because a list was incomplete, a watch broke or a request failed."""
import pytest

from .simulator import CT_MERGE
from .world import TEAM, Team, stays, wait_for, wait_hit

NAMES = ("w1", "w2", "w3")
BINDINGS = "/apis/apis.kcp.io/v1alpha2/apibindings"
SLICE = "/apis/apis.kcp.io/v1alpha1/apiexportendpointslices/widgets"

# Every way in which a read of the tenant's objects can go wrong. Each is met at least once before anything is concluded.
READ_FAULTS = {
    "410": {"action": "errorEvent410", "query": "watch"},
    "410-http": {"action": "status:410"},
    "500": {"action": "status:500"},
    "500-plain": {"action": "status:500", "plain": True},
    "503": {"action": "status:503", "retryAfter": 1},
    "504": {"action": "status:504"},
    "429": {"action": "status:429", "retryAfter": 1},
    "403": {"action": "status:403"},
    "404-plain": {"action": "status:404", "plain": True},
    "401": {"action": "status:401"},
    "truncated": {"action": "truncate", "bytes": 150},
    "garbage": {"action": "garbage"},
    "dropped": {"action": "drop"},
}


@pytest.fixture
def team(sim, syncerd):
    team = Team(sim)
    team.create(*NAMES)
    team.wait_down(*NAMES)
    return team


def uids(team):
    return {name: item["metadata"]["uid"] for name, item in team.copies().items()}


def assert_untouched(sim, team, before):
    assert uids(team) == before
    assert sim.cluster.requests(method="DELETE") == 0


@pytest.mark.parametrize("fault", READ_FAULTS.values(), ids=READ_FAULTS.keys())
def test_upstream_reads_go_wrong(sim, syncerd, team, fault):
    before = uids(team)
    sim.kcp.fault(**{"method": "GET", "path": "/widgets", "agent": "syncer-worker", "times": 4, **fault})
    sim.kcp.post("compact")
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp, 1)
    stays(lambda: uids(team) == before, "the copies")
    sim.kcp.clear_faults()
    team.create("after")
    team.wait_down("after", seconds=40)
    assert_untouched(sim, team, {**before, "after": team.down("after")["metadata"]["uid"]})


@pytest.mark.parametrize("fault", READ_FAULTS.values(), ids=READ_FAULTS.keys())
def test_reads_go_wrong_at_start(sim, syncerd, team, fault):
    """The same, but the worker starts into it and knows nothing from before."""
    before = uids(team)
    sim.kcp.fault(**{"method": "GET", "path": "/widgets", "agent": "syncer-worker", "times": 4, **fault})
    syncerd.ctl("restart", TEAM)
    wait_hit(sim.kcp, 1)
    stays(lambda: uids(team) == before, "the copies")
    sim.kcp.clear_faults()
    team.create("after")
    team.wait_down("after", seconds=40)
    assert_untouched(sim, team, {**before, "after": team.down("after")["metadata"]["uid"]})


def test_stale_list_at_start(sim, syncerd, team):
    """A lagging server answers with a complete list in which the objects are missing."""
    before = uids(team)
    sim.kcp.settings(streamingList=False)
    sim.kcp.fault("staleList", method="GET", path="/widgets", agent="syncer-worker", times=1)
    syncerd.ctl("restart", TEAM)
    wait_hit(sim.kcp)
    stays(lambda: uids(team) == before, "the copies")
    assert_untouched(sim, team, before)


def test_empty_slice(sim, syncerd, team):
    """The endpoint slice loses its endpoints although the bindings are there."""
    before = uids(team)
    sim.kcp.settings(sliceController=False)
    sim.kcp.at("root:provider").call("PATCH", SLICE + "/status", {"status": {"endpoints": None}}, CT_MERGE)
    stays(lambda: uids(team) == before, "the copies", 3)
    sim.kcp.settings(sliceController=True)
    team.create("after")
    team.wait_down("after", seconds=40)
    assert_untouched(sim, team, {**before, "after": team.down("after")["metadata"]["uid"]})


@pytest.mark.parametrize("action", ["status:403", "status:500", "garbage", "truncate", "drop", "staleList"])
def test_bindings_cannot_be_read(sim, syncerd, team, action):
    before, pids = uids(team), syncerd.pids()
    sim.kcp.fault(action, method="GET", path="/clusters/*/apis/apis.kcp.io", times=4)
    sim.kcp.post("compact")
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp)
    stays(lambda: uids(team) == before, "the copies", 3)
    assert syncerd.pids() == pids
    assert_untouched(sim, team, before)


@pytest.mark.parametrize("path", ["/apiexports", "/apiexportendpointslices", "/synctargets", "/apiresourceschemas"])
@pytest.mark.parametrize("action", ["status:403", "status:500", "garbage"])
def test_supervisor_cannot_read(sim, syncerd, team, path, action):
    before, pids = uids(team), syncerd.pids()
    sim.kcp.fault(action, method="GET", path=path, times=4)
    sim.kcp.post("compact")
    sim.kcp.post("close-watches")
    stays(lambda: uids(team) == before, "the copies", 3)
    assert syncerd.pids() == pids
    assert_untouched(sim, team, before)


@pytest.mark.parametrize("action", ["status:403", "status:500", "garbage", "truncate"])
def test_discovery_fails(sim, syncerd, team, action):
    before = uids(team)
    sim.cluster.fault(action, method="GET", path="/apis", agent="syncerd", times=10, bytes=20)
    syncerd.ctl("restart", TEAM)
    syncerd.wait_syncing(TEAM)
    stays(lambda: uids(team) == before, "the copies")
    assert_untouched(sim, team, before)


def test_downstream_watch_breaks(sim, syncerd, team):
    before = uids(team)
    sim.cluster.fault("errorEvent410", query="watch", agent="syncer-worker", times=3)
    sim.cluster.post("close-watches")
    wait_hit(sim.cluster)
    team.patch("w1", size=7)
    team.wait_down("w1", size=7)
    assert_untouched(sim, team, before)


def test_unbinding_is_knowledge(sim, syncerd, team):
    """The counter-proof: when the tenant unbinds, the copies do go."""
    sim.kcp.at(TEAM).call("DELETE", f"{BINDINGS}/widgets")
    wait_for(lambda: not team.copies(), 30, "the copies to go")
    assert sim.cluster.requests(method="DELETE") >= len(NAMES)

"""A worker that goes on with an older plan: its own workspace is not ready, nobody else's, and it is started again."""
import json

import pytest

from .simulator import SEED, binaries
from .world import wait_for

DEAF = "root:org:oldplan"  # the fake worker ignores new plans where the workspace is called so
GOOD = ("root:org:team-a", "root:org:team-c")
TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"


@pytest.fixture
def seed(request, place):
    (place / "seed.json").write_text(SEED.read_text().replace("root:org:team-b", DEAF))
    request.node.sim_seed = place / "seed.json"


def condition(sim, kind):
    status = (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}
    return next((c for c in status.get("conditions", []) if c["type"] == kind), None)


def test_one_of_three(seed, sim, make_syncerd):
    syncerd = make_syncerd(program=binaries().parent / "tests" / "fake_worker", planDeadline="12s", backoffFirst="5s")
    syncerd.wait_syncing(DEAF, *GOOD)
    wait_for(lambda: (condition(sim, "SyncerReady") or {}).get("status") == "True", 20, "SyncerReady")
    before, pids = condition(sim, "SyncerReady"), syncerd.pids()
    syncerd.ctl("pause", DEAF)

    def shown(key):
        return (syncerd.workspace(DEAF) or {}).get(key)
    wait_for(lambda: "PlanNotTaken" in (shown("reason"), shown("lastExit")), 60, "it to be said")
    wait_for(lambda: shown("lastExit") == "PlanNotTaken", 60, "it to be ended")
    wait_for(lambda: shown("state") == "Paused", 60, "the next one to follow the plan")
    wait_for(lambda: set(syncerd.pids()) == set(pids), 60, "all workers")
    now = syncerd.pids()
    assert all(now[path] == pids[path] for path in GOOD) and now[DEAF] != pids[DEAF]
    after = condition(sim, "SyncerReady")
    assert json.dumps(after) == json.dumps(before), after
    assert condition(sim, "Ready")["status"] == "True"

"""workers.memoryMax without cgroups: a workspace that needs more is restarted alone and named, and is taken up again with a higher limit."""
import os
import resource
import signal

import pytest
from testbed.waiting import wait_for

from .simulator import binaries
from .world import TEAM, Team

NEIGHBOURS = ("root:org:team-b", "root:org:team-c")
DEADLINE = 90


def other_allocator():
    """A sanitizer brings its own, which ends otherwise."""
    program = (binaries() / "syncer-worker").read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def reload(syncerd, old, new):
    text = syncerd.config.read_text()
    assert old in text
    syncerd.config.write_text(text.replace(old, new))
    os.kill(syncerd.process.pid, signal.SIGHUP)


@pytest.mark.skipif(other_allocator(), reason="a sanitizer has an allocator of its own")
def test_a_workspace_over_its_limit(sim, make_syncerd):
    Team(sim).create("small")
    syncerd = make_syncerd(memoryMax="16Mi", cpuWeight="80", pidsMax="256", backoffMax="1s")
    syncerd.wait_syncing(TEAM, *NEIGHBOURS, seconds=DEADLINE)
    status = syncerd.ctl("status")
    if "by rlimits" not in status:
        pytest.skip("this machine gives syncerd cgroups to divide")
    assert "memoryMax 16Mi, cpuWeight 80, pidsMax 256; by rlimits, because" in status and "not enforced: pidsMax" in status
    assert "limits of each worker: memoryMax 16Mi" in syncerd.log.read_text()
    assert "rlimits" in syncerd.ctl("workspaces", "-o", "wide")
    assert all(w["limitedBy"] == "rlimits" and w["memoryMaxBytes"] == 16 << 20 for w in syncerd.workspaces())
    before = syncerd.pids()
    # Half a million numbers: 1 MiB for the servers, some 30 MiB for whoever takes it apart.
    Team(sim).create("large", numbers=[7] * 500_000)

    def named():
        entry = syncerd.workspace(TEAM)
        return entry and (entry["state"], entry["reason"]) == ("Failed", "WorkerOOMKilled") and entry["restarts"] >= 2 and entry
    entry = wait_for(named, DEADLINE, "the workspace to be named")
    assert entry["lastExitDetail"] == "exit status 7 (no memory left for it)"
    target = sim.kcp.at("root:edge")

    def told_in_kcp():
        status = target.get("/apis/workload.kcp.io/v1alpha1/synctargets/edge-1")["status"]
        return any(w.get("reason") == "WorkerOOMKilled" for w in status.get("workspaces", []))
    wait_for(told_in_kcp, DEADLINE, "the SyncTarget to name it")
    now = syncerd.pids()
    assert {path: now[path] for path in NEIGHBOURS} == {path: before[path] for path in NEIGHBOURS}

    reload(syncerd, "memoryMax: 16Mi", "memoryMax: 512Mi")
    syncerd.wait_syncing(TEAM, *NEIGHBOURS, seconds=DEADLINE)
    Team(sim).wait_down("small", "large", seconds=DEADLINE)
    now = syncerd.pids()
    assert {path: now[path] for path in NEIGHBOURS} == {path: before[path] for path in NEIGHBOURS}, "a reload of limits restarts nobody"
    soft = [resource.prlimit(now[path], resource.RLIMIT_DATA)[0] for path in NEIGHBOURS]
    assert all(512 << 20 <= limit < 2048 << 20 for limit in soft), soft

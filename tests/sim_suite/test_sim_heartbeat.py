"""The heartbeat promises that the status is true: it stands still while syncerd cannot know that (syncerd-rules(7) 8.1)."""
import os
import signal

import pytest
from testbed.metrics import scrape

from .test_sim_reload import TARGET, reload
from .world import CLUSTER, TEAM, stays, wait_for, wait_hit

TEAMS = (TEAM, "root:org:team-b", "root:org:team-c")
LONGEST = 22  # seconds between two beats


def beat(sim):
    return sim.kcp.at("root:edge").get(TARGET).get("status", {}).get("lastSyncerHeartbeatTime")


def stands_still(sim):
    """For longer than a beat may be away, after those that were under way."""
    seen = []

    def same():
        seen.append(beat(sim))
        return len(seen) > 20 and len(set(seen[-20:])) == 1
    wait_for(same, 60, "no beat to be under way")
    stays(lambda: beat(sim) == seen[-1], "the heartbeat", LONGEST + 3)
    return seen[-1]


@pytest.mark.long
def test_no_heartbeat_while_the_synctarget_is_not_watched(sim, syncerd):
    """Its status could be written all the time: what is missing is whether somebody has changed it."""
    wait_for(lambda: beat(sim), 30, "the first heartbeat")
    sim.kcp.fault("status:503", method="GET", path="/synctargets", agent="syncerd", times=-1)
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp, 4, seconds=60)  # the first one may be chance
    last = stands_still(sim)
    sim.kcp.clear_faults()
    wait_for(lambda: beat(sim) != last, 90, "the heartbeat to go on")


@pytest.mark.long
def test_no_heartbeat_while_a_worker_is_silent(sim, make_syncerd):
    """Its deadline has become shorter while it was silent: it is late, and is judged when the old one has passed."""
    syncerd = make_syncerd(heartbeatDeadline="5m")
    syncerd.wait_syncing(*TEAMS)
    wait_for(lambda: beat(sim), 30, "the first heartbeat")
    pid = syncerd.pids()[TEAM]
    os.kill(pid, signal.SIGSTOP)
    try:
        reload(syncerd, ("heartbeatDeadline: 5m", "heartbeatDeadline: 5s"))
        wait_for(lambda: scrape(syncerd.directory / "run" / "metrics.sock").value("syncerd_worker_up", cluster=CLUSTER) == 0, 60,
                 "the worker to be late")
        last = stands_still(sim)
        assert syncerd.pids()[TEAM] == pid, "it is not judged yet"
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: beat(sim) != last, 90, "the heartbeat to go on")

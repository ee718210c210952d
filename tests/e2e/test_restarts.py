"""A worker restarted again and again takes everything with it: in the supervisor, and at both servers."""

import collections
import os
import re

import pytest
from objects import WIDGETS, widget
from testbed import wait_for

RESTARTS = int(os.environ.get("SYNCERD_RESTARTS", "50"))
SOCKETS = "socket:[N]"
IDLE = 8  # of them that a pool may keep open to a server at one moment more than at another, whatever the number of restarts


@pytest.fixture(scope="module")
def syncerd(site, launch):
    return launch(site.config(workers={"heartbeat": "1s", "heartbeatDeadline": "10s", "backoffFirst": "50ms"}))


def descriptors(pid):
    """How many there are of each kind."""
    kinds = collections.Counter()
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            kinds[re.sub(r"[0-9]+", "N", os.readlink(f"/proc/{pid}/fd/{number}"))] += 1
        except FileNotFoundError:
            continue
    return kinds


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def memory(pid):
    """kB that are its own."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_"))


def watches(server):
    """Those that are open at a server, whoever asked."""
    status, text = server.raw("GET", "/metrics")
    assert status == 200, text
    counts = re.findall(r'^apiserver_longrunning_requests\{.*verb="WATCH".*\} ([0-9]+)$', text, re.MULTILINE)
    assert counts, "apiserver_longrunning_requests is no metric of this server"
    return sum(int(count) for count in counts)


def restart(syncerd, tenant):
    old = syncerd.worker_of(tenant)
    syncerd.ctl("restart", tenant.path)
    return syncerd.wait_worker(tenant, other_than=old, timeout=60)


def settled(syncerd, pair):
    for tenant in pair:
        syncerd.wait_state(tenant, "Syncing", timeout=60)
    wait_for(lambda: len(syncerd.workers()) == 2, 60, "the former worker to be gone")


def test_restarts_leave_nothing_behind(site, syncerd, pair):
    victim, other = pair
    servers = {"kcp": site.world.bed.kcp.base, "cluster": site.world.bed.kube.admin}
    neighbour = syncerd.wait_worker(other)
    restart(syncerd, victim)
    settled(syncerd, pair)
    before, tasks, kilobytes = descriptors(syncerd.pid), threads(syncerd.pid), memory(syncerd.pid)
    open_before = {name: watches(server) for name, server in servers.items()}

    for _ in range(RESTARTS):
        restart(syncerd, victim)
    settled(syncerd, pair)

    def as_before():
        now = descriptors(syncerd.pid)
        more = {kind: count for kind, count in now.items() if count > before[kind] + (IDLE if kind == SOCKETS else 0)}
        assert not more, f"{now} after {before}"
        assert threads(syncerd.pid) <= tasks, f"{threads(syncerd.pid)} threads after {tasks}"
        now = {name: watches(server) for name, server in servers.items()}
        assert all(now[name] < open_before[name] + IDLE + RESTARTS / 2 for name in servers), f"watches: {now} after {open_before}"
        return now

    now = wait_for(as_before, 60, "no more descriptors, threads and watches than before")
    print(f"{RESTARTS} restarts: descriptors {sum(before.values())} -> {sum(descriptors(syncerd.pid).values())}, threads {tasks}, "
          f"memory {kilobytes} kB -> {memory(syncerd.pid)} kB, watches {open_before} -> {now}")
    assert syncerd.worker_of(other) == neighbour
    name = f"after-{syncerd.worker_of(victim)}"
    for tenant in pair:
        tenant.create(widget(name))
    for tenant in pair:
        tenant.wait_down(WIDGETS, name, timeout=60)

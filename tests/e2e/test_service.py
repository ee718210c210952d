"""syncerd under a service manager, and as the first process of a container."""

import os
import signal
import time

import pytest
from objects import WIDGETS, widget
from syncerd import children, exists
from testbed import wait_for


def test_what_the_service_manager_is_told(site, launch):
    """READY, STATUS, WATCHDOG at half of its time, RELOADING then READY again, STOPPING."""
    syncerd = launch(site.config(), start=False)
    syncerd.start(env={"WATCHDOG_USEC": "1000000"})
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    wait_for(lambda: any(line.startswith("STATUS=Ready=True") for line in syncerd.notifications()), 30, "STATUS=Ready=True")

    def pings():
        return syncerd.notifications().count("WATCHDOG=1")

    before, begun = pings(), time.monotonic()
    wait_for(lambda: pings() >= before + 6, 10, "six pings more")
    assert 2 < time.monotonic() - begun < 8, "one each half second"
    mark = len(syncerd.notifications())
    syncerd.hup()
    wait_for(lambda: "READY=1" in syncerd.notifications()[mark:], 20, "READY=1 after the reload")
    reloaded = [line.split("=")[0] for line in syncerd.notifications()[mark:] if not line.startswith(("WATCHDOG", "STATUS"))]
    assert reloaded == ["RELOADING", "MONOTONIC_USEC", "READY"], reloaded
    # A stopped process does not ping: that is what the watchdog is for.
    os.kill(syncerd.pid, signal.SIGSTOP)
    syncerd.notifications()
    before, begun = pings(), time.monotonic()
    wait_for(lambda: time.monotonic() - begun > 2, 5, "time to pass")
    assert pings() == before
    os.kill(syncerd.pid, signal.SIGCONT)
    wait_for(lambda: pings() > before, 5, "the ping to come back")
    mark = len(syncerd.notifications())
    syncerd.process.signal(signal.SIGTERM)
    assert syncerd.process.wait(20) == 0
    assert "STOPPING=1" in syncerd.notifications()[mark:]


def test_a_watchdog_for_somebody_else(site, launch):
    """WATCHDOG_PID names another process: no ping."""
    syncerd = launch(site.config(), start=False)
    syncerd.start(env={"WATCHDOG_USEC": "100000", "WATCHDOG_PID": str(os.getpid())})
    wait_for(lambda: any(line.startswith("STATUS=") for line in syncerd.notifications()), 20, "a STATUS")
    assert "WATCHDOG=1" not in syncerd.notifications()
    assert syncerd.stop() == 0


@pytest.fixture
def first_process(site, launch, tmp_path):
    """syncerd as pid 1 of a pid namespace of its own; beside it a process that waits on a pipe and was left behind by its parent."""
    rights = [] if os.geteuid() == 0 else ["--map-root-user"]
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    syncerd = launch(site.config(), start=False)
    left_behind = f"(cat {fifo} & ) ; exec \"$@\""
    syncerd.start(prefix=["unshare", *rights, "--fork", "--pid", "--mount-proc", "--kill-child", "sh", "-c", left_behind, "sh"])
    yield syncerd, fifo
    syncerd.end()


def name_of(pid):
    with open(f"/proc/{pid}/comm") as file:
        return file.read().strip()


def test_as_the_first_process(site, first_process):
    """pid 1 collects what others leave behind, serves as always, and ends in good order on SIGTERM."""
    syncerd, fifo = first_process
    inner = wait_for(lambda: next((pid for pid in children(syncerd.pid) if name_of(pid) == "syncerd"), None), 10, "syncerd in its namespace")
    with open(f"/proc/{inner}/status") as file:
        nspid = next(line for line in file if line.startswith("NSpid:")).split()
    assert nspid[-1] == "1"
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("from-pid-1"))
    tenant.wait_down(WIDGETS, "from-pid-1")
    cat = next(pid for pid in children(inner) if name_of(pid) == "cat")
    workers = [pid for pid in children(inner) if name_of(pid).startswith("syncer-worker")]
    assert workers
    with open(fifo, "w"):
        pass  # end of file: cat ends, and nobody but pid 1 can wait for it
    wait_for(lambda: cat not in children(inner), 10, "the orphan to be collected")
    assert not os.path.exists(f"/proc/{cat}")
    # A worker that dies is still the supervisor's to notice, not an orphan.
    os.kill(workers[0], signal.SIGKILL)
    wait_for(lambda: sum(entry["restarts"] for entry in syncerd.ctl_json("workspaces")) == 1, 20, "its worker to be started again")
    syncerd.wait_state(tenant, "Syncing")
    os.kill(inner, signal.SIGTERM)
    assert syncerd.process.wait(20) == 0
    assert not exists(inner) and not any(exists(pid) for pid in workers)
    assert site.condition("HeartbeatHealthy")["reason"] == "SyncerStopped"

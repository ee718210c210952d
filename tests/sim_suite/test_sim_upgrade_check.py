"""syncerctl upgrade check on one machine: programs that were replaced under a running syncerd, and what does not fit in files."""
import json
import os
import shutil
import signal
import subprocess

import pytest

from .simulator import binaries
from .world import wait_for

HERE = {"installed programs", "configuration", "running syncerd", "workers", "control protocol", "state directory"}
THERE = {"type SyncTarget", "roles in kcp", "role in the cluster"}


def check(syncerd, *words):
    """Exit status, and {check: (state, found, to do)}."""
    done = subprocess.run([str(binaries() / "syncerctl"), "--socket", str(syncerd.socket), "upgrade", "check", "-o", "json", *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    value = json.loads(done.stdout)
    assert value["ok"] == (done.returncode == 0) and done.returncode in (0, 1), done
    return done.returncode, {row["check"]: (row["state"], row["found"], row["todo"]) for row in value["checks"]}


def replace(path):
    """As a package does it: the same content under the same name, in another file."""
    shutil.copy2(path, f"{path}.new")
    os.rename(f"{path}.new", path)


@pytest.fixture
def programs(place):
    """Copies that a test may replace."""
    folder = place / "programs"
    folder.mkdir()
    for name in ("syncerd", "syncer-worker"):
        shutil.copy2(binaries() / name, folder / name)
    return folder


def test_all_fits(sim, syncerd):
    """The configuration is found by way of the running syncerd; what needs a kubeconfig says so and is no fault."""
    status, rows = check(syncerd)
    assert status == 0 and set(rows) == HERE | THERE, rows
    assert {rows[name][0] for name in HERE} == {"ok"} and {rows[name][0] for name in THERE} == {"skipped"}, rows
    assert str(syncerd.config) in rows["configuration"][1] and str(syncerd.process.pid) in rows["running syncerd"][1]
    assert rows["workers"][1].startswith("3, ") and "--kubeconfig" in rows["type SyncTarget"][2]
    assert "installed programs" in syncerd.ctl("upgrade", "check")


def test_replaced_programs(sim, make_syncerd, programs):
    """First the workers' alone, then syncerd's; each says who runs the old one and what gets the new one running."""
    syncerd = make_syncerd(binary=programs / "syncerd", program=programs / "syncer-worker", upgradeStable="300ms")
    syncerd.wait_syncing("root:org:team-a", "root:org:team-b", "root:org:team-c", seconds=60)
    assert check(syncerd)[0] == 0
    replace(programs / "syncer-worker")
    status, rows = check(syncerd)
    assert status == 1 and {name for name in HERE if rows[name][0] != "ok"} == {"workers"}, rows
    assert "3 of 3" in rows["workers"][1] and str(syncerd.pids()["root:org:team-a"]) in rows["workers"][1]
    assert rows["workers"][2] == "systemctl reload syncerd"
    os.kill(syncerd.process.pid, signal.SIGHUP)
    wait_for(lambda: check(syncerd)[1]["workers"][:2] == ("ok", "3, all of the installed program"), 90, "all workers to be of the new program")
    assert check(syncerd)[0] == 0
    replace(programs / "syncerd")
    status, rows = check(syncerd)
    assert status == 1 and rows["running syncerd"][0] == "attention" and rows["running syncerd"][2] == "systemctl restart syncerd", rows
    assert "from a program that was replaced" in rows["running syncerd"][1], rows


def test_programs_of_several_versions(sim, make_syncerd, programs):
    syncerd = make_syncerd(binary=programs / "syncerd", program=programs / "syncer-worker")
    syncerd.wait_syncing("root:org:team-a", seconds=60)
    (programs / "newer").write_text("#!/bin/sh\necho syncerd 9.9.9\n")
    (programs / "newer").chmod(0o755)
    os.rename(programs / "newer", programs / "syncerd")
    status, rows = check(syncerd)
    assert status == 1 and "syncerd 9.9.9, syncer-worker " in rows["installed programs"][1], rows
    assert "version 9.9.9 is installed" in rows["running syncerd"][1], rows


def test_files_that_do_not_fit(sim, syncerd):
    (syncerd.directory / "state" / "paused.json").write_text('{"version": 7}')
    text = syncerd.config.read_text()
    syncerd.config.write_text(text + "future: true\n")
    status, rows = check(syncerd)
    assert status == 1 and rows["configuration"][0] == "attention" and "future" in rows["configuration"][1], rows
    syncerd.config.write_text(text)
    status, rows = check(syncerd, "--config", str(syncerd.config))
    assert status == 1 and rows["configuration"][0] == "ok" and "paused.json is not of version 1" in rows["state directory"][1], rows


def test_without_an_answer(sim, syncerd):
    """A syncerd that hangs is found all the same; one that is not there is no reason to say nothing of the rest."""
    os.kill(syncerd.process.pid, signal.SIGSTOP)
    try:
        status, rows = check(syncerd)
    finally:
        os.kill(syncerd.process.pid, signal.SIGCONT)
    assert status == 1 and rows["control protocol"][0] == "attention" and "no answer" in rows["control protocol"][1], rows
    assert rows["workers"][1].startswith("3, ") and rows["configuration"][0] == "ok", rows
    wait_for(lambda: syncerd.workspaces(), 60, "it to answer again")
    syncerd.stop()
    status, rows = check(syncerd, "--config", str(syncerd.config))
    assert status == 1 and rows["running syncerd"][2] == "systemctl start syncerd" and rows["workers"][0] == "skipped", rows
    assert rows["configuration"][0] == "ok" and rows["state directory"][0] == "ok" and rows["installed programs"][0] == "ok", rows


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_program_of_somebody_else_is_not_run(sim, make_syncerd, programs, place):
    """Where it lies says the process behind the socket, which is not root: it must not get root to run something."""
    syncerd = make_syncerd(binary=programs / "syncerd", program=programs / "syncer-worker")
    syncerd.wait_syncing("root:org:team-a", seconds=60)
    trap = programs / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {place}/sprung\necho syncerd 0.1.0\n")
    trap.chmod(0o755)
    os.chown(trap, 65534, 65534)
    os.rename(trap, programs / "syncerd")
    status, rows = check(syncerd)
    assert status == 1 and not (place / "sprung").exists(), rows
    assert "users other than root and you can write to it" in rows["configuration"][1] and rows["installed programs"][0] == "attention", rows
    os.chown(programs / "syncerd", 0, 0)
    assert check(syncerd)[1]["configuration"][0] == "ok" and (place / "sprung").exists()

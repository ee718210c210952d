"""Another syncer-worker and SIGHUP: one workspace after the other, the canary first, and back where the new one does not do."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import hostile_worker
import pytest
from testbed.beside import Busy
from testbed.waiting import wait_for

from .simulator import binaries, widget, widgets
from .world import Team, stays

TEAMS = ("root:org:team-a", "root:org:team-b", "root:org:team-c")
CANARY = "root:org:team-b"  # the one without objects
NOBODY = 65534
ORDER = (CANARY, "root:org:team-c", "root:org:team-a")

IMPOSTOR = """#!/usr/bin/python3
import sys
sys.path.insert(0, {folder!r})
from hostile_worker import BOOT_FD, Worker, heartbeats, wait
import json, os
size = os.fstat(BOOT_FD).st_size
worker = Worker(json.loads(os.pread(BOOT_FD, size, 0)))
{body}
"""
BAD = {
    "exits at once": ("#!/bin/sh\nexit 5\n", "WorkerCrashed"),
    "is no program": ("nothing\n", "WorkerNotStarted"),
    "says nothing": ("#!/bin/sh\nexec sleep 600\n", "HandshakeFailed"),
    "speaks another protocol": (
        IMPOSTOR.format(folder=os.path.dirname(hostile_worker.__file__), body="worker.connect().send('hello', worker.hello(), v=2)\nwait()"),
        "HandshakeFailed"),
    "is never in step": (
        IMPOSTOR.format(folder=os.path.dirname(hostile_worker.__file__), body="heartbeats(worker.welcome(), phase='Starting')"),
        "not in step in time"),
}

CHANGES = {"HandshakeFailed": [("startDeadline: 15s", "startDeadline: 1s")], "not in step in time": [("upgradeDeadline: 60s", "upgradeDeadline: 2s")]}


def replace(program, text=None):
    """As a package does: the name is given to another file."""
    fresh = program.with_suffix(".new")
    if text is None:
        shutil.copy2(binaries() / program.name, fresh)
    else:
        fresh.write_text(text)
        fresh.chmod(0o755)
    fresh.rename(program)


class Rig:
    """A syncerd whose worker program can be replaced, with one, two and no objects in its three workspaces."""

    def __init__(self, sim, make_syncerd, place, **options):
        self.folder = pathlib.Path(place / "bin")
        self.folder.mkdir()
        self.program = self.folder / "syncer-worker"
        self.replace()
        self.team = Team(sim)
        self.team.create("one", "two")
        sim.kcp.at(TEAMS[2]).call("POST", widgets(), widget("three"))
        self.syncerd = make_syncerd(**{"program": self.program, "startDeadline": "15s", "upgradeStable": "300ms", "upgradeDeadline": "60s",
                                       "backoffMax": "1s", **options})
        self.wait_well()
        wait_for(lambda: [self.syncerd.workspace(team)["objects"] for team in TEAMS] == [2, 0, 1], 20, "all objects to be counted")
        self.before = self.syncerd.pids()
        self.mark = 0

    def replace(self, text=None):
        replace(self.program, text)

    def reload(self, *changes):
        text = self.syncerd.config.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.syncerd.config.write_text(text)
        self.mark = len(self.syncerd.log.read_text())
        os.kill(self.syncerd.process.pid, signal.SIGHUP)

    def said(self):
        return self.syncerd.log.read_text()[self.mark:]

    def wait_said(self, words, seconds=60):
        wait_for(lambda: words in self.said(), seconds, f"{words!r} in the log")

    def wait_well(self):
        self.syncerd.wait_syncing(*TEAMS, seconds=60)

    def upgrade(self):
        return self.syncerd.json("status")["upgrade"]

    def binaries(self):
        return {w["path"]: w["binary"] for w in self.syncerd.workspaces()}

    def wait_done(self):
        self.wait_said("all workers run")
        self.wait_well()
        assert self.upgrade()["state"] == "Idle" and self.upgrade()["oldWorkers"] == 0
        assert set(self.binaries().values()) == {"current"}

    def wait_stopped(self):
        wait_for(lambda: self.upgrade()["state"] == "Stopped", 60, "the upgrade to stop")
        self.wait_well()
        assert set(self.binaries().values()) == {"old"}

    def steps(self):
        """What was restarted and what came to run, in the order of the log."""
        return re.findall(r"root:org:team-[abc].*worker pid \d+ is (restarted|running)", self.said())


@pytest.fixture
def rig(sim, make_syncerd, place):
    return Rig(sim, make_syncerd, place)


class Asking(Busy):
    """Asks for the status again and again; who is not answered says so at the end."""

    def __init__(self, syncerd):
        self.syncerd = syncerd
        self.answers = 0
        self.failures = []
        super().__init__(self.ask)

    def ask(self, over):
        while not over.is_set():
            done = subprocess.run([str(binaries() / "syncerctl"), "--socket", str(self.syncerd.socket), "status", "-o", "json"],
                                  capture_output=True, text=True, timeout=60, check=False)
            if done.returncode:
                self.failures.append(done.stderr)
            self.answers += 1
            over.wait(0.05)


def test_one_after_the_other_and_the_emptiest_first(rig):
    rig.replace()
    with Asking(rig.syncerd) as asking:
        rig.reload()
        rig.team.create("meanwhile")
        rig.team.wait_down("meanwhile", seconds=60)
        rig.wait_done()
    assert asking.answers > 0 and not asking.failures
    after = rig.syncerd.pids()
    assert not set(after.values()) & set(rig.before.values())
    moved = re.findall(r"(root:org:team-[abc]).*is restarted with the new program", rig.said())
    assert tuple(moved) == ORDER
    assert rig.steps() == ["restarted", "running"] * 3  # never two at a time
    assert all(w["restarts"] == 1 and w["lastExit"] == "" and w["version"] for w in rig.syncerd.workspaces())
    rig.reload()
    rig.wait_said("read again")
    stays(lambda: rig.syncerd.pids() == after, "nobody is restarted for the same file", 1)


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_one_stops_at_the_canary(rig, kind):
    text, reason = BAD[kind]
    rig.replace(text)
    rig.reload(*CHANGES.get(reason, ()))
    rig.wait_stopped()
    after = rig.syncerd.pids()
    assert after[CANARY] != rig.before[CANARY]
    assert {path: pid for path, pid in after.items() if path != CANARY} == {path: pid for path, pid in rig.before.items() if path != CANARY}
    assert CANARY in rig.upgrade()["message"] and reason in rig.upgrade()["message"]
    assert "UpgradeStopped" in rig.syncerd.ctl("events")
    rig.team.create("later")
    rig.team.wait_down("later", seconds=60)


def test_stopped_is_told_and_does_not_lower_ready(rig):
    rig.replace(BAD["exits at once"][0])
    rig.reload()
    rig.wait_stopped()

    def conditions():
        return {c["type"]: c for c in rig.syncerd.json("status")["syncTarget"]["conditions"]}
    wait_for(lambda: conditions()["WorkersReady"]["reason"] == "UpgradeStopped", 30, "the condition")
    assert conditions()["WorkersReady"]["severity"] == "Info" and conditions()["Ready"]["status"] == "True"
    assert "Stopped" in rig.syncerd.ctl("status") and "old" in rig.syncerd.ctl("workspaces", "-o", "wide")
    pids = rig.syncerd.pids()
    os.kill(pids[TEAMS[0]], signal.SIGKILL)  # who starts again meanwhile starts with the old one
    wait_for(lambda: rig.syncerd.pids().get(TEAMS[0]) not in (None, pids[TEAMS[0]]), 60, "another process")
    rig.wait_stopped()
    rig.reload()
    rig.wait_said("not tried again")
    os.utime(rig.program)
    rig.reload()
    rig.wait_said("(WorkerCrashed)")
    rig.wait_stopped()
    rig.replace()
    rig.reload()
    rig.wait_done()
    wait_for(lambda: conditions()["WorkersReady"]["reason"] == "AllWorkersReady", 30, "the condition to go")


def test_the_death_of_the_canary_stops_it(sim, make_syncerd, place):
    rig = Rig(sim, make_syncerd, place, upgradeStable="10m")
    rig.replace()
    rig.reload()

    def fresh():
        pid = rig.syncerd.pids().get(CANARY)
        return pid if pid not in (None, rig.before[CANARY]) else None
    os.kill(wait_for(fresh, 60, "the canary's new process"), signal.SIGKILL)
    rig.wait_stopped()
    assert [rig.syncerd.pids()[path] for path in ORDER[1:]] == [rig.before[path] for path in ORDER[1:]]


def test_a_second_reload_goes_on_and_a_second_file_begins_anew(sim, make_syncerd, place):
    rig = Rig(sim, make_syncerd, place, upgradeStable="10m")
    rig.replace()
    rig.reload()
    mark = rig.mark
    rig.wait_said("as the first of all")
    rig.reload()
    rig.wait_said("read again")
    rig.replace()
    rig.reload(("upgradeStable: 10m", "upgradeStable: 300ms"))
    rig.wait_done()
    rig.mark = mark
    assert rig.steps().count("restarted") == 4 and not rig.upgrade()["message"]  # the first canary twice


def test_a_workspace_that_goes_meanwhile(sim, make_syncerd, place):
    rig = Rig(sim, make_syncerd, place, minute=1, upgradeStable="10m")
    rig.replace()
    rig.reload()
    rig.wait_said("as the first of all")
    sim.kcp.at(CANARY).call("DELETE", "/apis/apis.kcp.io/v1alpha2/apibindings/widgets")
    wait_for(lambda: rig.syncerd.workspace(ORDER[1])["binary"] == "current", 60, "the next one's turn")
    wait_for(lambda: CANARY not in rig.syncerd.pids(), 60, "the worker that has drained to leave")
    assert rig.upgrade()["state"] == "Rolling"


def test_a_stop_in_the_middle_is_in_order(rig):
    rig.replace()
    rig.reload()
    rig.wait_said("as the first of all")
    rig.syncerd.stop()


def test_a_replaced_syncerd_goes_on_and_says_so(make_syncerd, place):
    program = place / "syncerd"
    replace(program)
    syncerd = make_syncerd(binary=program, program=binaries() / "syncer-worker")
    syncerd.wait_syncing(*TEAMS, seconds=60)
    assert syncerd.json("status")["binary"] == "current" and "replaced" not in syncerd.ctl("status")
    before = syncerd.pids()
    replace(program)
    assert syncerd.json("status")["binary"] == "old" and "has been replaced: restart" in syncerd.ctl("status")
    os.kill(syncerd.process.pid, signal.SIGHUP)
    wait_for(lambda: "syncerd itself has been replaced" in syncerd.log.read_text(), 60, "the log to say so")
    assert syncerd.pids() == before
    syncerd.stop()
    syncerd.start().wait_syncing(*TEAMS, seconds=60)
    assert syncerd.json("status")["binary"] == "current"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user; then all other tests run without rights")
def test_the_old_one_can_be_started_without_rights(sim, make_syncerd, place, monkeypatch):
    """It has no name any more, and the one who starts it is nobody."""
    programs = place / "programs"
    programs.mkdir(mode=0o755)
    for name in ("syncerd", "syncer-worker", "syncerctl"):
        shutil.copy(binaries() / name, programs)
    monkeypatch.setenv("SYNCERD_BIN", str(programs))
    rig = Rig(sim, make_syncerd, place, user=NOBODY)
    rig.replace(BAD["exits at once"][0])
    rig.reload()
    rig.wait_stopped()
    canary = rig.syncerd.pids()[CANARY]
    assert canary != rig.before[CANARY] and rig.syncerd.is_worker(canary)

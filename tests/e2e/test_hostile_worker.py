"""Workers that break every rule of the link to their supervisor, all at once: what do they do to it, and to the one honest worker among them?

hostile_worker.py plays them. A table at the end says what each was found guilty of, and what the neighbour noticed.
"""

import json
import os
import shutil
import statistics
import time

import pytest
from objects import WIDGETS, widget
from syncerd import program
from testbed import wait_for

# mode -> what the supervisor calls it; "" = nothing that it has to end, and nothing that it gains
MODES = {
    "dies_at_start": "WorkerCrashed",
    "dies_connected": "WorkerCrashed",
    "dies_in_a_length": "WorkerCrashed",
    "dies_after_the_hello": "WorkerCrashed",
    "dies_in_a_message": "WorkerCrashed",
    "never_connects": "HandshakeFailed",
    "never_says_hello": "HandshakeFailed",
    "wrong_token": "HandshakeFailed",
    "another_workspace": "HandshakeFailed",
    "another_incarnation": "HandshakeFailed",
    "links_of_others": "HandshakeFailed",
    "many_connections": "HandshakeFailed",
    "floods": "WorkerMisbehaved",
    "replays": "WorkerMisbehaved",
    "random_bytes": "WorkerMisbehaved",
    "random_changes": "WorkerMisbehaved",
    "as_large_as_may_be": "WorkerMisbehaved",
    "not_its_turn": "WorkerMisbehaved",
    "too_large": "WorkerHung",
    "a_byte_at_a_time": "WorkerHung",
    "never_reads": "WorkerHung",
    "reorders": "WorkerHung",
    "lies": "",
    "does_not_stop": "",
}
CREATES = 20
GROWTH_KB = 48 * 1024  # of the supervisor: what 25 links may queue is bounded, and the allocator keeps what was free once


class Stage:
    """A syncerd whose worker program is the impostor, one honest tenant, and a tenant for each mode."""

    def __init__(self, site, launch, directory):
        self.site, self.directory = site, directory
        shutil.copy(os.path.join(os.path.dirname(__file__), "hostile_worker.py"), directory)
        os.symlink(program("syncer-worker"), os.path.join(directory, "syncer-worker"))
        self.neighbour, *others = site.tenants(1 + len(MODES))
        self.played = dict(zip(MODES, others))
        self.play({})
        self.syncerd = launch(site.config(workers={
            "program": os.path.join(directory, "hostile_worker.py"), "heartbeat": "1s", "heartbeatDeadline": "4s", "startDeadline": "5s",
            "stopDeadline": "1s", "backoffFirst": "200ms", "backoffMax": "2s"}))
        for tenant in [self.neighbour, *others]:
            self.syncerd.wait_state(tenant, "Syncing", timeout=90)
        self.creates = 0
        self.rows = []

    def play(self, modes):
        text = json.dumps({self.neighbour.cluster: "honest", **{tenant.cluster: modes.get(mode, "honest") for mode, tenant in self.played.items()}})
        path = os.path.join(self.directory, "modes.json")
        with open(path + ".new", "w") as file:
            file.write(text)
        os.rename(path + ".new", path)
        if modes or self.__dict__.get("syncerd"):
            for tenant in self.played.values():
                self.syncerd.ctl("restart", tenant.path)

    def look(self, when):
        """Create objects in the honest workspace, one after the other; what that took, and how large the supervisor is."""
        times = []
        for _ in range(CREATES):
            self.creates += 1
            begun = time.monotonic()
            self.neighbour.create(widget(f"w-{self.creates}"))
            self.neighbour.wait_down(WIDGETS, f"w-{self.creates}", timeout=60)
            times.append((time.monotonic() - begun) * 1000)
        begun = time.monotonic()
        self.syncerd.ctl("status")
        asked = (time.monotonic() - begun) * 1000
        row = {"when": when, "create p50": statistics.median(times), "create max": max(times), "status": asked, **size_of(self.syncerd.pid)}
        self.rows.append(row)
        return row


def size_of(pid):
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file.read().splitlines() if ":" in line)
    return {"rss": int(fields["VmRSS"].split()[0]), "threads": int(fields["Threads"]), "descriptors": len(os.listdir(f"/proc/{pid}/fd"))}


@pytest.fixture(scope="module")
def stage(site, launch, scratch):
    return Stage(site, launch, scratch("hostile"))


def found(stage, mode):
    """What the supervisor has said of this worker: how the last process ended, and what became of the workspace."""
    view = stage.syncerd.view(stage.played[mode])
    return view.get("lastExit", ""), view


def test_each_is_found_out_and_the_neighbour_goes_on(stage, capsys):
    before = stage.look("all are honest")
    pid = stage.syncerd.worker_of(stage.neighbour)
    stage.play({mode: mode for mode in MODES})
    for mode, reason in MODES.items():
        if reason:
            wait_for(lambda: found(stage, mode)[0] == reason, 60, f"{mode} to be called {reason}, not {found(stage, mode)[0]!r}")
    during = stage.look("all others are hostile")
    assert stage.syncerd.worker_of(stage.neighbour) == pid, "the neighbour's worker was replaced"
    assert during["rss"] - before["rss"] < GROWTH_KB
    show_modes(stage, capsys)


def test_what_they_say_reaches_nobody(stage):
    """No state is believed of who was not let in, and nothing but a worker's own state of who was."""
    entries = {mode: stage.site.workspace_entry(tenant) for mode, tenant in stage.played.items()}
    stage.site.wait_phase(stage.neighbour, "Syncing")
    for mode, reason in MODES.items():
        assert entries[mode].get("phase"), f"{mode} is not in the SyncTarget"
        if reason == "HandshakeFailed":
            assert entries[mode]["phase"] != "Syncing", f"{mode}: {entries[mode]}"
        if reason == "":
            assert found(stage, mode)[0] == "", f"{mode} was ended: what it says was not even read"
    assert stage.syncerd.view(stage.played["lies"]), "a worker that says it has drained was believed"
    stage.site.wait_message(stage.played["lies"], lambda message: "everything is fine" in message)
    text = json.dumps(stage.site.status())
    assert "\\u001b" not in text and "\\u202e" not in text


def test_an_honest_worker_starts_among_them(stage):
    """Those that never get through their start hold places in the queue of starts: the others must have their turn."""
    old = stage.syncerd.worker_of(stage.neighbour)
    stage.syncerd.ctl("restart", stage.neighbour.path)
    stage.syncerd.wait_worker(stage.neighbour, other_than=old, timeout=60)
    stage.look("the neighbour was restarted among them")


def test_who_reforms_is_taken_back(stage, capsys):
    supervisor = stage.syncerd.pid
    stage.play({})
    for tenant in stage.played.values():
        stage.syncerd.wait_state(tenant, "Syncing", timeout=90)
    after = stage.look("all are honest again")
    assert stage.syncerd.pid == supervisor and stage.syncerd.alive()
    assert after["rss"] - stage.rows[0]["rss"] < GROWTH_KB
    wait_for(lambda: size_of(stage.syncerd.pid)["descriptors"] <= stage.rows[0]["descriptors"] + 3, 60, "the descriptors of dead links to be closed")
    show_rows(stage, capsys)


def show_modes(stage, capsys):
    with capsys.disabled():
        print(f"\n{'mode':22} {'found to be':18} {'detail':28} restarts")
        for mode in MODES:
            reason, view = found(stage, mode)
            print(f"{mode:22} {reason or '-':18} {view.get('lastExitDetail', '') or '-':28} {view.get('restarts', 0)}")


def show_rows(stage, capsys):
    with capsys.disabled():
        print(f"\n{'supervisor and neighbour':40} {'p50 ms':>8} {'max ms':>8} {'status ms':>10} {'RSS KiB':>8} {'threads':>8} {'fds':>5}")
        for row in stage.rows:
            print(f"{row['when']:40} {row['create p50']:8.1f} {row['create max']:8.1f} {row['status']:10.1f} {row['rss']:8} {row['threads']:8} "
                  f"{row['descriptors']:5}")

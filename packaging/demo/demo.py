#!/usr/bin/python3
"""The main job in 20 seconds, without a kcp: the simulator plays kcp and the cluster, syncerd does its real work.

usage: demo.py [BIN]      BIN = folder of syncerd, syncer-worker, syncerctl and syncerd-sim (default: build/release/bin)
"""
import json
import os
import pathlib
import shutil
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
sys.dont_write_bytecode = True
if len(sys.argv) > 1:
    os.environ["SYNCERD_BIN"] = str(pathlib.Path(sys.argv[1]).resolve())

from sim_suite.simulator import CT_MERGE, Simulator, binaries, widget, widgets  # noqa: E402
from sim_suite.syncer import Syncerd, downstream_widgets  # noqa: E402
from testbed.waiting import wait_for as wait_until  # noqa: E402

TEAMS = {f"root:org:team-{letter}": f"team{letter}0000000000{letter}" for letter in "abc"}
BOLD, GREEN, PLAIN = ("\033[1m", "\033[32m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


def wait_for(what, condition):
    return wait_until(condition, 15, what)


def step(text):
    print(f"\n{BOLD}==> {text}{PLAIN}", flush=True)


def table(headings, rows):
    widths = [max(len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]
    for row in [headings, *rows]:
        print("    " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def show(text):
    print("".join(f"    {line}\n" for line in text.splitlines()), end="", flush=True)


def down_and_up(sim):
    step("Each team creates a Widget called 'web' in its own workspace, all in namespace 'default'")
    start = time.monotonic()
    for size, path in enumerate(TEAMS, 1):
        sim.kcp.at(path).call("POST", widgets(), widget("web", size=size))
    wait_for("three copies in the cluster", lambda: len(downstream_widgets(sim, "web")) == 3)
    print(f"    {GREEN}all three are in the cluster after {(time.monotonic() - start) * 1000:.0f} ms{PLAIN}, equal names side by side:")
    copies = downstream_widgets(sim, "web")
    rows = [(path, "default/web", f"{copies[cluster, 'default', 'web']['metadata']['namespace']}/web",
             copies[cluster, "default", "web"]["spec"]["size"]) for path, cluster in TEAMS.items()]
    table(("WORKSPACE (kcp)", "OBJECT", "COPY (cluster)", "SPEC.SIZE"), rows)

    step("A controller in the cluster writes status; it comes back to each team")
    start = time.monotonic()
    for copy in copies.values():
        path = widgets(copy["metadata"]["namespace"], "web")
        sim.cluster.call("PATCH", path + "/status", {"status": {"phase": "Ready", "replicas": copy["spec"]["size"]}}, CT_MERGE)

    def status(path):
        return sim.kcp.at(path).get(widgets(name="web")).get("status", {})
    wait_for("status in kcp", lambda: all(status(path).get("phase") == "Ready" for path in TEAMS))
    print(f"    {GREEN}seen in kcp after {(time.monotonic() - start) * 1000:.0f} ms{PLAIN}:")
    table(("WORKSPACE (kcp)", "OBJECT", "STATUS"), [(path, "default/web", json.dumps(status(path))) for path in TEAMS])


def restart_one(sim, syncerd):
    step("The worker of team-b is killed (SIGKILL); only it is started again")
    victim = "root:org:team-b"
    before = syncerd.pids()
    os.kill(before[victim], 9)
    wait_for("a new worker", lambda: syncerd.pids().get(victim) not in (None, before[victim]))
    syncerd.wait_syncing(*TEAMS)
    after = syncerd.pids()
    table(("WORKSPACE", "PID BEFORE", "PID AFTER", ""),
          [(path, before[path], after[path], "restarted" if before[path] != after[path] else "untouched") for path in TEAMS])
    if [path for path in TEAMS if before[path] != after[path]] != [victim]:
        raise AssertionError("a worker that had nothing to do with it was restarted")
    sim.kcp.at(victim).call("PATCH", widgets(name="web"), {"spec": {"size": 42}}, CT_MERGE)
    wait_for("the change in the cluster", lambda: downstream_widgets(sim, "web")[TEAMS[victim], "default", "web"]["spec"]["size"] == 42)
    print(f"    {GREEN}and it works: team-b sets size to 42, the cluster has 42{PLAIN}")


def clean_up(sim):
    step("The teams delete their Widgets; the copies go first, then the originals")
    for path in TEAMS:
        sim.kcp.at(path).call("DELETE", widgets(name="web"))
    wait_for("everything gone", lambda: not downstream_widgets(sim, "web") and not any(sim.kcp.at(p).get(widgets(name="web")) for p in TEAMS))
    print(f"    {GREEN}nothing is left on either side{PLAIN}")


def story(directory):
    sim = Simulator()
    syncerd = Syncerd(directory, sim)
    try:
        step("A simulated kcp and a simulated cluster are running; syncerd starts with this configuration")
        show(syncerd.config.read_text())
        syncerd.start()
        syncerd.wait_syncing(*TEAMS)
        print(f"    {GREEN}it found {len(TEAMS)} workspaces that bound the API, and syncs them{PLAIN}")
        down_and_up(sim)
        step("syncerctl workspaces: one worker process for each workspace, each with its one object")
        wait_for("the workers' reports", lambda: [entry["objects"] for entry in syncerd.workspaces()] == [1] * len(TEAMS))
        show(syncerd.ctl("workspaces"))
        restart_one(sim, syncerd)
        clean_up(sim)
        step("syncerd stops: every worker ends with it")
        syncerd.stop()
        print(f"    {GREEN}done. Its log:{PLAIN}")
        show("\n".join(line[:150] for line in syncerd.log_tail(100).splitlines()))
    finally:
        if syncerd.process:
            syncerd.kill()
        sim.stop()


def main():
    missing = [name for name in ("syncerd", "syncer-worker", "syncerctl", "syncerd-sim") if not (binaries() / name).exists()]
    if missing:
        sys.exit(f"demo: {', '.join(missing)} missing in {binaries()}; build first: cmake --preset release && cmake --build --preset release")
    directory = pathlib.Path(tempfile.mkdtemp(prefix="syncerd-demo-"))
    try:
        story(directory)
    except AssertionError as error:
        sys.exit(f"demo: {error}")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()

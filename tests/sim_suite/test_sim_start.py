"""What --check-config promises, and a start on a machine where nothing has been prepared."""
import json
import resource
import subprocess

import pytest

from .simulator import binaries, kubeconfig
from .syncer import DIRECT, Syncerd
from .world import TEAM


def check(syncerd):
    return subprocess.run([str(binaries() / "syncerd"), "--config", str(syncerd.config), "--check-config"], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=20, check=False)


def test_the_directories_are_made(sim, make_syncerd, place):
    syncerd = make_syncerd(mode=DIRECT)
    syncerd.wait_syncing(TEAM)
    syncerd.stop()
    for name in ("run", "state"):
        for path in sorted((syncerd.directory / name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (syncerd.directory / name).rmdir()
    assert check(syncerd).returncode == 0
    assert not (syncerd.directory / "run").exists()  # a check makes nothing
    syncerd.start()
    syncerd.wait_syncing(TEAM)


def test_the_soft_limit_of_descriptors_is_raised(sim, make_syncerd, place):
    syncerd = make_syncerd(mode=DIRECT)
    syncerd.wait_syncing(TEAM)
    syncerd.stop()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        syncerd.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    syncerd.wait_syncing(TEAM)
    expected = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    assert resource.prlimit(syncerd.process.pid, resource.RLIMIT_NOFILE) == (expected, hard)


def in_kubeconfig(name, **more):
    def change(syncerd):
        path = syncerd.directory / f"{name}.kubeconfig"
        config = json.loads(path.read_text())
        config["clusters"][0]["cluster"].update(more)
        path.write_text(json.dumps(config))
    return change


def in_file(old, new):
    def change(syncerd):
        text = syncerd.config.read_text()
        assert old in text
        syncerd.config.write_text(text.replace(old, new))
    return change


def no_workspace(syncerd):
    in_file("  workspace: root:edge\n", "")(syncerd)
    kubeconfig(syncerd.directory / "kcp.kubeconfig", syncerd.sim.kcp.url)


CASES = {
    "workspace": (no_workspace, "no workspace for the SyncTarget"),
    "name": (in_file("name: edge-1", "name: " + "a" * 44), "43 characters"),
    "proxy": (in_kubeconfig("cluster", **{"proxy-url": "ftp://127.0.0.1:9"}), "proxy"),
    "tls name": (in_kubeconfig("kcp", **{"tls-server-name": "no host name"}), "TLS server name"),
    "program": (in_file("heartbeat: 1s", "heartbeat: 1s\n  program: /nonexistent/worker"), "workers.program: /nonexistent/worker"),
    "state": (in_file("/state", "/not/there/state"), "stateDirectory"),
    "runtime": (in_file("/run\n", "/not/there/run\n"), "runtimeDirectory"),
    "long": (in_file("/run\n", "/" + "r" * 90 + "\ncontrol: {socket: /tmp/s}\n"), "room for a socket's name"),
    "socket": (in_file("log:", "control: {socket: /nonexistent/x/control.sock}\nlog:"), "control.socket"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_check_finds_is_what_a_start_would_find(sim, place, case):
    change, words = CASES[case]
    syncerd = Syncerd(place, sim)
    assert check(syncerd).returncode == 0
    change(syncerd)
    done = check(syncerd)
    assert done.returncode == 3 and words in done.stderr, done.stderr + done.stdout

"""A further run of `syncerctl install kcp` must not take anything from the tenants."""
import subprocess

from .simulator import binaries, kubeconfig
from .world import Team, stays

TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"


def install(syncerd, *words):
    admin = syncerd.directory / "admin.kubeconfig"
    kubeconfig(admin, syncerd.sim.kcp.url)
    return subprocess.run([str(binaries() / "syncerctl"), "install", "kcp", "--workspace", "root:edge", "--name", "edge-1", "--kubeconfig", str(admin),
                           *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def exports(sim):
    return [entry["export"] for entry in sim.kcp.at("root:edge").get(TARGET)["spec"]["supportedAPIExports"]]


def test_without_export_nothing_is_taken_off(sim, syncerd):
    team = Team(sim)
    team.create("kept")
    team.wait_down("kept")
    done = install(syncerd, "--apply")
    assert done.returncode == 0, done.stderr
    assert exports(sim) == ["widgets"]
    assert "will serve nothing" not in done.stderr
    printed = install(syncerd)
    assert "export: widgets" in printed.stdout, printed.stdout + printed.stderr
    team.create("after")
    team.wait_down("kept", "after")


def test_pruning_is_asked_for_and_named(sim, syncerd):
    team = Team(sim)
    team.create("kept")
    team.wait_down("kept")
    done = install(syncerd, "--export", "root:provider:other", "--apply")
    assert done.returncode == 0, done.stderr
    assert exports(sim) == ["widgets", "other"]
    assert install(syncerd, "--prune-exports", "--apply").returncode == 2
    done = install(syncerd, "--export", "root:provider:other", "--prune-exports", "--apply")
    assert done.returncode == 0, done.stderr
    assert "no longer serves root:provider:widgets" in done.stderr
    assert exports(sim) == ["other"]
    # root:provider:other does not exist: until it does, the new list counts as a slip of the pen.
    stays(lambda: "kept" in team.copies(), "the copy", 3)


def test_an_export_that_is_not_looked_up_yet(sim, syncerd):
    """kcp refuses to bind to an export that it has stored a moment ago: that passes, and is no want of rights."""
    sim.kcp.fault("status:403", method="PATCH", path="/apibindings", agent="syncerctl", times=3)
    done = install(syncerd, "--apply")
    assert done.returncode == 0, done.stderr
    assert "rights do not suffice" not in done.stderr
    sim.kcp.fault("status:403", method="PATCH", path="/apibindings", agent="syncerctl", times=-1)
    done = install(syncerd, "--apply")
    assert done.returncode == 3 and "rights do not suffice" in done.stderr, done.stderr

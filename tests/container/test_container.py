"""One life of a container that is run as packaging/README.md says, on the real servers. The tests build on each other."""

import os
import shutil
import time

import pytest
import yaml
from box import UID, Box
from edge import TARGET
from engine import readme_command
from installed import Installed
from objects import WIDGETS, widget
from testbed import wait_for
from testbed.terminal import TYPE, Terminal

MEMORY = 256 << 20


class InstalledByImage(Installed):
    """By the syncerctl of the image, with the README's command; the kubeconfigs come to be where the container finds them."""

    def __init__(self, engine, world, folder, kube):
        super().__init__(world, folder)
        self.engine, self.kube_folder = engine, kube
        shutil.copy(world.bed.kcp.kubeconfig, os.path.join(kube, "kcp"))
        shutil.copy(world.bed.kube.kubeconfig, os.path.join(kube, "cluster"))

    def install(self, what, *args, check=True):
        words = command("podman run --rm --user 0", self.directory, kube=self.kube_folder)[1:]
        words = [*words[:words.index("install")], "install", what, "--workspace", self.home.path, "--name", TARGET, "--kubeconfig", "/kube/kcp",
                 "--context", "base", *(["--cluster-kubeconfig", "/kube/cluster"] if what == "cluster" else []),
                 *(arg.replace(f"{self.directory}/", "/etc/syncerd/") for arg in args)]
        return self.engine(*words[:1], "--network", "host", *words[1:], check=check)


@pytest.fixture(scope="module")
def etc(engine, image, world, scratch):
    """/etc/syncerd of a site that was made by the image's `syncerctl install`, readable for the container's user."""
    folder = scratch("etc")
    site = InstalledByImage(engine, world, folder, scratch("kube"))
    site.install_all()
    config = site.config(kcp={"kubeconfig": "/etc/syncerd/kcp.kubeconfig"}, cluster={"kubeconfig": "/etc/syncerd/cluster.kubeconfig"})
    write(folder, config)
    return site, folder, config


def write(folder, config):
    with open(os.path.join(folder, "syncerd.yaml"), "w") as file:
        yaml.safe_dump(config, file)
    for entry in os.scandir(folder):
        os.chown(entry.path, 0, UID)
        os.chmod(entry.path, 0o640)


def command(beginning, folder, **places):
    """A command of the README, with these folders for those that it names."""
    words = readme_command(beginning)
    for name, path in (("/etc/syncerd", folder), *((f"~/.{name}", path) for name, path in places.items())):
        assert [word for word in words if word.startswith(f"{name}:")], words
        words = [path + word[len(name):] if word.startswith(f"{name}:") else word for word in words]
    return words


def start(engine, folder):
    """The README's command, but for the folder, the host's network (the servers are on loopback) and a limit that is looked at."""
    words = command("podman run --detach", folder)
    assert words[3] == "--name" and words[-1] == "syncerd"
    return Box(engine, words[4]).run(["--network", "host", "--memory", MEMORY, *words[5:-1]])


@pytest.fixture(scope="module")
def box(engine, etc):
    made = start(engine, etc[1])
    yield made
    made.remove()


@pytest.fixture(scope="module")
def tenants(etc):
    return etc[0].tenants(2)


def test_the_configuration_is_checked(engine, etc):
    """As a new user would, before the first start."""
    engine(*command("podman run --rm --volume", etc[1])[1:])


def test_the_main_job(box, tenants):
    for number, tenant in enumerate(tenants):
        box.wait_state(tenant, "Syncing", timeout=60)
        box.check_main_job(tenant, WIDGETS, widget("boxed"), f"Running{number}")


def test_how_it_is_confined(box, tenants):
    assert len(box.workers()) == 2
    box.check_confined(MEMORY)
    box.show_memory("container", MEMORY)


def test_the_tools_inside(box):
    assert "edge-1" in box.ctl("status")
    assert box.engine("exec", box.name, "sh", check=False).returncode == 127


def test_a_screen_inside(engine, box, tenants):
    """top on a terminal that only the image can describe, and q ends it."""
    terminal = Terminal("podman", "exec", "--interactive", "--tty", "--env", f"TERM={TYPE}", box.name, "syncerctl", "top", "--interval", "200ms",
                        **engine.places)
    try:
        lines = terminal.wait(lambda lines: all(any(line.startswith(tenant.path) for line in lines) for tenant in tenants) and lines, "both workspaces")
        assert lines[0].startswith("syncerd ") and terminal.process.poll() is None, lines  # not one look as text
        terminal.type(b"q")
        assert terminal.wait_end() == 0
    finally:
        terminal.close()


def test_a_killed_worker(box, tenants):
    box.check_killed_worker(tenants[0])
    assert sorted(entry["restarts"] for entry in box.ctl_json("workspaces")) == [0, 1]
    box.check_main_job(tenants[0], WIDGETS, widget("after-the-kill"), "Back")


def test_reload(box, tenants, etc):
    """SIGHUP to process 1: the new file counts, every process stays."""
    before = [box.pid, *box.workers()]
    assert "debug" not in box.text()
    write(etc[1], {**etc[2], "log": {"level": "debug"}})
    box.hup()
    wait_for(lambda: "debug" in box.text(), 60, "a line of the level that is new")
    box.check_main_job(tenants[1], WIDGETS, widget("after-the-reload"), "Reloaded")
    assert [box.pid, *box.workers()] == before


def test_a_new_container_goes_on(engine, box, tenants, etc):
    """SIGTERM ends it with 0 in time and says so in kcp; what the volume holds, identity and pauses, is the next one's."""
    site, folder, _ = etc
    box.ctl("pause", tenants[1].path)
    identity = site.status()["syncer"]["identity"]
    uids = [tenant.down(WIDGETS, "boxed")["metadata"]["uid"] for tenant in tenants]
    pids = [box.pid, *box.workers()]
    assert box.stop() == 0
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert site.condition("HeartbeatHealthy")["reason"] == "SyncerStopped"
    box.remove()
    tenants[0].create(widget("meanwhile"))
    begun = time.monotonic()
    start(engine, folder)
    tenants[0].wait_down(WIDGETS, "meanwhile", timeout=60)
    print(f"container: {time.monotonic() - begun:.1f} s from podman run to an object that waited")
    box.wait_state(tenants[0], "Syncing", timeout=60)
    site.wait_condition("HeartbeatHealthy", "True", timeout=60)
    assert site.status()["syncer"]["identity"] == identity
    assert [tenant.down(WIDGETS, "boxed")["metadata"]["uid"] for tenant in tenants] == uids
    assert box.view(tenants[1])["state"] == "Paused"
    box.ctl("resume", tenants[1].path)
    box.wait_state(tenants[1], "Syncing", timeout=60)

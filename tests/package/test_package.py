"""One life of the package on a Debian 12 with systemd, on the real servers, in the order of this file."""
import re
import shutil
import subprocess
import time

import pytest
from inside import check_main_job, readme_commands
from objects import WIDGETS, widget
from packages import symbols
from testbed.waiting import wait_for

DROP_INS = "/etc/systemd/system/syncerd.service.d"


@pytest.fixture
def say(capsys):
    """A function that prints figures past pytest."""
    def write(*lines):
        with capsys.disabled():
            print("", *lines, sep="\n", end="")

    return write


@pytest.fixture
def drop_in(machine):
    """A function that adds to the unit for the length of a test."""
    def add(name, text):
        machine.path(DROP_INS).mkdir(exist_ok=True)
        machine.path(f"{DROP_INS}/{name}").write_text(text)
        machine.run("systemctl", "daemon-reload")

    yield add
    shutil.rmtree(machine.path(DROP_INS), ignore_errors=True)
    machine.run("systemctl", "daemon-reload")


def install(machine, deb):
    shutil.copy(deb, machine.path("/root/syncerd.deb"))
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "/root/syncerd.deb", timeout=400)
    return machine.out("dpkg-query", "-W", "-f", "${Status} ${Version}", "syncerd")


def sh(machine, command):
    """A command of README.md, as root would type it."""
    return machine.run("sh", "-ec", command)


def uids_down(edge, name):
    return {tenant.path: tenant.down(WIDGETS, name)["metadata"]["uid"] for tenant in edge.tenants()}


def state(machine):
    return {file.name: file.read_bytes() for file in machine.path("/var/lib/syncerd").iterdir() if file.is_file()}


def test_lintian(debs, say):
    """No error and no warning, in the package of the symbols neither; what is overridden has its reason beside it."""
    if not shutil.which("lintian"):
        pytest.skip("test_lintian: lintian not found (packaging/install-deps package-test)")
    files = [debs[0], symbols(debs[0])]
    done = subprocess.run(["lintian", "--allow-root", *files], capture_output=True, text=True, check=False)
    say(*(f"{file.name}: {file.stat().st_size >> 10} KiB" for file in files))
    found = [line for line in done.stdout.splitlines() if line.startswith(("E:", "W:"))]
    assert done.returncode == 0 and not found, done.stdout + done.stderr


@pytest.fixture(scope="module")
def fetched(machine, debs):
    """The libraries that the package depends on lie in apt's cache: a mirror that goes away in between is no failure of the product."""
    shutil.copy(debs[0], machine.path("/root/syncerd.deb"))
    machine.run("apt-get", "install", "-s", "--no-install-recommends", "/root/syncerd.deb")
    begun = time.monotonic()
    done = machine.run("apt-get", "install", "-y", "--download-only", "--no-install-recommends", "/root/syncerd.deb", check=False, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"the mirror does not give what the package depends on: {' '.join(done.stderr.split())[-300:]}")
    return time.monotonic() - begun


def test_install(machine, debs, fetched):
    assert install(machine, debs[0]).startswith("install ok installed")
    assert machine.out("systemctl", "is-enabled", "syncerd.service") == "enabled"
    assert machine.out("systemctl", "is-enabled", "syncerd-control.socket", check=False) == "disabled"
    # There is no configuration yet: it waits, and has not failed.
    assert machine.show("syncerd.service", "ActiveState") == "inactive"
    assert machine.out("systemctl", "--failed", "--no-legend").count("syncerd") == 0
    assert machine.mode("/etc/syncerd") == "750 root syncerd"
    for command in (["syncerd", "--version"], ["syncerctl", "--version"], ["kubectl-syncer", "--version"], ["kubectl_complete-syncer", ""],
                    ["test", "-f", "/usr/share/man/man8/syncerd.8.gz"], ["test", "-f", "/usr/share/man/man1/kubectl-syncer.1.gz"]):
        machine.run(*command)
    shutil.copy(symbols(debs[0]), machine.path("/root/symbols.ddeb"))
    machine.run("apt-get", "install", "-y", "/root/symbols.ddeb")
    assert machine.out("dpkg", "--verify", "syncerd", "syncerd-dbgsym") == ""  # every file is as its sum says
    machine.run("apt-get", "purge", "-y", "syncerd")


def test_main_job(machine, service, edge, debs, fetched, say):
    """The commands of README.md from `apt install` on; two workspaces have bound the export and wait."""
    commands = readme_commands("As a systemd service")
    first = next(i for i, command in enumerate(commands) if command.startswith("apt install"))
    edge.create(widget("first"))
    begun = time.monotonic()
    assert install(machine, debs[0]).startswith("install ok installed")
    installed = time.monotonic() - begun
    for command in commands[first + 1:]:
        said = sh(machine, command)
    edge.learn()
    for tenant in edge.tenants():
        tenant.wait_down(WIDGETS, "first", timeout=60)
    say(f"from `apt install` to the first object synced: {time.monotonic() - begun:.1f} s (apt {installed:.1f} s; before it {fetched:.1f} s of downloads)")
    assert "edge-1" in said.stdout, said.stdout
    service.wait_syncing(edge.teams)
    check_main_job(edge, widget("web"))
    edge.wait_condition("Ready", "True", timeout=60)
    status = wait_for(lambda: "Ready=True" in machine.show("syncerd.service", "StatusText") and machine.show("syncerd.service", "StatusText"), 30, "STATUS=")
    say(f"STATUS={status}")
    assert machine.mode("/etc/syncerd/kcp.kubeconfig") == "640 root syncerd"


def test_processes(machine, service, edge, say):
    """Each is the service's user, without a capability, in a folder that is its alone."""
    uid = machine.out("id", "-u", "syncerd")
    for name, pid in {"supervisor": service.pid, **service.wait_syncing(edge.teams)}.items():
        status = service.process(pid)
        assert status["Uid"] == [uid] * 4 and status["NoNewPrivs"] == ["1"] and status["Seccomp"] == ["2"], (name, status)
        assert not any(int(status[f"Cap{which}"][0], 16) for which in ("Prm", "Eff", "Bnd", "Amb")), (name, status)
        say("{}: RSS {} KiB, PSS {} KiB".format(name if name == "supervisor" else "worker", *service.memory(pid)))
    assert machine.mode("/var/lib/syncerd") == "700 syncerd syncerd"
    assert machine.mode("/run/syncerd") == "710 syncerd syncerd"
    assert machine.mode("/run/syncerd/control.sock") == "600 syncerd syncerd"


def test_journal(service, edge):
    """What an entry is about is in fields of its own."""
    team = edge.teams[0]
    about = wait_for(lambda: service.journal("-u", "syncerd", f"SYNCERD_CLUSTER={team.cluster}"), 30, f"entries about {team}")
    assert {entry.get("SYNCERD_WORKSPACE", team.path) for entry in about} == {team.path}
    assert all(entry["_SYSTEMD_UNIT"] == "syncerd.service" and entry["SYSLOG_IDENTIFIER"].startswith("sync") for entry in about)


def test_limits(machine, service, edge, say):
    """Taken up by a reload, in the same processes or new ones; enforced in one of the two ways, and said so."""
    config = machine.path("/etc/syncerd/syncerd.yaml")
    config.write_text(config.read_text() + "\nworkers: {memoryMax: 64Mi}\n")
    pid = service.pid
    machine.run("systemctl", "log-level", "debug")
    machine.run("systemctl", "reload", "syncerd")
    # systemd has heard that it reloads, and that it is done.
    for word in ("RELOADING=1", "READY=1"):
        service.wait_journal(f"Got notification message from PID {pid} ({word}", "_PID=1")
    machine.run("systemctl", "log-level", "info")
    wait_for(lambda: "memoryMax 64Mi; by " in machine.out("syncerctl", "status"), 60, "the limit in the status")
    status = machine.out("syncerctl", "status")
    say(next(line for line in status.splitlines() if "memoryMax" in line))

    def limited():
        entries = service.workspaces()
        assert len(entries) == 2 and all(entry["state"] == "Syncing" and entry["pid"] for entry in entries), entries
        for entry in entries:
            if "by cgroups" in status:
                assert entry["limitedBy"] == "cgroup" and "/syncerd.service/worker-" in machine.out("cat", f"/proc/{entry['pid']}/cgroup")
            else:
                limits = machine.out("cat", f"/proc/{entry['pid']}/limits", check=False)
                assert entry["limitedBy"] == "rlimits" and 64 << 20 <= int(re.search(r"Max data size +(\d+)", limits)[1]) < 1 << 30
        return True

    wait_for(limited, 60, "each worker to be limited")
    assert service.pid == pid and service.restarts() == 0
    assert "has no effect" not in machine.out("journalctl", "-u", "syncerd")


def test_security(machine, say):
    """As tight as README says."""
    last = machine.out("systemd-analyze", "security", "syncerd.service", "--no-pager").splitlines()[-1]
    say(last)
    assert float(last.split("syncerd.service:")[1].split()[0]) < 2.0, last


def test_kill(machine, service, edge):
    """systemd starts it again, its workers are new, and nothing downstream is."""
    before, pid, count, uids = service.wait_syncing(edge.teams), service.pid, service.restarts(), uids_down(edge, "web")
    machine.run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "syncerd")
    wait_for(lambda: service.restarts() == count + 1 and service.pid not in (0, pid), 60, "systemd to start it again")
    assert not set(before.values()) & set(service.wait_syncing(edge.teams).values())
    check_main_job(edge, widget("after-kill"))
    assert uids_down(edge, "web") == uids


def test_watchdog(machine, service, edge, drop_in):
    """A supervisor that stands still is replaced."""
    assert machine.show("syncerd.service", "WatchdogUSec") == "30s"
    drop_in("watchdog.conf", "[Service]\nWatchdogSec=8s\n")
    machine.run("systemctl", "restart", "syncerd")
    service.wait_syncing(edge.teams)
    pid = service.pid
    machine.run("systemctl", "kill", "--kill-who=main", "--signal=STOP", "syncerd")
    wait_for(lambda: service.pid not in (0, pid), 60, "systemd to replace it")
    service.wait_journal("Watchdog timeout", "-u", "syncerd")
    service.wait_syncing(edge.teams)


def test_upgrade(machine, service, edge, debs):
    """The workers come back under the new version, with the old identity; nothing is deleted meanwhile."""
    before, kept, uids = service.wait_syncing(edge.teams), state(machine), uids_down(edge, "web")
    assert install(machine, debs[1]).endswith("+later-1")
    assert not set(before.values()) & set(service.wait_syncing(edge.teams).values())
    assert kept and state(machine) == kept
    assert uids_down(edge, "web") == uids
    check_main_job(edge, widget("after-upgrade"))


def test_an_upgrade_wakes_nothing(machine):
    machine.run("systemctl", "stop", "syncerd")
    machine.run("dpkg", "-i", "/root/syncerd.deb")
    assert machine.show("syncerd.service", "ActiveState") == "inactive"


def test_socket_activation(machine, service, edge):
    """systemd holds the socket: a request starts syncerd, and the socket outlives its stop."""
    machine.run("systemctl", "enable", "--now", "syncerd-control.socket")
    assert machine.mode("/run/syncerd/control.sock") == "600 syncerd syncerd"
    assert machine.show("syncerd.service", "ActiveState") == "inactive"
    assert "edge-1" in machine.out("syncerctl", "status")
    service.wait_syncing(edge.teams)
    inode = machine.out("stat", "-c", "%i", "/run/syncerd/control.sock")
    machine.run("systemctl", "restart", "syncerd")
    service.wait_syncing(edge.teams)
    assert machine.out("stat", "-c", "%i", "/run/syncerd/control.sock") == inode
    machine.run("systemctl", "disable", "--now", "syncerd-control.socket")
    machine.run("systemctl", "restart", "syncerd")
    service.wait_syncing(edge.teams)


def test_credentials(machine, service, edge, drop_in):
    """The drop-in of the examples: kubeconfigs that root alone may read."""
    drop_in("credentials.conf", machine.path("/usr/share/doc/syncerd/examples/credentials.conf").read_text())
    config = machine.path("/etc/syncerd/syncerd.yaml")
    plain = config.read_text()
    config.write_text(plain.replace("kubeconfig: /etc/syncerd/", "kubeconfig: /run/credentials/syncerd.service/"))
    for name in ("kcp", "cluster"):
        machine.run("chown", "root:root", f"/etc/syncerd/{name}.kubeconfig")
        machine.run("chmod", "0600", f"/etc/syncerd/{name}.kubeconfig")
    machine.run("systemctl", "restart", "syncerd")
    service.wait_syncing(edge.teams)
    check_main_job(edge, widget("with-credentials"))


def test_remove_and_purge(machine, service, edge):
    pids = [*service.wait_syncing(edge.teams).values(), service.pid]
    assert len(pids) == 3
    machine.run("apt-get", "remove", "-y", "syncerd")
    assert not [pid for pid in pids if machine.run("test", "-d", f"/proc/{pid}", check=False).returncode == 0]
    assert machine.path("/var/lib/syncerd").exists() and machine.path("/etc/syncerd/syncerd.yaml").exists()
    assert len(uids_down(edge, "web")) == 2  # the objects are not the package's to delete
    machine.run("apt-get", "purge", "-y", "syncerd")
    left = machine.out("find", "/etc", "/usr", "/lib", "/var/lib", "/run", "-name", "*sync*", "-path", "*sync[ec]r*", check=False).split()
    assert left == [], left

"""One life of the package on a Debian 12 with systemd, in the order of this file."""
import json
import shutil

import pytest
from sim_suite.simulator import CT_MERGE, kubeconfig, widget, widgets
from sim_suite.syncer import downstream_widgets
from testbed.waiting import wait_for

TEAMS = [f"root:org:team-{letter}" for letter in "abc"]
CONFIG = """apiVersion: config.syncerd.io/v1alpha1
kind: SyncerConfiguration
kcp: {{kubeconfig: {place}/kcp.kubeconfig}}
cluster: {{kubeconfig: {place}/cluster.kubeconfig}}
syncTarget: {{workspace: "root:edge", name: edge-1}}
workers: {{heartbeat: 1s, heartbeatDeadline: 5s, backoffFirst: 100ms, memoryMax: 64Mi}}
sync: {{namespaceCleanDelay: 1s}}
stateDirectory: /var/lib/syncerd
runtimeDirectory: /run/syncerd
log: {{format: journal}}
"""


def workspaces(machine):
    done = machine.run("syncerctl", "workspaces", "--output", "json", check=False)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []


def wait_syncing(machine):
    def ready():
        return sorted(entry["path"] for entry in workspaces(machine) if entry["state"] == "Syncing") == TEAMS
    wait_for(ready, 40, "three workspaces to be synced; " + machine.run("journalctl", "-n", "30", "-u", "syncerd", check=False).stdout)
    return {entry["path"]: entry["pid"] for entry in workspaces(machine)}


def install(machine, deb):
    shutil.copy(deb, machine.path("/root/syncerd.deb"))
    machine.run("apt-get", "install", "-y", "--no-install-recommends", "/root/syncerd.deb", timeout=400)
    return machine.run("dpkg-query", "-W", "-f", "${Status} ${Version}", "syncerd").stdout


def configure(machine, place="/etc/syncerd"):
    machine.path("/etc/syncerd/syncerd.yaml").write_text(CONFIG.format(place=place))


def main_job(sim, name):
    """Down in three workspaces, and status up."""
    for path in TEAMS:
        sim.kcp.at(path).call("POST", widgets(), widget(name))
    wait_for(lambda: len(downstream_widgets(sim, name)) == 3, 20, "three copies")
    for copy in downstream_widgets(sim, name).values():
        sim.cluster.call("PATCH", widgets(copy["metadata"]["namespace"], name) + "/status", {"status": {"phase": "Ready"}}, CT_MERGE)
    wait_for(lambda: all(sim.kcp.at(path).get(widgets(name=name)).get("status", {}).get("phase") == "Ready" for path in TEAMS), 20, "status")


@pytest.fixture(scope="module")
def syncer_id(machine):
    return lambda: {file.name: file.read_bytes() for file in machine.path("/var/lib/syncerd").iterdir() if file.is_file()}


def test_install(machine, debs):
    machine.run("apt-get", "update", "-qq", timeout=300)
    assert install(machine, debs[0]).startswith("install ok installed")
    assert machine.run("systemctl", "is-enabled", "syncerd.service").stdout.strip() == "enabled"
    assert machine.run("systemctl", "is-enabled", "syncerd-control.socket", check=False).stdout.strip() == "disabled"
    # There is no configuration yet: it waits, and has not failed.
    assert machine.show("syncerd.service", "ActiveState") == "inactive"
    assert machine.run("systemctl", "--failed", "--no-legend").stdout.count("syncerd") == 0
    assert machine.run("stat", "-c", "%a %U %G", "/etc/syncerd").stdout.strip() == "750 root syncerd"
    for command in (["syncerd", "--version"], ["syncerctl", "--version"], ["kubectl-syncer", "--version"], ["kubectl_complete-syncer", ""],
                    ["test", "-f", "/usr/share/man/man8/syncerd.8.gz"], ["test", "-f", "/usr/share/man/man1/kubectl-syncer.1.gz"]):
        machine.run(*command)


def test_main_job(machine, sim, syncer_id):
    configure(machine)
    machine.run("chgrp", "syncerd", "/etc/syncerd/syncerd.yaml")
    for name, url in (("kcp", sim.kcp.url + "/clusters/root:edge"), ("cluster", sim.cluster.url)):
        kubeconfig(machine.path(f"/etc/syncerd/{name}.kubeconfig"), url)
        machine.run("chgrp", "syncerd", f"/etc/syncerd/{name}.kubeconfig")
        machine.run("chmod", "0640", f"/etc/syncerd/{name}.kubeconfig")
    machine.run("systemctl", "start", "syncerd")
    wait_syncing(machine)
    main_job(sim, "web")
    for entry in workspaces(machine):
        assert machine.run("stat", "-c", "%U", f"/proc/{entry['pid']}/stat").stdout.strip() in ("syncerd", "root")  # root: it is not dumpable
        assert machine.run("grep", "-w", machine.run("id", "-u", "syncerd").stdout.strip(), f"/proc/{entry['pid']}/status").stdout.startswith("Uid:")
    machine.run("systemctl", "reload", "syncerd")
    wait_syncing(machine)
    assert machine.show("syncerd.service", "NRestarts") == "0"
    assert "MESSAGE" in machine.run("journalctl", "-u", "syncerd", "-n", "1", "-o", "json").stdout


def test_limits(machine):
    """Enforced in one of the two ways, and said so."""
    status = machine.run("syncerctl", "status").stdout
    assert "memoryMax 64Mi; by " in status
    for entry in workspaces(machine):
        group = machine.run("cat", f"/proc/{entry['pid']}/cgroup").stdout
        if "by cgroups" in status:
            assert entry["limitedBy"] == "cgroup" and "/syncerd.service/worker-" in group
        else:
            limit = next(line for line in machine.run("cat", f"/proc/{entry['pid']}/limits").stdout.splitlines() if line.startswith("Max data size"))
            assert entry["limitedBy"] == "rlimits" and 64 << 20 <= int(limit.split()[3]) < 1 << 30
    assert "has no effect" not in machine.run("journalctl", "-u", "syncerd").stdout


def test_security(machine):
    """As tight as README says."""
    last = machine.run("systemd-analyze", "security", "syncerd.service", "--no-pager").stdout.strip().splitlines()[-1]
    print(last)
    assert float(last.split("syncerd.service:")[1].split()[0]) < 2.0, last


def test_upgrade(machine, sim, debs, syncer_id):
    """The workers come back under the new version, with the old identity; nothing is deleted meanwhile."""
    before, state, uids = wait_syncing(machine), syncer_id(), {k: v["metadata"]["uid"] for k, v in downstream_widgets(sim, "web").items()}
    assert install(machine, debs[1]).endswith(" 0.1.1-1")
    after = wait_syncing(machine)
    assert not set(before.values()) & set(after.values())
    assert state and syncer_id() == state
    assert {k: v["metadata"]["uid"] for k, v in downstream_widgets(sim, "web").items()} == uids
    main_job(sim, "after")


def test_an_upgrade_wakes_nothing(machine, debs):
    machine.run("systemctl", "stop", "syncerd")
    machine.run("dpkg", "-i", "/root/syncerd.deb")
    assert machine.show("syncerd.service", "ActiveState") == "inactive"


def test_socket_activation(machine):
    """systemd holds the socket: a request starts syncerd, and the socket outlives its stop."""
    machine.run("systemctl", "enable", "--now", "syncerd-control.socket")
    assert machine.run("stat", "-c", "%a %U", "/run/syncerd/control.sock").stdout.split() == ["600", "syncerd"]
    assert machine.show("syncerd.service", "ActiveState") == "inactive"
    assert "edge-1" in machine.run("syncerctl", "status").stdout
    wait_syncing(machine)
    inode = machine.run("stat", "-c", "%i", "/run/syncerd/control.sock").stdout
    machine.run("systemctl", "restart", "syncerd")
    wait_syncing(machine)
    assert machine.run("stat", "-c", "%i", "/run/syncerd/control.sock").stdout == inode
    machine.run("systemctl", "disable", "--now", "syncerd-control.socket")
    machine.run("systemctl", "restart", "syncerd")
    wait_syncing(machine)


def test_credentials(machine):
    """The drop-in: kubeconfigs that root alone may read."""
    drop_in = "/etc/systemd/system/syncerd.service.d/credentials.conf"
    machine.run("install", "-D", "-m", "644", "/usr/share/doc/syncerd/examples/credentials.conf", drop_in)
    configure(machine, "/run/credentials/syncerd.service")
    for name in ("kcp", "cluster"):
        machine.run("chown", "root:root", f"/etc/syncerd/{name}.kubeconfig")
        machine.run("chmod", "0600", f"/etc/syncerd/{name}.kubeconfig")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", "syncerd")
    wait_syncing(machine)
    machine.run("rm", "-r", "/etc/systemd/system/syncerd.service.d")


def test_remove_and_purge(machine, sim):
    pids = [str(entry["pid"]) for entry in workspaces(machine)] + [machine.show("syncerd.service", "MainPID")]
    assert len(pids) == 4
    machine.run("apt-get", "remove", "-y", "syncerd")
    assert not [pid for pid in pids if machine.run("test", "-d", f"/proc/{pid}", check=False).returncode == 0]
    assert machine.path("/var/lib/syncerd").exists() and machine.path("/etc/syncerd/syncerd.yaml").exists()
    assert len(downstream_widgets(sim, "web")) == 3  # the objects are not the package's to delete
    machine.run("apt-get", "purge", "-y", "syncerd")
    left = machine.run("find", "/etc", "/usr", "/lib", "/var/lib", "/run", "-name", "*sync*", "-path", "*sync[ec]r*", check=False).stdout.split()
    assert left == [], left

"""syncerctl install: prints or applies what a SyncTarget needs, and syncerd works with exactly that."""

import os
import stat
import subprocess

import pytest
import yaml
from edge import TARGET, Site, Tenant
from objects import CONFIGMAPS, GADGETS, SYNCTARGETS, WIDGETS, configmap, widget
from syncerd import program

import names
from testbed import wait_for


class Installed(Site):
    """A site whose accounts are made by syncerctl, not by the tests."""

    def __init__(self, world, directory):
        self.world, self.directory, self.kube = world, directory, world.kube
        self.exports, self.claims = {"widgets": [WIDGETS, GADGETS]}, ("configmaps",)
        self.home, self.provider = world.workspaces("edge", "provider")
        self.provider.offer("widgets", self.exports["widgets"], self.claims)
        self.kcp_kubeconfig = os.path.join(directory, "kcp.kubeconfig")
        self.cluster_kubeconfig = os.path.join(directory, "cluster.kubeconfig")

    def install(self, what, *args, check=True):
        bed = self.world.bed
        command = [program("syncerctl"), "install", what, "--workspace", self.home.path, "--name", TARGET,
                   "--kubeconfig", bed.kcp.kubeconfig, "--context", "base", *args]
        if what == "cluster":
            command += ["--cluster-kubeconfig", bed.kube.kubeconfig]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if check:
            assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stderr}"
        return done

    def learn(self):
        target = self.target()
        self.uid = target["metadata"]["uid"]
        self.key = names.key(self.home.cluster, TARGET)
        self.syncer = names.syncer_id(TARGET, self.uid)
        self.finalizer = f"workload.kcp.io/syncer-{self.key}"


@pytest.fixture(scope="module")
def installed(world, scratch):
    return Installed(world, scratch("install"))


def kinds(text):
    return [(item["kind"], item["metadata"]["name"]) for item in yaml.safe_load_all(text) if item]


def test_printing_before_anything_exists(installed):
    """The names of the rest need the SyncTarget's uid: the first part is printed, and the exit status says that more is to come."""
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", check=False)
    assert done.returncode == 4, done.stderr
    assert f"# workspace {installed.home.path}" in done.stdout
    assert kinds(done.stdout) == [
        ("APIResourceSchema", "v1.synctargets.workload.kcp.io"), ("APIExport", "workload.kcp.io"), ("APIBinding", "workload.kcp.io"), ("SyncTarget", TARGET)]
    assert done.stderr


def test_apply_to_kcp(installed):
    args = ("--export", f"{installed.provider.path}:widgets", "--label", "region=eu", "--apply", "--output-kubeconfig", installed.kcp_kubeconfig)
    done = installed.install("kcp", *args)
    assert f"{installed.home.path} SyncTarget/{TARGET} created" in done.stdout
    assert stat.S_IMODE(os.stat(installed.kcp_kubeconfig).st_mode) == 0o600
    installed.learn()
    target = installed.home.api.get(SYNCTARGETS, TARGET)
    assert target["metadata"]["labels"]["region"] == "eu"
    assert target["spec"]["supportedAPIExports"] == [{"path": installed.provider.path, "export": "widgets"}]
    with open(installed.kcp_kubeconfig) as file:
        config = yaml.safe_load(file)
    assert config["clusters"][0]["cluster"]["server"].endswith(f"/clusters/{installed.home.cluster}")


def test_apply_again_changes_nothing(installed):
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", "--label", "region=eu", "--apply")
    words = {line.split()[-1] for line in done.stdout.splitlines() if "/" in line}
    assert words == {"unchanged"}, done.stdout


def test_an_existing_kubeconfig_is_not_overwritten(installed):
    with open(installed.kcp_kubeconfig) as file:
        before = file.read()
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", "--apply", "--output-kubeconfig", installed.kcp_kubeconfig, check=False)
    assert done.returncode != 0
    with open(installed.kcp_kubeconfig) as file:
        assert file.read() == before


def test_printing_the_cluster_part(installed):
    done = installed.install("cluster", "--allow-claims")
    role = next(item for item in yaml.safe_load_all(done.stdout) if item and item["kind"] == "ClusterRole")
    granted = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert granted == {"namespaces", "nodes", "widgets", "gadgets", "configmaps"}
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch", "create", "patch", "delete"}
    without = installed.install("cluster").stdout
    assert "configmaps" not in without


def test_the_main_job_with_what_was_installed(installed, launch):
    installed.install("cluster", "--allow-claims", "--apply", "--output-kubeconfig", installed.cluster_kubeconfig)
    syncerd = launch(installed.config())
    tenant = Tenant(installed, installed.world.workspace("tenant"))
    tenant.bind()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("w"), configmap("c"))
    tenant.wait_down(WIDGETS, "w")
    tenant.wait_down(CONFIGMAPS, "c")
    tenant.set_status_down(WIDGETS, "w", {"phase": "Up"})
    tenant.wait_up(WIDGETS, "w", lambda up: up.get("status") == {"phase": "Up"})
    installed.wait_condition("Ready", "True")
    tenant.delete(WIDGETS, "w")
    tenant.wait_up_gone(WIDGETS, "w")
    wait_for(lambda: installed.status().get("workspaceSummary", {}).get("ready") == "1/1", 20, "the summary")
    assert syncerd.stop() == 0


def test_a_token_that_ends(installed, tmp_path):
    file = str(tmp_path / "short.kubeconfig")
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", "--apply", "--token-ttl", "1h", "--output-kubeconfig", file)
    assert os.path.exists(file) and done.stderr

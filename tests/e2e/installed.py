"""A SyncTarget whose accounts and rights are made by `syncerctl install`, as on a real site, and not by the tests."""

import os
import subprocess

import yaml
from edge import TARGET, Site
from objects import GADGETS, WIDGETS
from syncerd import program

import names


class Installed(Site):
    def __init__(self, world, directory, exports=None, claims=("configmaps",)):
        self.world, self.directory, self.kube = world, directory, world.kube
        self.exports, self.claims = exports or {"widgets": [WIDGETS, GADGETS]}, claims
        self.home, self.provider = world.workspaces("edge", "provider")
        for export, gvrs in self.exports.items():
            self.provider.offer(export, gvrs, self.claims)
        self.kcp_kubeconfig = os.path.join(directory, "kcp.kubeconfig")
        self.cluster_kubeconfig = os.path.join(directory, "cluster.kubeconfig")

    def install(self, what, *args, check=True):
        bed = self.world.bed
        command = [program("syncerctl"), "install", what, "--workspace", self.home.path, "--name", TARGET,
                   "--kubeconfig", bed.kcp.kubeconfig, "--context", "base", *args]
        if what == "cluster":
            command += ["--cluster-kubeconfig", bed.kube.kubeconfig]
        return run(command, check)

    def uninstall(self, what, *args, check=True, workspace=None):
        bed = self.world.bed
        command = [program("syncerctl"), "uninstall", what, "--workspace", workspace or self.home.path, "--name", TARGET,
                   "--kubeconfig", bed.kcp.kubeconfig, "--context", "base", *args]
        if what == "cluster":
            command += ["--cluster-kubeconfig", bed.kube.kubeconfig]
        return run(command, check)

    def learn(self):
        target = self.target()
        self.uid = target["metadata"]["uid"]
        self.key = names.key(self.home.cluster, TARGET)
        self.syncer = names.syncer_id(TARGET, self.uid)
        self.finalizer = f"workload.kcp.io/syncer-{self.key}"

    def install_kcp(self, *args):
        """kcp's side, for the first export."""
        return self.install("kcp", "--export", f"{self.provider.path}:{next(iter(self.exports))}", *args)

    def install_all(self, *args):
        """Both sides, as the manual says, for the first export."""
        self.install_kcp("--apply", "--output-kubeconfig", self.kcp_kubeconfig, *args)
        self.learn()
        self.install("cluster", "--allow-claims", "--apply", "--output-kubeconfig", self.cluster_kubeconfig)
        self.kcp_token, self.cluster_token = (token_of(path) for path in (self.kcp_kubeconfig, self.cluster_kubeconfig))


def token_of(kubeconfig):
    with open(kubeconfig) as file:
        return yaml.safe_load(file)["users"][0]["user"]["token"]


def run(command, check):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if check:
        assert done.returncode == 0, f"{' '.join(command)}: status {done.returncode}\n{done.stderr}"
    return done

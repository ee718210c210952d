"""Workspaces for direct mode: without a SyncTarget, without an APIExport."""

import os

import names
import rbac
from edge import account_token
from objects import CONFIGMAPS, CRDS, WIDGETS, crd
from testbed import wait_for
from testbed.servers import write_kubeconfig

NAME, UID = "site-7", "0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21"
SYNCER = "direct-syncer"


class Direct:
    """Two plain workspaces with a type of their own (a CustomResourceDefinition), and an account that may read both."""

    def __init__(self, world, directory):
        self.world, self.kube = world, world.kube
        self.home, *self.workspaces = world.workspaces("accounts", "plain", "plain")
        rbac.install(self.home.api, rbac.account(SYNCER))
        for workspace in self.workspaces:
            workspace.api.create(CRDS, crd(WIDGETS))
            grant(self, workspace)
        self.account = world.unique("direct")
        rbac.install(self.kube, rbac.for_cluster(self.account, [WIDGETS], ["configmaps"]))
        bed = world.bed
        self.kcp_kubeconfig = write_kubeconfig(
            os.path.join(directory, "kcp.kubeconfig"), bed.kcp.url, bed.kcp.ca, account_token(self.home.api, SYNCER, "default"))
        self.cluster_kubeconfig = write_kubeconfig(
            os.path.join(directory, "cluster.kubeconfig"), bed.kube.url, bed.kube.ca, account_token(self.kube, self.account, self.account))

    def config(self):
        return {
            "apiVersion": "config.syncerd.io/v1alpha1",
            "kind": "SyncerConfiguration",
            "kcp": {"kubeconfig": self.kcp_kubeconfig},
            "cluster": {"kubeconfig": self.cluster_kubeconfig},
            "direct": {
                "name": NAME,
                "uid": UID,
                "workspaces": [self.workspaces[0].path, self.workspaces[1].cluster],
                "resources": [
                    {"group": "example.dev", "version": "v1alpha1", "resource": "widgets"},
                    {"group": "", "version": "v1", "resource": "configmaps"},
                ],
            },
            "sync": {"namespaceCleanDelay": "1s"},
        }

    def namespace(self, workspace, ns="default"):
        return names.namespace(names.locator("", NAME, UID, workspace.cluster, ns))

    def down(self, workspace, gvr, name):
        return self.kube.find(gvr, name, self.namespace(workspace))

    def wait_down(self, workspace, gvr, name, condition=lambda item: True):
        def matches():
            item = self.down(workspace, gvr, name)
            assert item is not None, "it does not exist"
            assert condition(item), f"it is {item}"
            return item

        return wait_for(matches, 30, f"{gvr} {name} of {workspace}")


def grant(direct, workspace):
    """The rights in a workspace with the type, which is served afterwards."""
    rbac.install(workspace.api, rbac.for_direct(f"system:kcp:serviceaccount:{direct.home.cluster}:default:{SYNCER}", [WIDGETS, CONFIGMAPS]))
    wait_for(lambda: workspace.api.raw("GET", workspace.api.path(WIDGETS))[0] == 200, 20, "the type to be served")

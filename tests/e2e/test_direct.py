"""Direct mode: a list of workspaces and resources in the configuration, no SyncTarget, no APIExport."""

import os

import names
import pytest
import rbac
from edge import account_token
from objects import CONFIGMAPS, CRDS, WIDGETS, configmap, crd, widget
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
        user = f"system:kcp:serviceaccount:{self.home.cluster}:default:{SYNCER}"
        for workspace in self.workspaces:
            workspace.api.create(CRDS, crd(WIDGETS))
            rbac.install(workspace.api, rbac.for_direct(user, [WIDGETS, CONFIGMAPS]))
        self.account = world.unique("direct")
        rbac.install(self.kube, rbac.for_cluster(self.account, [WIDGETS], ["configmaps"]))
        bed = world.bed
        self.kcp_kubeconfig = write_kubeconfig(
            os.path.join(directory, "kcp.kubeconfig"), bed.kcp.url, bed.kcp.ca, account_token(self.home.api, SYNCER, "default"))
        self.cluster_kubeconfig = write_kubeconfig(
            os.path.join(directory, "cluster.kubeconfig"), bed.kube.url, bed.kube.ca, account_token(self.kube, self.account, self.account))
        for workspace in self.workspaces:
            wait_for(lambda workspace=workspace: workspace.api.raw("GET", workspace.api.path(WIDGETS))[0] == 200, 20, "the type to be served")

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


@pytest.fixture(scope="module")
def direct(world, scratch):
    return Direct(world, scratch("direct"))


@pytest.fixture(scope="module")
def syncerd(direct, launch):
    instance = launch(direct.config())
    for workspace in direct.workspaces:
        instance.wait_state(workspace, "Syncing")
    return instance


def test_one_worker_for_each_workspace(direct, syncerd):
    pids = {syncerd.worker_of(workspace) for workspace in direct.workspaces}
    assert len(pids) == 2 and len(syncerd.workers()) == 2


def test_objects_go_down(direct, syncerd):
    for size, workspace in enumerate(direct.workspaces):
        workspace.api.create(WIDGETS, widget("w", size=size))
    for size, workspace in enumerate(direct.workspaces):
        down = direct.wait_down(workspace, WIDGETS, "w", lambda down, size=size: down["spec"] == {"size": size})
        assert down["metadata"]["labels"]["internal.workload.kcp.io/cluster"] == names.direct_key(NAME)
        assert workspace.api.get(WIDGETS, "w", "default")["metadata"]["finalizers"] == [f"workload.kcp.io/syncer-{names.direct_key(NAME)}"]


def test_status_comes_back(direct, syncerd):
    workspace = direct.workspaces[0]
    workspace.api.create(WIDGETS, widget("reporting"))
    direct.wait_down(workspace, WIDGETS, "reporting")
    direct.kube.set_status(WIDGETS, "reporting", {"phase": "Up"}, direct.namespace(workspace))
    wait_for(lambda: workspace.api.get(WIDGETS, "reporting", "default").get("status") == {"phase": "Up"}, 20, "the status to come back")


def test_updates_and_deletions_follow(direct, syncerd):
    workspace = direct.workspaces[1]
    workspace.api.create(WIDGETS, widget("brief", size=1, extra="x"))
    direct.wait_down(workspace, WIDGETS, "brief")
    workspace.api.patch(WIDGETS, "brief", {"spec": {"size": 2, "extra": None}}, "default")
    direct.wait_down(workspace, WIDGETS, "brief", lambda down: down["spec"] == {"size": 2})
    workspace.api.delete(WIDGETS, "brief", "default")
    wait_for(lambda: workspace.api.find(WIDGETS, "brief", "default") is None, 20, "the object to be released")
    assert direct.down(workspace, WIDGETS, "brief") is None


def test_a_core_resource(direct, syncerd):
    workspace = direct.workspaces[0]
    workspace.api.create(CONFIGMAPS, configmap("settings"))
    direct.wait_down(workspace, CONFIGMAPS, "settings", lambda down: down["data"] == {"key": "value"})
    workspace.api.delete(CONFIGMAPS, "settings", "default")
    wait_for(lambda: direct.down(workspace, CONFIGMAPS, "settings") is None, 20, "the copy to go")


def test_a_workspace_less_in_the_configuration(direct, syncerd):
    """Reload: its worker leaves, the other keeps its pid. Nobody said that the objects should go, and the marks tell whose they are."""
    stay, leave = direct.workspaces
    kept = syncerd.worker_of(stay)
    config = direct.config()
    config["direct"]["workspaces"] = [stay.path]
    syncerd.write_config(config)
    syncerd.hup()
    syncerd.wait_no_worker(leave)
    assert syncerd.worker_of(stay) == kept
    stay.api.create(WIDGETS, widget("after-reload"))
    direct.wait_down(stay, WIDGETS, "after-reload")


def test_status_says_direct(direct, syncerd):
    assert syncerd.ctl_json("status")["mode"] == "Direct"
    assert syncerd.stop() == 0

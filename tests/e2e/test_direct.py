"""Direct mode: a list of workspaces and resources in the configuration, no SyncTarget, no APIExport."""

import names
import pytest
from edge import when_served
from objects import CONFIGMAPS, CRDS, WIDGETS, configmap, crd, widget
from plain import NAME, Direct
from testbed import wait_for


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


def test_a_type_that_goes_and_comes_back(direct, syncerd):
    """kcp deletes the objects of a CustomResourceDefinition with it, or forgets to: then they are there again with the next one. Nobody can tell
    meanwhile, so copies go with objects that are deleted, and no others."""
    workspace, made = direct.workspaces[1], [f"typed-{i}" for i in range(3)]
    for name in made:
        workspace.api.create(WIDGETS, widget(name))
    before = {name: direct.wait_down(workspace, WIDGETS, name)["metadata"]["uid"] for name in made}
    workspace.api.delete(CRDS, "widgets.example.dev")
    wait_for(lambda: workspace.api.find(CRDS, "widgets.example.dev") is None, 120, "the type to be gone")

    syncerd.hup()  # looks at once, else within the minute

    def said():
        assert "widgets is not served by the workspace; its copies, if any, stay" in syncerd.view(workspace).get("message", ""), syncerd.view(workspace)
        return True

    wait_for(said, 120, "it to be said")
    left = {name: down["metadata"]["uid"] for name in made if (down := direct.down(workspace, WIDGETS, name))}
    assert left.items() <= before.items(), "none of them is made again"

    workspace.api.create(CRDS, crd(WIDGETS))
    when_served(lambda: workspace.api.create(WIDGETS, widget("typed-new")), 60)

    syncerd.hup()

    def in_step():
        there = {item["metadata"]["name"]: item["metadata"]["uid"] for item in direct.kube.list(WIDGETS, direct.namespace(workspace))}
        assert set(there) == {item["metadata"]["name"] for item in workspace.api.list(WIDGETS, "default")} >= {"typed-new"}, there
        assert all(there.get(name, uid) == uid for name, uid in left.items()), "a copy whose original came back is the same"
        return True

    wait_for(in_step, 120, "both sides to have the same objects")


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

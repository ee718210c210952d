"""Where one logical cluster ends: names, paths, endpoints, workspaces that come back under an old path."""

import os
import subprocess

import pytest
import syncerd as product
import yaml
from edge import Tenant
from objects import CONFIGMAPS, WIDGETS, configmap, widget
from testbed import wait_for
from testbed.servers import write_kubeconfig


@pytest.fixture
def started(launch):
    """Start a syncerd that ends with the test."""
    mine = []

    def make(config, **options):
        instance = launch(config, start=False)
        mine.append(instance)
        return instance.start(**options)

    yield make
    for instance in mine:
        instance.end()


def kubeconfig(site, path, server=None, **options):
    bed = site.world.bed
    return write_kubeconfig(path, server or bed.kcp.url, options.pop("ca", bed.kcp.ca), options.pop("token", site.kcp_token), **options)


def is_served(site, instance, tenant, name):
    instance.wait_state(tenant, "Syncing")
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)
    site.wait_condition("Ready", "True")


@pytest.fixture(scope="module")
def quiet_tenant(site):
    return site.tenant()


@pytest.mark.parametrize("form", ["name", "path"])
@pytest.mark.parametrize("server", ["base", "name", "path"])
def test_the_workspace_by_name_or_path(site, started, quiet_tenant, tmp_path, form, server):
    home = site.home.cluster if form == "name" else site.home.path
    suffix = {"base": "", "name": f"/clusters/{site.home.cluster}", "path": f"/clusters/{site.home.path}"}[server]
    file = kubeconfig(site, str(tmp_path / "kcp.kubeconfig"), site.world.bed.kcp.url + suffix)
    instance = started(site.config(kcp={"kubeconfig": file}, syncTarget={"workspace": home}))
    is_served(site, instance, quiet_tenant, f"{form}-{server}")
    assert instance.stop() == 0


def test_the_workspace_of_the_kubeconfig_is_the_default(site, started, quiet_tenant):
    config = site.config()
    del config["syncTarget"]["workspace"]
    instance = started(config)
    is_served(site, instance, quiet_tenant, "default-workspace")


@pytest.mark.parametrize("workspace", ["Root:org", "root:", ":root", "root::org", "root/org", "*", "root:org team", "a" * 2000])
def test_a_bad_workspace_name_is_refused_at_once(site, scratch, workspace):
    instance = product.Syncerd(scratch("syncerd"), site.config(syncTarget={"workspace": workspace}))
    done = subprocess.run([product.program("syncerd"), "--config", instance.config_file, "--check-config"], capture_output=True, text=True, timeout=20)
    assert done.returncode not in (0, -6, -11)
    assert "syncerd.yaml:" in done.stderr and "workspace" in done.stderr, done.stderr


@pytest.mark.parametrize("place", ["workspace", "target"])
def test_a_place_that_does_not_exist(site, started, place):
    """No crash, no READY lie in the SyncTarget, and the log says what is missing."""
    wrong = {"workspace": {"workspace": "root:nobody-made-this"}, "target": {"name": "no-such-target"}}[place]
    instance = started(site.config(syncTarget=wrong), ready=False)
    instance.wait_log(list(wrong.values())[0])
    assert instance.alive(), instance.tail()
    assert not instance.workers()


def test_kcp_and_the_cluster_mixed_up(site, started, tmp_path):
    """The kubeconfig for kcp points to the cluster: nothing starts, nothing is written there."""
    bed = site.world.bed
    file = kubeconfig(site, str(tmp_path / "kcp.kubeconfig"), bed.kube.url, ca=bed.kube.ca, token=site.cluster_token)
    instance = started(site.config(kcp={"kubeconfig": file}), ready=False)
    wait_for(lambda: "SyncTarget edge-1: cannot be read" in instance.text() or not instance.alive(), 20, "the log to say what cannot be read")
    assert not instance.alive() or not instance.workers()


def test_a_server_whose_certificate_is_not_trusted(site, started, tmp_path):
    bed = site.world.bed
    file = kubeconfig(site, str(tmp_path / "kcp.kubeconfig"), f"{bed.kcp.url}/clusters/{site.home.cluster}", ca=bed.kube.ca)
    instance = started(site.config(kcp={"kubeconfig": file}), ready=False)
    instance.wait_log("certificate")
    assert not instance.alive() or not instance.workers()
    assert site.kcp_token not in instance.text()


def test_insecure_has_to_be_said_twice(site, scratch, tmp_path):
    file = kubeconfig(site, str(tmp_path / "kcp.kubeconfig"))
    with open(file) as text:
        config = yaml.safe_load(text)
    cluster = config["clusters"][0]["cluster"]
    del cluster["certificate-authority-data"]
    cluster["insecure-skip-tls-verify"] = True
    with open(file, "w") as text:
        yaml.safe_dump(config, text)
    instance = product.Syncerd(scratch("syncerd"), site.config(kcp={"kubeconfig": file}))
    done = subprocess.run([product.program("syncerd"), "--config", instance.config_file], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "NOTIFY_SOCKET": ""})
    assert done.returncode > 0
    assert "insecure" in done.stderr


def test_the_same_path_again_is_another_tenant(site, started):
    """A workspace is deleted and made again under its path: the new one starts from nothing and inherits nothing."""
    instance = started(site.config())
    old = site.tenant()
    old.create(widget("heirloom", owner="old"), configmap("held"))
    old.wait_down(WIDGETS, "heirloom")
    old.wait_down(CONFIGMAPS, "held")
    old.patch_down(CONFIGMAPS, "held", {"metadata": {"finalizers": ["example.dev/hold"]}})
    old.workspace.delete()
    old.workspace.wait_deleted()

    parent, _, name = old.path.rpartition(":")
    new = Tenant(site, site.world.workspaces(name, parent=parent, exact=True)[0])
    assert new.path == old.path and new.cluster != old.cluster
    new.bind()
    instance.wait_state(new, "Syncing")
    # The old one drains still, and the path is that of both: nobody acts on the wrong one.
    instance.wait_state(old, "Draining")
    for command in (["approve"], ["restart"], ["pause"], ["dump"], ["events"], ["describe", "workspace"], ["loglevel", "info"]):
        refused = instance.ctl(*command, new.path, check=False)
        assert refused.returncode == 1 and old.cluster in refused.stderr and new.cluster in refused.stderr, (command, refused)
    assert old.cluster in instance.ctl("describe", "workspace", old.cluster) and new.cluster in instance.ctl("describe", "workspace", new.cluster)
    old.patch_down(CONFIGMAPS, "held", {"metadata": {"finalizers": None}})
    old.wait_nothing_down(timeout=120)
    instance.wait_no_worker(old)
    wait_for(lambda: instance.ctl("describe", "workspace", new.path, check=False).returncode == 0, 60, "the path to be the new one's alone")
    # Somebody left a copy of the old tenant's namespace behind, with all its marks.
    meta = {"name": old.namespace(), "labels": old.marks(), "annotations": {"kcp.io/namespace-locator": old.locator("default")}}
    wait_for(lambda: site.kube.find("v1/namespaces", old.namespace()) is None, 60, "the old namespace to be gone")
    site.kube.create("v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    stale = widget("heirloom", ns=old.namespace(), owner="stale")
    stale["metadata"]["labels"] = old.marks()
    site.kube.create(WIDGETS, stale)
    new.create(widget("heirloom", owner="new"))
    assert new.wait_down(WIDGETS, "heirloom")["spec"] == {"owner": "new"}
    assert new.namespace() != old.namespace()
    assert "status" not in new.up(WIDGETS, "heirloom")

"""Mistakes in the two kubeconfigs: each answer names the server, the workspace, and the next step."""

import os
import subprocess

import pytest
import rbac
from edge import TARGET, account_token
from syncerd import program
from testbed.servers import write_kubeconfig


@pytest.fixture
def attempt(site, launch, tmp_path):
    """A function that starts a syncerd whose kubeconfigs are (server, CA, token) triples, or as they should be."""
    started = []

    def run(kcp=None, cluster=None, start=True, **sections):
        config = site.config(**sections)
        for name, parts in (("kcp", kcp), ("cluster", cluster)):
            if parts:
                config[name] = {"kubeconfig": write_kubeconfig(str(tmp_path / f"{name}.kubeconfig"), *parts)}
        started.append(launch(config, start=False))
        return started[-1].start(ready=False) if start else started[-1]

    yield run
    for instance in started:
        instance.end()


@pytest.fixture
def parts(site):
    """The kubeconfigs as they should be, in parts."""
    bed = site.world.bed
    return {"kcp": (f"{bed.kcp.url}/clusters/{site.home.cluster}", bed.kcp.ca, site.kcp_token), "cluster": (bed.kube.url, bed.kube.ca, site.cluster_token)}


def says(syncerd, *texts):
    for text in texts:
        syncerd.wait_log(text)


def test_a_workspace_that_does_not_exist(site, attempt):
    syncerd = attempt(syncTarget={"workspace": "root:no-such-place"})
    says(syncerd, f"SyncTarget {TARGET}: cannot be read from workspace root:no-such-place of {site.world.bed.kcp.url}: ",
         "either there is no such workspace, or it does not bind APIExport workload.kcp.io", "syncerctl install kcp")
    assert "either there is no such workspace" in syncerd.ctl("status")


def test_a_token_without_rights(site, attempt, parts):
    rbac.install(site.home.api, rbac.account("powerless"))
    server, ca, _ = parts["kcp"]
    syncerd = attempt(kcp=(server, ca, account_token(site.home.api, "powerless", "default")))
    says(syncerd, f"workspace {site.home.path} of {site.world.bed.kcp.url}: ", "the rights are missing in it", "syncerctl install kcp")


def test_a_target_that_does_not_exist(site, attempt, parts):
    """Asked with rights for it: the rights for edge-1 do not even let it look."""
    server, ca, _ = parts["kcp"]
    syncerd = attempt(kcp=(server, ca, site.world.kcp.workspace("root").bearer()), syncTarget={"name": "edge-9"})
    says(syncerd, f"SyncTarget edge-9: does not exist in workspace {site.home.path} of {site.world.bed.kcp.url}; create it with 'syncerctl install kcp'")


def test_a_workspace_without_the_type(site, attempt, parts):
    server, ca, _ = parts["kcp"]
    syncerd = attempt(kcp=(server, ca, site.world.kcp.workspace("root").bearer()), syncTarget={"workspace": site.provider.path})
    says(syncerd, f"cannot be read from workspace {site.provider.path} of {site.world.bed.kcp.url}: its type is not served; either there is no such workspace, or it does not bind")


def test_another_ca(site, attempt, parts):
    server, _, token = parts["kcp"]
    syncerd = attempt(kcp=(server, site.world.bed.kube.ca, token))
    says(syncerd, f"workspace {site.home.path} of {site.world.bed.kcp.url}: ", "certificate", "check server, certificate-authority and proxy-url in the kubeconfig for kcp")


def test_nobody_listens(site, attempt, parts):
    _, ca, token = parts["kcp"]
    syncerd = attempt(kcp=("https://127.0.0.1:9", ca, token))
    says(syncerd, f"workspace {site.home.path} of https://127.0.0.1:9: ", "check server")


def test_a_token_of_another_server(site, attempt, parts):
    server, ca, _ = parts["kcp"]
    syncerd = attempt(kcp=(server, ca, site.cluster_token))
    says(syncerd, site.world.bed.kcp.url, "renew the credentials in the kubeconfig for kcp", "another server (of the cluster?)")


def test_swapped(site, attempt, parts):
    syncerd = attempt(kcp=parts["cluster"], cluster=parts["kcp"])
    says(syncerd, f"workspace {site.home.path} of {site.world.bed.kube.url}: ", "that server is not kcp", "are the two kubeconfigs swapped?")
    assert "swapped" in syncerd.ctl("status")
    assert not syncerd.workers()


@pytest.mark.parametrize("where", ["base", "workspace"])
def test_one_server_for_both(site, attempt, parts, where):
    """A workspace would pass for a cluster, and tenants' objects would be written into kcp."""
    server, ca, token = parts["kcp"]
    syncerd = attempt(cluster=(server if where == "workspace" else site.world.bed.kcp.url, ca, token))
    assert syncerd.process.wait(20) == 3
    says(syncerd, f"kcp and the cluster are the same server, {site.world.bed.kcp.url}", "check kcp.kubeconfig and cluster.kubeconfig")
    done = subprocess.run([program("syncerd"), "--config", syncerd.config_file, "--check-config"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 3 and "the same server" in done.stderr


def test_the_cluster_has_another_ca(site, attempt, parts):
    server, _, token = parts["cluster"]
    syncerd = attempt(cluster=(server, site.world.bed.kcp.ca, token))
    says(syncerd, f"physical cluster at {server}: ", "check server, certificate-authority and proxy-url in the kubeconfig for the cluster")
    site.wait_condition("SyncerReady", "False", "DownstreamUnreachable", timeout=40)
    assert server in syncerd.ctl("status") and "not reachable" in syncerd.ctl("status")


def test_the_cluster_refuses_the_token(site, attempt, parts):
    server, ca, _ = parts["cluster"]
    syncerd = attempt(cluster=(server, ca, site.kcp_token))
    says(syncerd, f"physical cluster at {server}: ", "renew the credentials in the kubeconfig for the cluster", "another server (of kcp?)")
    site.wait_condition("SyncerReady", "False", "DownstreamUnauthorized", timeout=40)


def test_install_at_the_wrong_server(site, parts, tmp_path):
    """syncerctl names the server too."""
    def install(server, ca, token):
        kubeconfig = write_kubeconfig(os.path.join(tmp_path, "admin.kubeconfig"), server, ca, token)
        return subprocess.run(
            [program("syncerctl"), "install", "kcp", "--workspace", site.home.path, "--name", TARGET, "--export", f"{site.provider.path}:widgets",
             "--apply", "--kubeconfig", kubeconfig], capture_output=True, text=True, timeout=60, check=False)

    server, ca, token = parts["cluster"]
    done = install(server, ca, token)
    assert done.returncode != 0 and server in done.stderr and "that server is not kcp" in done.stderr, done.stderr
    done = install(server, ca, site.kcp_token)
    assert done.returncode == 1 and server in done.stderr and "renew the credentials" in done.stderr, done.stderr
    done = install(parts["kcp"][0], ca, site.kcp_token)
    assert done.returncode == 1 and site.world.bed.kcp.url in done.stderr and "certificate-authority" in done.stderr, done.stderr

"""A client certificate in files that are replaced: SIGHUP takes the new one, and no worker ends."""
import os
import shutil

import pytest
import rbac
import yaml
from objects import WIDGETS, widget
from testbed import wait_for

USER = "syncer-by-certificate"


@pytest.fixture(scope="module")
def files(site, scratch):
    """The files in use (crt, key, kubeconfig), and two pairs to put there: one user, told apart by a group."""
    directory, kube = scratch("certificates"), site.world.bed.kube
    paths = {name: os.path.join(directory, name) for name in ("crt", "key", "kubeconfig", "first", "second")}
    for group in ("first", "second"):
        kube.client_certificate(USER, group, paths[group])
    rbac.install(site.kube, [rbac.binding(USER, site.syncer, rbac.user(USER))])
    with open(site.cluster_kubeconfig) as file:
        config = yaml.safe_load(file)
    config["users"][0]["user"] = {"client-certificate": paths["crt"], "client-key": paths["key"]}
    with open(os.open(paths["kubeconfig"], os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        yaml.safe_dump(config, file)
    put(paths, "first")
    yield paths
    site.kube.delete("rbac.authorization.k8s.io/v1/clusterrolebindings", USER)


def put(paths, pair, ends=("crt", "key")):
    for end in ends:
        shutil.copy(f"{paths[pair]}.{end}", paths[end] + ".new")
        os.rename(paths[end] + ".new", paths[end])


@pytest.fixture(scope="module")
def syncerd(site, files, launch):
    return launch(site.config(cluster={"kubeconfig": files["kubeconfig"]}))


def works(pair, name):
    for tenant in pair:
        tenant.create(widget(name))
    for tenant in pair:
        tenant.wait_down(WIDGETS, name, timeout=40)


def pids(syncerd, pair):
    return [syncerd.pid, *(syncerd.wait_worker(tenant) for tenant in pair)]


def groups(site, mark):
    """Of whom the cluster has heard since then, watches that were open before apart."""
    return {group for event in site.world.bed.kube.audit.since(mark, user=USER) for group in event["user"]["groups"]} & {"first", "second"}


def test_a_certificate_that_is_replaced(site, syncerd, pair, files):
    audit = site.world.bed.kube.audit
    mark = audit.mark()
    works(pair, "with-first")
    assert groups(site, mark) == {"first"}
    before = pids(syncerd, pair)
    put(files, "second")
    syncerd.hup()
    syncerd.wait_log("reload: credentials for the cluster have changed")
    works(pair, "taken-up")  # the workers have been told
    mark = audit.mark()
    works(pair, "with-second")
    wait_for(lambda: groups(site, mark), 20, "the requests in the audit log")
    assert groups(site, mark) == {"second"}
    assert pids(syncerd, pair) == before
    site.wait_condition("Ready", "True", timeout=60)


def test_a_certificate_without_its_key(site, syncerd, pair, files):
    """A reload that does not fit is refused, and what was in use stays so."""
    before = pids(syncerd, pair)
    put(files, "first", ends=("crt",))
    syncerd.hup()
    syncerd.wait_log("reload refused")
    mark = site.world.bed.kube.audit.mark()
    works(pair, "half")
    assert groups(site, mark) == {"second"}
    put(files, "second")
    syncerd.hup()
    works(pair, "whole")
    assert pids(syncerd, pair) == before

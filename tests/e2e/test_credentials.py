"""Credentials in files that change while syncerd runs."""

import os
import shutil

import pytest
import yaml
from objects import WIDGETS, widget
from testbed import wait_for


def replace(path, text):
    """As an agent would do it: a new file in the place of the old one."""
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


@pytest.fixture(scope="module")
def files(site, scratch):
    """Paths of the files that the kubeconfigs name: tokens and CAs."""
    directory = scratch("credentials")
    bed = site.world.bed
    paths = {}
    for name, server, token, kubeconfig in (
            ("kcp", bed.kcp, site.kcp_token, site.kcp_kubeconfig), ("cluster", bed.kube, site.cluster_token, site.cluster_kubeconfig)):
        paths[name] = {what: os.path.join(directory, f"{name}.{what}") for what in ("token", "ca", "kubeconfig")}
        replace(paths[name]["token"], token + "\n")
        shutil.copy(server.ca, paths[name]["ca"])
        with open(kubeconfig) as file:
            config = yaml.safe_load(file)
        config["clusters"][0]["cluster"] = {"server": config["clusters"][0]["cluster"]["server"], "certificate-authority": f"{name}.ca"}
        config["users"][0]["user"] = {"tokenFile": f"{name}.token"}
        replace(paths[name]["kubeconfig"], yaml.safe_dump(config))
    return paths


@pytest.fixture(scope="module")
def syncerd(site, files, launch):
    return launch(site.config(kcp={"kubeconfig": files["kcp"]["kubeconfig"]}, cluster={"kubeconfig": files["cluster"]["kubeconfig"]}))


def pids(syncerd, pair):
    return [syncerd.pid, *(syncerd.wait_worker(tenant) for tenant in pair)]


def works(pair, name):
    for tenant in pair:
        tenant.create(widget(name))
    for tenant in pair:
        tenant.wait_down(WIDGETS, name, timeout=40)
        tenant.set_status_down(WIDGETS, name, {"phase": name})
    for tenant in pair:
        tenant.wait_up(WIDGETS, name, lambda up: up.get("status") == {"phase": name}, timeout=40)


@pytest.mark.parametrize("side", ["cluster", "kcp"])
def test_a_token_file_that_changes(site, syncerd, pair, files, side):
    """The file gets another token, and the first one is withdrawn: nobody has to tell syncerd, and no worker ends."""
    works(pair, f"before-{side}")
    before = pids(syncerd, pair)
    api, ns = (site.kube, site.syncer) if side == "cluster" else (site.home.api, "default")
    old = site.cluster_token if side == "cluster" else site.kcp_token
    replace(files[side]["token"], api.token_for(site.syncer, ns=ns) + "\n")
    syncerd.wait_log(f"{side}: the token file holds another token", timeout=30)
    api.delete("v1/secrets", f"{site.syncer}-token", ns)
    wait_for(lambda: api.with_token(old).raw("GET", "/api/v1/namespaces/default/configmaps")[0] == 401, 40, "the old token to be refused")
    works(pair, f"after-{side}")
    assert pids(syncerd, pair) == before
    site.wait_condition("Ready", "True", timeout=60)
    assert old not in syncerd.text()


def test_a_token_file_that_cannot_be_read(syncerd, pair, files):
    """The token in use stays in use."""
    before, path = pids(syncerd, pair), files["cluster"]["token"]
    os.rename(path, path + ".away")
    syncerd.wait_log("the old token stays in use", timeout=30)
    works(pair, "without-file")
    os.rename(path + ".away", path)
    assert pids(syncerd, pair) == before


def test_a_ca_file_that_changes(site, syncerd, pair, files):
    """Read again at SIGHUP, like all that a kubeconfig names. The wrong CA keeps everybody out, the right one lets them in again."""
    before, path = pids(syncerd, pair), files["cluster"]["ca"]
    with open(path) as file:
        good = file.read()
    with open(files["kcp"]["ca"]) as file:
        replace(path, file.read())
    syncerd.hup()
    syncerd.wait_log("reload: credentials for the cluster have changed")
    site.wait_condition("SyncerReady", "False", "DownstreamUnreachable", timeout=90)
    replace(path, good)
    syncerd.hup()
    site.wait_condition("Ready", "True", timeout=90)
    works(pair, "right-ca")
    assert pids(syncerd, pair) == before


def test_a_ca_file_that_is_none(syncerd, pair, files):
    """A reload that cannot be read as a whole is refused as a whole."""
    before, path = pids(syncerd, pair), files["cluster"]["ca"]
    with open(path) as file:
        good = file.read()
    replace(path, "no certificate\n")
    syncerd.hup()
    syncerd.wait_log("reload refused")
    works(pair, "no-ca")
    replace(path, good)
    syncerd.hup()
    works(pair, "ca-again")
    assert pids(syncerd, pair) == before

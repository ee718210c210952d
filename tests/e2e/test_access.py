"""Ways to the two servers, and what the plan names: proxies, the ServiceAccount of a pod, direct mode, exports that are named and not named."""

import os
import re

import pytest
from connect_proxy import Proxy, through
from mounted import Mounted
from objects import CONFIGMAPS, CRDS, GIZMOS, WIDGETS, configmap, crd, gizmo, widget
from plain import Direct, grant
from testbed import wait_for

FAST = ("--test-minute", "2")


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"widgets": [WIDGETS], "gizmos": [GIZMOS]})


@pytest.fixture(scope="module")
def tenant(site):
    return site.tenant()


@pytest.fixture
def run(launch):
    """A function that starts a syncerd, for one test."""
    started = []

    def begin(config, **options):
        started.append(launch(config, start=False).start(arguments=FAST, **options))
        return started[-1]

    yield begin
    for instance in started:
        if instance.alive():
            assert instance.stop() == 0


def works(tenant, name):
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name, timeout=40)
    tenant.set_status_down(WIDGETS, name, {"phase": name})
    tenant.wait_up(WIDGETS, name, lambda up: up.get("status") == {"phase": name}, timeout=40)


# -- proxies


@pytest.fixture
def proxies():
    made = {"kcp": Proxy("up", "secret-of-up"), "cluster": Proxy("down", "secret-of-down")}
    yield made
    for proxy in made.values():
        proxy.close()


def peers(pids):
    """TCP ports that processes have connections to."""
    with open("/proc/self/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    port_of = {row[9]: int(row[2].partition(":")[2], 16) for row in rows}
    ports = set()
    for pid in pids:
        for name in os.listdir(f"/proc/{pid}/fd"):
            try:
                inode = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}"))
            except FileNotFoundError:
                continue
            if inode and port_of.get(inode.group(1)):
                ports.add(port_of[inode.group(1)])
    return ports


def test_proxies(site, tenant, proxies, run):
    """Everything goes through them, virtual workspaces and workers too; without one its server counts as unreachable, and
    what happens meanwhile is done later; their passwords are not logged."""
    config = site.config(**{side: {"kubeconfig": through(site, side, proxy)} for side, proxy in proxies.items()})
    syncerd = run(config)
    syncerd.wait_state(tenant, "Syncing")
    works(tenant, "through-proxies")
    site.wait_condition("Ready", "True")
    bed = site.world.bed
    assert set(proxies["kcp"].asked) == {bed.kcp.url.partition("//")[2]} and set(proxies["cluster"].asked) == {bed.kube.url.partition("//")[2]}
    assert peers([syncerd.pid, *syncerd.workers()]) == {proxy.port for proxy in proxies.values()}
    assert not any(proxy.refused for proxy in proxies.values())
    proxies["cluster"].shut()
    site.wait_condition("SyncerReady", "False", "DownstreamUnreachable", timeout=60)
    syncerd.wait_state(tenant, "Degraded")
    tenant.create(widget("meanwhile"))
    proxies["cluster"].open = True
    tenant.wait_down(WIDGETS, "meanwhile", timeout=60)
    site.wait_condition("Ready", "True", timeout=60)
    proxies["kcp"].shut()
    tenant.create(widget("later"))
    proxies["kcp"].open = True
    tenant.wait_down(WIDGETS, "later", timeout=60)
    assert not any(proxy.password in syncerd.text() for proxy in proxies.values())


def test_a_stop_while_the_first_word_is_under_way(site, tenant, proxies, run):
    """kcp has taken the first status, its answer is still on the way: the goodbye is said all the same, and nobody waits for a process that is gone."""
    def identity():
        return site.status().get("syncer", {}).get("identity")

    before = identity()
    proxies["kcp"].lag = 0.4
    syncerd = run(site.config(kcp={"kubeconfig": through(site, "kcp", proxies["kcp"])}))
    wait_for(lambda: identity() != before, 60, "the first status")
    assert syncerd.stop() == 0
    assert site.condition("HeartbeatHealthy")["reason"] == "SyncerStopped"
    run(site.config()).wait_state(tenant, "Syncing", timeout=30)


# -- in a pod


def test_the_service_account_of_a_pod(site, run, tenant, scratch):
    """Without a kubeconfig for the cluster: address from the environment, files where every pod has them. A new token is taken up by itself."""
    bed, directory = site.world.bed, scratch("mounted")
    mounted = Mounted(directory)
    with open(bed.kube.ca) as file:
        files = {"ca.crt": file.read(), "namespace": site.syncer, "token": site.kube.token_for(site.syncer, ns=site.syncer)}
    mounted.put(files)
    config = site.config()
    del config["cluster"]
    mount = 'mount -t tmpfs none /run && mkdir -p /run/secrets/kubernetes.io && ln -s "$0" /run/secrets/kubernetes.io/serviceaccount && exec "$@"'
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    host, _, port = bed.kube.url.partition("//")[2].rpartition(":")
    syncerd = run(config, prefix=[*unshare, "sh", "-c", mount, directory], env={"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port})
    syncerd.wait_state(tenant, "Syncing")
    works(tenant, "in-a-pod")
    pids = [syncerd.pid, *syncerd.workers()]
    fresh = site.kube.token_for(site.syncer, ns=site.syncer, seconds=7200)
    mounted.put({**files, "token": fresh})
    syncerd.wait_log("cluster: the token file holds another token", timeout=30)
    works(tenant, "with-a-new-token")
    assert [syncerd.pid, *syncerd.workers()] == pids and fresh not in syncerd.text()


# -- exports that the SyncTarget names


def test_an_export_less_and_one_more(site, run, tenant):
    """While a workspace is bound to both: the removal is announced, then its copies go and the other's stay; named again, they come back."""
    syncerd = run(site.config())
    other = site.tenants(1, exports=["gizmos"])[0]
    for one in (tenant, other):
        syncerd.wait_state(one, "Syncing")
    works(tenant, "kept")
    for one in (tenant, other):
        one.create(gizmo("dropped"))
    for one in (tenant, other):
        one.wait_down(GIZMOS, "dropped")
    pid = syncerd.worker_of(tenant)
    site.patch_target({"spec": {"supportedAPIExports": site.supported("widgets")}})
    site.wait_condition("APIImporterReady", "False", "ExportRemoved", message=f"{site.provider.path}:gizmos is no longer named")
    for one in (tenant, other):
        one.wait_down_gone(GIZMOS, "dropped", timeout=40)
        one.wait_up(GIZMOS, "dropped", lambda up: "finalizers" not in up["metadata"], "to be the tenant's alone")
    syncerd.wait_no_worker(other)
    site.wait_condition("APIImporterReady", "True")
    wait_for(lambda: not site.workspace_entry(other), 20, "the workspace to leave the status")
    wait_for(lambda: [entry["resource"] for entry in site.status()["syncedResources"]] == ["configmaps", "widgets"], 20, "the type to leave the status")
    assert tenant.down(WIDGETS, "kept")
    site.patch_target({"spec": {"supportedAPIExports": site.supported("widgets", "gizmos")}})
    for one in (tenant, other):
        one.wait_down(GIZMOS, "dropped", timeout=40)
        syncerd.wait_state(one, "Syncing")
    assert syncerd.worker_of(tenant) == pid


# -- direct mode


@pytest.fixture(scope="module")
def direct(world, scratch):
    return Direct(world, scratch("access"))


def test_direct_deletions_while_down(direct, run):
    """With the finalizer, and torn off: at the next start the copies go, and nothing of what lives."""
    syncerd, workspace = run(direct.config()), direct.workspaces[0]
    for name in ("stays", "goes", "torn"):
        workspace.api.create(WIDGETS, widget(name))
        workspace.api.create(CONFIGMAPS, configmap(name))
    for gvr in (WIDGETS, CONFIGMAPS):
        for name in ("stays", "goes", "torn"):
            direct.wait_down(workspace, gvr, name)
    before = [direct.down(workspace, gvr, "stays") for gvr in (WIDGETS, CONFIGMAPS)]
    syncerd.kill()
    for gvr in (WIDGETS, CONFIGMAPS):
        workspace.api.patch(gvr, "torn", {"metadata": {"finalizers": None}}, "default")
        for name in ("goes", "torn"):
            workspace.api.delete(gvr, name, "default")
        assert direct.down(workspace, gvr, "torn") and direct.down(workspace, gvr, "goes")
    syncerd.start(arguments=FAST)
    for gvr in (WIDGETS, CONFIGMAPS):
        for name in ("goes", "torn"):
            wait_for(lambda gvr=gvr, name=name: direct.down(workspace, gvr, name) is None, 30, f"the copy of {gvr} {name} to go")
            wait_for(lambda gvr=gvr, name=name: workspace.api.find(gvr, name, "default") is None, 30, f"{gvr} {name} to be released")
    syncerd.wait_state(workspace, "Syncing")
    assert [direct.down(workspace, gvr, "stays") for gvr in (WIDGETS, CONFIGMAPS)] == before


def test_direct_a_workspace_made_anew(direct, run):
    """The same path, another logical cluster: another tenant, who gets nothing of the first one's. (The first one's copy may stay, see
    supervisor/README.md: without an export nobody says that a workspace is gone for good.)"""
    old, neighbour = direct.workspaces
    old.api.create(WIDGETS, widget("first", size=1))
    syncerd = run(direct.config())
    direct.wait_down(old, WIDGETS, "first")
    pid = syncerd.wait_worker(neighbour)
    old.delete()
    old.wait_deleted()
    new = direct.world.workspaces(old.path.rpartition(":")[2], exact=True)[0]
    assert new.path == old.path and new.cluster != old.cluster
    new.api.create(CRDS, crd(WIDGETS))
    grant(direct, new)
    new.api.create(WIDGETS, widget("second", size=2))
    assert direct.wait_down(new, WIDGETS, "second")["spec"] == {"size": 2}
    assert direct.namespace(new) != direct.namespace(old)
    assert direct.down(new, WIDGETS, "first") is None and direct.down(old, WIDGETS, "second") is None
    syncerd.wait_no_worker(old)
    syncerd.wait_state(new, "Syncing", timeout=60)
    assert syncerd.worker_of(neighbour) == pid

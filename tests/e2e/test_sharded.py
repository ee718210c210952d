"""kcp in two shards behind its front proxy: who is served where, and what a shard that goes away may not touch.

The SyncTarget, its provider and one consumer are on the shard `root`. The second shard joins while syncerd runs; its first consumer is what
makes kcp write the second URL into the endpoint slice.
"""

import os
import types

import pytest
from objects import CONFIGMAPS, GADGETS, NAMESPACES, WIDGETS, configmap, gadget, widget
from testbed import wait_for
from testbed.sharded import ROOT, ShardedKcp
from testbed.waiting import holds_for
from world import World

SLICES = "apis.kcp.io/v1alpha1/apiexportendpointslices"
SECOND = "second"
# What has to last a minute before syncerd believes it lasts ten seconds here; what is not removed in LONG would not be removed at all.
QUICK = ("--test-minute", "10")
LONG = 30
BACK = 60  # seconds: a watch that waits for a server looks again after half a minute at most
UNNOTICED = 240  # the same for one that stands still with open connections: two and a half minutes of silence, half a minute for an answer


@pytest.fixture(scope="module")
def sharded(bed):
    """Several shards, begun with one. The physical cluster is the one all suites share."""
    servers = ShardedKcp(os.path.join(bed.directory, "sharded"), os.path.join(bed.logs, "sharded"))
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


@pytest.fixture(scope="module")
def world(bed, sharded):
    made = World(types.SimpleNamespace(kube=bed.kube, kcp=sharded, directory=bed.directory))
    made.install_target_type()
    made.install_crds(WIDGETS, GADGETS)
    return made


@pytest.fixture(scope="module")
def syncerd(site, launch):
    return launch(site.config(), start=False).start(arguments=QUICK)


@pytest.fixture(scope="module")
def here(site, syncerd):
    """A tenant on the shard `root`, served before there is any other shard."""
    tenant = site.tenants(shard=ROOT)[0]
    syncerd.wait_state(tenant, "Syncing")
    return tenant


class Joined:
    """What was seen while the second shard joined."""

    def __init__(self, sharded, site, syncerd, here):
        self.pid_here = syncerd.worker_of(here)
        self.alone = urls(site)
        self.shard = sharded.add_shard(SECOND)
        self.empty = urls(site)
        self.tenant = site.tenants(shard=SECOND)[0]
        self.pid = syncerd.wait_worker(self.tenant)


@pytest.fixture(scope="module")
def joined(sharded, site, syncerd, here):
    return Joined(sharded, site, syncerd, here)


@pytest.fixture(scope="module")
def there(joined, syncerd):
    """The tenant on the second shard."""
    syncerd.wait_state(joined.tenant, "Syncing")
    return joined.tenant


def urls(site):
    return [endpoint["url"] for endpoint in site.provider.api.get(SLICES, "widgets").get("status", {}).get("endpoints", [])]


def url_of(site, shard):
    return next(url for url in urls(site) if url.startswith(shard.url))


def round_trip(tenant, name):
    """One object down and its status up."""
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name, timeout=BACK)
    tenant.set_status_down(WIDGETS, name, {"phase": name})
    tenant.wait_up(WIDGETS, name, lambda up: up.get("status") == {"phase": name}, timeout=BACK)


def fill(tenant, *names):
    for name in names:
        tenant.create(widget(name), configmap(name), gadget(f"{name}-{tenant.cluster}"))
        tenant.wait_down(WIDGETS, name, timeout=BACK)
        tenant.wait_down(CONFIGMAPS, name, timeout=BACK)
        tenant.wait_down(GADGETS, f"{name}-{tenant.cluster}", timeout=BACK)


def content(tenant):
    """Everything of a tenant in the cluster, with its uid: what was made anew counts as another."""
    return {(gvr, item["metadata"]["name"], item["metadata"]["uid"])
            for gvr in (WIDGETS, GADGETS, CONFIGMAPS, NAMESPACES) for item in tenant.all_down(gvr)}


def test_a_shard_that_joins(site, syncerd, here, joined, there):
    """A consumer on a new shard: its URL is followed at once, and the tenants of the other shard do not notice."""
    assert len(joined.alone) == len(joined.empty) == 1 and len(urls(site)) == 2
    shown = lambda: sorted(entry["syncerURL"] for entry in site.status()["virtualWorkspaces"])
    wait_for(lambda: shown() == sorted(urls(site)), 20, "both URLs in the SyncTarget")
    for tenant in (here, there):
        round_trip(tenant, "joins")
        site.wait_phase(tenant, "Syncing")
    assert syncerd.worker_of(here) == joined.pid_here and syncerd.worker_of(there) == joined.pid
    assert here.namespace() != there.namespace()
    site.wait_condition("Ready", "True")


def test_one_shard_does_not_show_the_other(here, there):
    """Equal names on both shards are two objects; deleting one leaves the other."""
    for tenant in (here, there):
        tenant.create(widget("equal", owner=tenant.cluster))
        tenant.wait_down(WIDGETS, "equal", lambda down, owner=tenant.cluster: down["spec"]["owner"] == owner)
    there.delete(WIDGETS, "equal")
    there.wait_down_gone(WIDGETS, "equal")
    there.wait_up_gone(WIDGETS, "equal")
    assert here.down(WIDGETS, "equal") and here.up(WIDGETS, "equal")


@pytest.mark.parametrize("how", ["silent", "gone"])
def test_a_shard_that_goes_away(site, syncerd, here, joined, there, how):
    """Silent is a process that stands still, gone is one that was killed. Its tenants wait, untouched; the others go on in the same process."""
    fill(there, f"kept-{how}")
    before, pid = content(there), syncerd.worker_of(here)
    url, process = url_of(site, joined.shard), joined.shard.kcp
    joined.shard.pause() if how == "silent" else process.kill()
    try:
        degraded = site.wait_condition("SyncerReady", "False", "UpstreamDegraded", message=url, timeout=UNNOTICED)
        assert url_of(site, site.world.kcp.root) not in degraded["message"]
        assert site.condition("Ready")["status"] == "False"
        round_trip(here, f"meanwhile-{how}")
        there.set_status_down(WIDGETS, f"kept-{how}", {"phase": "Late"})
        holds_for(lambda: content(there) == before, LONG, "what is there for the silent shard stays as it is")
        assert syncerd.worker_of(here) == pid
        site.wait_phase(here, "Syncing")
    finally:
        joined.shard.resume() if how == "silent" else process.start()
    joined.shard.wait_ready()
    there.wait_up(WIDGETS, f"kept-{how}", lambda up: up.get("status") == {"phase": "Late"}, timeout=BACK)
    round_trip(there, f"back-{how}")
    site.wait_condition("Ready", "True", timeout=60)
    assert before <= content(there) and syncerd.worker_of(here) == pid


def test_start_while_a_shard_is_away(site, syncerd, here, joined, there):
    """A new syncerd knows the second shard's tenants only from what lies in the cluster. It leaves that alone and serves the others."""
    fill(there, "unseen")
    before = content(there)
    joined.shard.kcp.kill()
    try:
        syncerd.stop()
        syncerd.start(arguments=QUICK)
        syncerd.wait_state(here, "Syncing", timeout=60)
        round_trip(here, "alone")
        site.wait_condition("SyncerReady", "False", "UpstreamDegraded", message=url_of(site, joined.shard), timeout=60)
        holds_for(lambda: content(there) == before, LONG, "what no binding names stays while a shard is away")
    finally:
        joined.shard.kcp.start()
    joined.shard.wait_ready()
    syncerd.wait_state(there, "Syncing", timeout=90)
    round_trip(there, "seen")
    assert before <= content(there)
    site.wait_condition("Ready", "True", timeout=60)


def test_a_binding_removed_on_the_second_shard(site, syncerd, here, joined, there):
    """It drains: nothing stays in the cluster, and neither the other tenant of that shard nor that of the other is touched."""
    leaver = site.tenants(shard=SECOND)[0]
    syncerd.wait_state(leaver, "Syncing")
    fill(leaver, "leaves")
    fill(there, "stays")
    pids, before = [syncerd.worker_of(tenant) for tenant in (here, there)], content(there) | content(here)
    leaver.workspace.unbind("widgets")
    leaver.wait_nothing_down(timeout=120)
    wait_for(lambda: leaver.workspace.binding("widgets") is None, 60, "kcp to remove the binding")
    syncerd.wait_no_worker(leaver)
    assert [syncerd.worker_of(tenant) for tenant in (here, there)] == pids
    assert content(there) | content(here) == before


def test_a_workspace_deleted_on_the_second_shard(site, syncerd, joined, there):
    leaver = site.tenants(shard=SECOND)[0]
    syncerd.wait_state(leaver, "Syncing")
    fill(leaver, "goes")
    leaver.workspace.delete()
    leaver.workspace.wait_deleted(timeout=120)
    leaver.wait_nothing_down(timeout=200)
    syncerd.wait_no_worker(leaver)
    round_trip(there, "goes-on")


def test_the_home_shard_goes_away(sharded, site, syncerd, here, joined, there):
    """With `root` go the SyncTarget, the provider, the endpoint slice and what checks syncerd's token. The workers stay, nothing is deleted."""
    fill(there, "before")
    fill(here, "before")
    before, pids = content(here) | content(there), [syncerd.worker_of(tenant) for tenant in (here, there)]
    sharded.root.kcp.kill()
    try:
        wait_for(lambda: not syncerd.ctl_json("status")["upstream"]["reachable"], 60, "syncerctl status to say that kcp does not answer")
        joined.shard.workspace(there.cluster).create(WIDGETS, widget("without-root"))
        holds_for(lambda: before <= content(here) | content(there), LONG, "nothing is removed while the SyncTarget's shard is away")
        assert [syncerd.worker_of(tenant) for tenant in (here, there)] == pids
        joined.shard.workspace(there.cluster).create(WIDGETS, widget("still-without-root"))
    finally:
        sharded.root.kcp.start()
    sharded.root.wait_ready()
    sharded.wait_ready()
    for name in ("without-root", "still-without-root"):
        there.wait_down(WIDGETS, name, timeout=BACK)
    for tenant in (here, there):
        round_trip(tenant, "root-is-back")
    site.wait_condition("Ready", "True", timeout=BACK)
    assert before <= content(here) | content(there)

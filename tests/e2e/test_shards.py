"""An endpoint slice with more than one URL, as far as one kcp can show it.

kcp on one shard writes one URL. The tests add a second one to the slice's status by hand: another name of the same kcp, or an address where
nobody answers, which is what a shard that is down looks like.
"""

import urllib.parse

import pytest
from objects import GADGETS, NAMESPACES, WIDGETS, gadget, widget
from testbed import wait_for
from testbed.waiting import holds_for

SLICES = "apis.kcp.io/v1alpha1/apiexportendpointslices"


def urls(site):
    return [endpoint["url"] for endpoint in site.provider.api.get(SLICES, "widgets")["status"]["endpoints"]]


def elsewhere(url, netloc):
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(url)._replace(netloc=netloc))


@pytest.fixture
def add_url(site):
    """A function that adds a URL to the slice; it is taken out after the test."""
    before = urls(site)

    def add(netloc):
        fresh = elsewhere(before[0], netloc)
        site.provider.api.set_status(SLICES, "widgets", {"endpoints": [{"url": url} for url in [*before, fresh]]})
        holds_for(lambda: fresh in urls(site), 3, "the second URL stays in the slice")  # kcp leaves it alone
        return fresh

    yield add
    site.provider.api.set_status(SLICES, "widgets", {"endpoints": [{"url": url} for url in before]})


def test_two_urls_that_show_the_same(site, syncerd, pair, add_url):
    """The same binding under two URLs is one tenant with one worker, and nothing happens twice."""
    port = urllib.parse.urlsplit(urls(site)[0]).port
    before = [syncerd.wait_worker(tenant) for tenant in pair]
    second = add_url(f"localhost:{port}")
    wait_for(lambda: second in [entry["syncerURL"] for entry in site.status()["virtualWorkspaces"]], 20, "the second URL in the SyncTarget")
    assert len(syncerd.workers()) == 2 and len(syncerd.ctl_json("workspaces")) == 2
    for tenant in pair:
        tenant.create(widget("two-urls"))
    for tenant in pair:
        tenant.wait_down(WIDGETS, "two-urls")
        tenant.set_status_down(WIDGETS, "two-urls", {"phase": "Up"})
        tenant.wait_up(WIDGETS, "two-urls", lambda up: up.get("status") == {"phase": "Up"})
    site.wait_condition("Ready", "True", timeout=30)
    wait_for(lambda: site.status()["workspaceSummary"]["total"] == 2, 20, "two workspaces in the summary")
    assert all(syncerd.worker_of(tenant) for tenant in pair) and len(before) == 2


def test_a_shard_that_is_down(new_site, launch):
    """While one URL cannot be read, no absence means anything: what looks like an orphan stays. The other shard's tenants go on."""
    site = new_site()
    syncerd = launch(site.config())
    tenant, leaver = site.tenants(2)
    name = f"left-{leaver.cluster}"
    leaver.create(widget("left"), gadget(name))
    leaver.wait_down(WIDGETS, "left")
    leaver.wait_down(GADGETS, name)
    syncerd.kill()
    for gvr, item in ((WIDGETS, "left"), (GADGETS, name)):
        leaver.patch(gvr, item, {"metadata": {"finalizers": None}})
    leaver.workspace.unbind("widgets")
    wait_for(lambda: leaver.workspace.binding("widgets") is None, 60, "the unbinding to end")
    good = urls(site)
    dead = elsewhere(good[0], "127.0.0.1:9")
    site.provider.api.set_status(SLICES, "widgets", {"endpoints": [{"url": url} for url in [*good, dead]]})
    syncerd.start(arguments=("--test-minute", "3"))
    site.wait_condition("SyncerReady", "False", "UpstreamDegraded", timeout=60)
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("meanwhile"))
    tenant.wait_down(WIDGETS, "meanwhile")
    holds_for(lambda: leaver.down(WIDGETS, "left") and leaver.down(GADGETS, name), 10, "nothing is removed while a shard is silent")
    assert site.kube.list(NAMESPACES, labels=leaver.selector)
    site.provider.api.set_status(SLICES, "widgets", {"endpoints": [{"url": url} for url in good]})
    leaver.wait_nothing_down(timeout=200)
    site.wait_condition("Ready", "True", timeout=30)

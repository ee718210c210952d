"""Types of the cluster that change while syncerd runs: noticed within seconds, with the rights that syncerd ships with (none on
CustomResourceDefinitions), and without another worker."""

import pytest
from objects import CRDS, KIND_OF, WIDGETS, crd, widget
from testbed import wait_for

GEARS = "gears.dev/v1/gears"
NAME = "gears.gears.dev"
SOON = 12  # the probe's 5 s, a round, a plan, and the lists of the worker
KIND_OF[GEARS] = "Gear"


def gear(name):
    return {"apiVersion": "gears.dev/v1", "kind": "Gear", "metadata": {"name": name, "namespace": "default"}, "spec": {"size": 1}}


@pytest.fixture(scope="module")
def mine(site, new_site):
    site.world.install_crds(GEARS)
    yield new_site(exports={"widgets": [WIDGETS], "gears": [GEARS]})
    if site.world.kube.find(CRDS, NAME):
        site.world.remove_crd(GEARS)


@pytest.fixture(scope="module")
def running(mine, launch):
    syncerd, tenant = launch(mine.config()), mine.tenant()
    syncerd.wait_state(tenant, "Syncing")
    return syncerd, tenant


@pytest.fixture
def syncing(mine, running):
    """Gears are synced; at the end they are again, within seconds and by the same worker."""
    syncerd, tenant = running
    mine.wait_resource("gears", "Accepted", "", timeout=SOON)
    pid = syncerd.wait_worker(tenant)
    yield tenant
    assert syncerd.worker_of(tenant) == pid


def flows(tenant, name):
    tenant.api.create(GEARS, gear(name))
    tenant.wait_down(GEARS, name, timeout=SOON)


def go_on_without(tenant, name):
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def test_a_type_that_is_deleted_and_made_again(mine, syncing):
    kube = mine.world.kube
    flows(syncing, "before")
    mine.world.remove_crd(GEARS)
    mine.wait_resource("gears", "Incompatible", "NotServed", timeout=SOON)
    go_on_without(syncing, "no-type")
    syncing.api.create(GEARS, gear("meanwhile"))
    kube.create(CRDS, crd(GEARS))
    syncing.wait_down(GEARS, "meanwhile", timeout=SOON)
    syncing.wait_down(GEARS, "before", timeout=SOON)


def test_a_version_that_is_not_served_for_a_while(mine, syncing):
    kube = mine.world.kube
    both = crd(GEARS)["spec"]["versions"] + [{**crd(GEARS)["spec"]["versions"][0], "name": "v2", "storage": False}]
    neither = [{**both[0], "served": False}, both[1]]
    kube.patch(CRDS, NAME, {"spec": {"versions": both}})
    flows(syncing, "served")
    kube.patch(CRDS, NAME, {"spec": {"versions": neither}})
    mine.wait_resource("gears", "Incompatible", "NoCommonVersion", timeout=SOON)
    go_on_without(syncing, "no-version")
    kube.patch(CRDS, NAME, {"spec": {"versions": both}})
    flows(syncing, "served-again")
    assert syncing.down(GEARS, "served")


def test_a_scope_that_changes(mine, syncing):
    kube = mine.world.kube
    flows(syncing, "scoped")
    mine.world.remove_crd(GEARS)
    kube.create(CRDS, crd(GEARS, scope="Cluster"))
    mine.wait_resource("gears", "Incompatible", "ScopeMismatch", timeout=SOON)
    go_on_without(syncing, "no-scope")
    mine.world.remove_crd(GEARS)
    kube.create(CRDS, crd(GEARS))
    flows(syncing, "scoped-again")
    syncing.wait_down(GEARS, "scoped", timeout=SOON)


def test_it_costs_an_answer_without_a_body(site, mine, syncing):
    """What the probe asks for again and again is answered with 304."""
    audit = site.world.bed.kube.audit
    mark = audit.mark()

    def probes():
        return [event for event in audit.since(mark, user=mine.syncer) if event["requestURI"] == "/apis"]
    wait_for(lambda: len(probes()) >= 3, 40, "three probes")
    assert [event["responseStatus"]["code"] for event in probes()].count(304) >= 2

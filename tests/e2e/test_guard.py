"""Many objects vanish upstream at once and nothing says why: their copies stay until somebody approves, or until the objects are back."""

import pytest
from objects import CONFIGMAPS, WIDGETS, configmap, widget
from testbed import wait_for

MANY = 60
FEW_MAY_GO = MANY // 2  # what is more is held, however slowly the guard hears of one after the other


@pytest.fixture(scope="module")
def tenants(site, syncerd):
    made = site.tenants(5)
    for tenant in made:
        syncerd.wait_state(tenant, "Syncing")
    return iter(made)


def copies(tenant):
    """Names and uids of the tenant's configmaps in the cluster."""
    return {item["metadata"]["name"]: item["metadata"]["uid"] for item in tenant.all_down(CONFIGMAPS)}


def told_held(syncerd, tenant):
    """Names of what the worker says that it holds."""
    return {item["key"].rpartition("/")[2] for item in syncerd.ctl_json("dump", tenant.cluster)["objects"] if item["reason"] == "MassDeletionHeld"}


def fill(tenant):
    for i in range(MANY):
        tenant.create(configmap(f"c{i}"))
    wait_for(lambda: len(copies(tenant)) == MANY, 30, "all copies")
    return copies(tenant)


def empty(tenant):
    for i in range(MANY):
        tenant.delete(CONFIGMAPS, f"c{i}")


def test_a_mass_deletion_waits_for_an_approval(site, syncerd, tenants):
    tenant, neighbour = next(tenants), next(tenants)
    fill(tenant)
    tenant.create(widget("stays"))
    neighbour.create(configmap("calm"))
    neighbour.wait_down(CONFIGMAPS, "calm")
    pid = syncerd.worker_of(neighbour)
    empty(tenant)
    site.wait_phase(tenant, "Degraded", "MassDeletionHeld")
    wait_for(lambda: told_held(syncerd, tenant) == set(copies(tenant)), 60, "all that is left to be held")
    held = copies(tenant)
    assert len(held) >= MANY - FEW_MAY_GO
    site.wait_condition("Ready", "True")

    # Syncing goes on beside it, and what is deleted by name with a finalizer of ours is explained.
    tenant.create(configmap("new"))
    tenant.wait_down(CONFIGMAPS, "new")
    tenant.wait_down(WIDGETS, "stays")
    tenant.delete(WIDGETS, "stays")
    tenant.wait_up_gone(WIDGETS, "stays")
    assert set(held) <= set(copies(tenant)), "nothing went in the meantime"
    shown = syncerd.ctl_json("dump", tenant.cluster)
    assert {item["reason"] for item in shown["objects"]} == {"MassDeletionHeld"}
    assert any(event["reason"] == "MassDeletionHeld" and "syncerctl approve" in event["message"] for event in syncerd.ctl_json("events", tenant.cluster))

    # A restart of the worker forgets nothing of it, although what is lost is now only a small part.
    for i in range(2 * MANY):
        tenant.create(configmap(f"later{i}"))
    wait_for(lambda: len(copies(tenant)) > 2 * MANY + len(held), 60, "the later ones")
    old = syncerd.worker_of(tenant)
    syncerd.ctl("restart", tenant.path)
    syncerd.wait_worker(tenant, other_than=old)
    site.wait_phase(tenant, "Degraded", "MassDeletionHeld")
    assert set(held) <= set(copies(tenant))

    syncerd.ctl("approve", tenant.path)
    wait_for(lambda: len(copies(tenant)) == 2 * MANY + 1, 60, "what was held to go")
    assert "new" in copies(tenant)
    site.wait_phase(tenant, "Syncing")
    neighbour.wait_down(CONFIGMAPS, "calm")
    assert syncerd.worker_of(neighbour) == pid


def test_objects_that_come_back_need_no_approval(site, syncerd, tenants):
    tenant = next(tenants)
    before = fill(tenant)
    syncerd.ctl("pause", tenant.path)
    site.wait_phase(tenant, "Paused")
    empty(tenant)
    syncerd.ctl("resume", tenant.path)
    site.wait_phase(tenant, "Degraded", "MassDeletionHeld")
    assert copies(tenant) == before, "what vanished before the first look at it is held whole"
    for i in range(MANY):
        tenant.create(configmap(f"c{i}"))
    site.wait_phase(tenant, "Syncing")
    assert copies(tenant) == before, "the same copies, never deleted"


def test_unbinding_is_never_held(site, syncerd, tenants):
    tenant = next(tenants)
    fill(tenant)
    tenant.workspace.unbind("widgets")
    tenant.wait_nothing_down()
    syncerd.wait_no_worker(tenant)


def test_many_copies_of_a_lost_workspace_are_held(site, syncerd, tenants):
    """Unbound while syncerd was away, without a finalizer that would have waited for it: no order that anybody can see any more."""
    tenant = next(tenants)
    fill(tenant)
    syncerd.stop()
    tenant.workspace.unbind("widgets")
    wait_for(lambda: tenant.workspace.binding("widgets") is None, 60, "the binding to go")
    syncerd.start(arguments=("--test-minute", "3"))
    wait_for(lambda: syncerd.view(tenant).get("reason") == "MassDeletionHeld", 60, "the drain to be held")
    assert len(copies(tenant)) == MANY
    syncerd.ctl("approve", tenant.cluster)
    tenant.wait_nothing_down()
    syncerd.wait_no_worker(tenant)

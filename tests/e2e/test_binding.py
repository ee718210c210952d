"""APIBindings come, change and go while syncerd runs."""

import pytest
from edge import Tenant
from objects import CONFIGMAPS, GADGETS, WIDGETS, configmap, gadget, widget
from testbed import wait_for


@pytest.fixture(scope="module")
def tenants(site, syncerd):
    """Four workspaces that are Bound when the tests begin, each for one story."""
    made = site.tenants(4)
    for tenant in made:
        syncerd.wait_state(tenant, "Syncing")
    return iter(made)


def test_a_new_binding_starts_a_worker(site, syncerd):
    newcomer = Tenant(site, site.world.workspace("newcomer"))
    assert syncerd.worker_of(newcomer) is None
    newcomer.bind()
    syncerd.wait_worker(newcomer, timeout=5)
    entry = site.wait_phase(newcomer, "Syncing")
    assert entry["path"] == newcomer.path
    assert [(binding["name"], binding["phase"], binding["acceptedClaims"]) for binding in entry["bindings"]] == [("widgets", "Bound", ["configmaps"])]


def test_refused_claims_are_shown_and_respected(site, syncerd):
    careful = site.tenant(claims="Rejected")
    entry = site.wait_phase(careful, "Degraded", "ClaimRefused")
    assert entry["message"] == "configmaps"
    assert entry["bindings"][0]["refusedClaims"] == ["configmaps"]
    careful.create(configmap("private"), widget("shared"))
    careful.wait_down(WIDGETS, "shared")
    assert careful.down(CONFIGMAPS, "private") is None
    assert site.condition("Ready")["status"] == "True", "one tenant's choice does not make the cluster unready"

    pid = syncerd.worker_of(careful)
    careful.workspace.set_claims("widgets", {"configmaps": "Accepted"})
    careful.wait_down(CONFIGMAPS, "private", timeout=30)
    site.wait_phase(careful, "Syncing")
    assert syncerd.worker_of(careful) == pid, "the plan changed, the process did not"


def test_withdrawing_a_claim_removes_the_copies(site, syncerd, tenants):
    tenant = next(tenants)
    tenant.create(configmap("lent"), widget("stays"))
    tenant.wait_down(CONFIGMAPS, "lent")
    tenant.wait_down(WIDGETS, "stays")
    tenant.workspace.set_claims("widgets", {"configmaps": "Rejected"})
    site.wait_phase(tenant, "Degraded", "ClaimRefused")
    assert tenant.down(CONFIGMAPS, "lent"), "not at once: a claim may come back"
    tenant.wait_down_gone(CONFIGMAPS, "lent", timeout=100)
    assert tenant.up(CONFIGMAPS, "lent"), "the tenant's own object is untouched"
    assert tenant.down(WIDGETS, "stays")
    tenant.delete(CONFIGMAPS, "lent")
    assert tenant.up(CONFIGMAPS, "lent") is None, "nothing of ours holds it"


def test_a_claim_with_a_selector(site, syncerd):
    """The tenant's labels choose what is lent: it comes with the label, and goes with it; what was never lent was never there."""
    chooser = Tenant(site, site.world.workspace("chooser"))
    chooser.bind(selector={"matchLabels": {"lend": "yes"}})
    syncerd.wait_state(chooser, "Syncing")
    lent = configmap("lent")
    lent["metadata"]["labels"] = {"lend": "yes"}
    chooser.create(configmap("kept"), lent)
    chooser.wait_down(CONFIGMAPS, "lent")
    assert chooser.down(CONFIGMAPS, "kept") is None
    chooser.patch(CONFIGMAPS, "kept", {"metadata": {"labels": {"lend": "yes"}}})
    chooser.wait_down(CONFIGMAPS, "kept")
    chooser.patch(CONFIGMAPS, "lent", {"metadata": {"labels": {"lend": None}}})
    chooser.wait_down_gone(CONFIGMAPS, "lent")
    assert chooser.up(CONFIGMAPS, "lent")["data"] == lent["data"], "the tenant's own object is untouched"
    assert chooser.down(CONFIGMAPS, "kept") and site.wait_phase(chooser, "Syncing")


def test_unbinding_cleans_up_and_binding_again_works(site, syncerd, tenants):
    tenant = next(tenants)
    name = f"unbound-{tenant.cluster}"
    tenant.create(widget("w"), gadget(name), configmap("c"))
    tenant.wait_down(WIDGETS, "w")
    tenant.wait_down(CONFIGMAPS, "c")
    tenant.wait_down(GADGETS, name)
    tenant.workspace.unbind("widgets")
    tenant.wait_nothing_down()
    syncerd.wait_no_worker(tenant)
    wait_for(lambda: tenant.workspace.binding("widgets") is None, 60, "the binding to be released")
    wait_for(lambda: not site.workspace_entry(tenant), 30, "the workspace to leave the status")

    tenant.bind()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("w", size=2))
    assert tenant.wait_down(WIDGETS, "w")["spec"] == {"size": 2}
    tenant.wait_down(CONFIGMAPS, "c")


def test_unbinding_one_workspace_leaves_the_others(site, syncerd, tenants):
    leaver, stayer = next(tenants), next(tenants)
    for tenant in (leaver, stayer):
        tenant.create(widget("w"))
    for tenant in (leaver, stayer):
        tenant.wait_down(WIDGETS, "w")
    before = stayer.down(WIDGETS, "w"), syncerd.worker_of(stayer)
    leaver.workspace.unbind("widgets")
    leaver.wait_nothing_down()
    syncerd.wait_no_worker(leaver)
    assert (stayer.down(WIDGETS, "w"), syncerd.worker_of(stayer)) == before
    stayer.create(widget("after"))
    stayer.wait_down(WIDGETS, "after")


def test_the_last_consumer_leaves(new_site, launch):
    """Then the export has no endpoint any more; that is no error."""
    site = new_site()
    syncerd = launch(site.config())
    site.wait_condition("Ready", "True")
    site.wait_condition("WorkersReady", "True", "NoWorkspaces")
    tenant = site.tenant()
    tenant.create(widget("w"))
    tenant.wait_down(WIDGETS, "w")
    tenant.workspace.unbind("widgets")
    tenant.wait_nothing_down()
    syncerd.wait_no_worker(tenant)
    site.wait_condition("WorkersReady", "True", "NoWorkspaces")
    site.wait_condition("Ready", "True")

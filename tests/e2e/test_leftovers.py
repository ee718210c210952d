"""Copies in the cluster that nobody asks for any more, and a SyncTarget that must not leave before they are gone."""

import pytest
import rbac
from edge import TARGET
from objects import EXPORTS, GADGETS, GIZMOS, GVR_OF, NAMESPACES, SYNCTARGETS, WIDGETS, gadget, gizmo, widget
from testbed import wait_for
from testbed.waiting import holds_for


def unbind_behind_our_back(tenant, *objects):
    """As if it had happened while nobody looked: without our finalizers nothing upstream tells of the copies."""
    for item in objects:
        meta = item["metadata"]
        tenant.patch(GVR_OF[item["kind"]], meta["name"], {"metadata": {"finalizers": None}})
    tenant.workspace.unbind("widgets")
    wait_for(lambda: tenant.workspace.binding("widgets") is None, 60, "the unbinding to end")


def test_cluster_scoped_copies_of_a_workspace_that_left(new_site, launch):
    """C10 without a namespace that could tell of it. Takes its time: two complete lists 60 s apart have to agree."""
    site = new_site()
    syncerd = launch(site.config())
    leaver, stayer = site.tenants(2)
    left, kept = gadget(f"left-{leaver.cluster}"), gadget(f"kept-{stayer.cluster}")
    leaver.create(left)
    stayer.create(kept)
    leaver.wait_down(GADGETS, left["metadata"]["name"])
    stayer.wait_down(GADGETS, kept["metadata"]["name"])
    syncerd.kill()
    unbind_behind_our_back(leaver, left)
    # Our label alone is no proof, nor is the locator of another SyncTarget: both stay.
    forged = [gadget(f"{word}-{leaver.cluster}") for word in ("label", "locator")]
    for item in forged:
        item["metadata"]["labels"] = leaver.marks()
    forged[1]["metadata"]["annotations"] = {"kcp.io/namespace-locator": leaver.locator().replace(site.uid, "00000000-0000-0000-0000-000000000000")}
    for item in forged:
        site.kube.create(GADGETS, item)
    assert not site.kube.list(NAMESPACES, labels=leaver.selector)
    syncerd.start()
    syncerd.wait_state(stayer, "Syncing")
    holds_for(lambda: leaver.down(GADGETS, left["metadata"]["name"]), 20, "nothing is removed after one look")
    leaver.wait_down_gone(GADGETS, left["metadata"]["name"], timeout=150)
    syncerd.wait_no_worker(leaver)
    assert stayer.down(GADGETS, kept["metadata"]["name"]) and all(site.kube.find(GADGETS, item["metadata"]["name"]) for item in forged)
    for item in forged:
        site.kube.delete(GADGETS, item["metadata"]["name"])


@pytest.mark.parametrize("named", ["nothing", "an export that does not exist"])
def test_a_deleted_target_says_what_it_waits_for(new_site, launch, named):
    """Nobody can tell which copies are still wanted: all stay, the SyncTarget too, and it says why; with the export it goes on."""
    site = new_site()
    syncerd = launch(site.config())
    tenant = site.tenant()
    alone = f"alone-{tenant.cluster}"
    tenant.create(widget("w"), gadget(alone))
    tenant.wait_down(WIDGETS, "w")
    tenant.wait_down(GADGETS, alone)
    syncerd.kill()
    if named == "nothing":
        exports, reason = [], "spec.supportedAPIExports is empty"
    else:
        exports, reason = site.supported("nowhere"), f"APIExport {site.provider.path}:nowhere does not exist"
        rbac.install(site.provider.api, rbac.for_export(site.syncer, "nowhere", site.home.cluster))
    site.patch_target({"spec": {"supportedAPIExports": exports}})
    site.home.api.delete(SYNCTARGETS, TARGET)
    syncerd.start()
    site.wait_condition("SyncerReady", "False", "Deleting", message=reason, timeout=40)
    wait_for(lambda: "gadgets.example.dev" in site.condition("SyncerReady")["message"], 20, "the objects outside of namespaces to be named")
    seen = site.condition("SyncerReady")
    assert seen["message"] == (f"the SyncTarget is being deleted and waits: {reason}; left in the cluster: 1 namespace and 1 object (gadgets.example.dev) "
                               f"outside of namespaces of logical cluster {tenant.cluster}")
    assert reason in syncerd.ctl("status")
    holds_for(lambda: site.target() and tenant.down(WIDGETS, "w") and tenant.down(GADGETS, alone), 10, "everything stays")
    site.patch_target({"spec": {"supportedAPIExports": site.supported("widgets")}})
    wait_for(lambda: site.target() is None, 60, "the SyncTarget to be released")
    assert syncerd.process.wait(20) == 0
    tenant.wait_nothing_down(timeout=20)
    assert "finalizers" not in tenant.up(WIDGETS, "w")["metadata"] and "finalizers" not in tenant.up(GADGETS, alone)["metadata"]


def test_a_deleted_target_waits_for_what_no_namespace_tells_of(new_site, launch):
    """No export is named and no namespace is left, but an object outside of namespaces is. By hand it can be removed, then all is well."""
    site = new_site()
    syncerd = launch(site.config())
    tenant = site.tenant()
    name = f"last-{tenant.cluster}"
    tenant.create(gadget(name))
    tenant.wait_down(GADGETS, name)
    syncerd.kill()
    site.patch_target({"spec": {"supportedAPIExports": []}})
    site.home.api.delete(SYNCTARGETS, TARGET)
    syncerd.start()
    site.wait_condition("SyncerReady", "False", "Deleting", message=f"1 object (gadgets.example.dev) outside of namespaces of logical cluster {tenant.cluster}", timeout=40)
    assert site.target() and tenant.down(GADGETS, name)
    site.kube.delete(GADGETS, name)
    syncerd.hup()
    wait_for(lambda: site.target() is None, 60, "the SyncTarget to be released")
    assert syncerd.process.wait(20) == 0


def test_who_lives_is_let_go_with_its_export_although_the_type_is_not_served(new_site, launch):
    """While the type may come back, objects keep our finalizer; when their export leaves and others stay, nobody else would take it off."""
    site = new_site(exports={"widgets": [WIDGETS], "gizmos": [GIZMOS]})
    launch(site.config(), start=False).start(arguments=("--test-minute", "10"))
    tenant = site.tenant()
    tenant.create(widget("stays"), gizmo("lives"))
    copy = tenant.wait_down(WIDGETS, "stays")
    tenant.wait_down(GIZMOS, "lives")
    site.world.remove_crd(GIZMOS)
    try:
        site.wait_resource("gizmos", "Incompatible", "NotServed")
        holds_for(lambda: site.finalizer in tenant.up(GIZMOS, "lives")["metadata"]["finalizers"], 25, "the finalizer")
        site.patch_target({"spec": {"supportedAPIExports": site.supported("widgets")}})
        tenant.wait_up(GIZMOS, "lives", lambda item: not item["metadata"].get("finalizers"), "to be let go", timeout=60)
        site.wait_condition("APIImporterReady", "True", "AsExpected", timeout=30)
        assert tenant.down(WIDGETS, "stays")["metadata"]["uid"] == copy["metadata"]["uid"]
    finally:
        site.world.install_crds(GIZMOS)


def test_an_export_that_was_deleted_holds_no_target(new_site, launch):
    """Named, it may come back, and the SyncTarget waits; taken out, nothing can be released there any more, and nothing waits for it."""
    site = new_site()
    syncerd = launch(site.config(), start=False).start(arguments=("--test-minute", "3"))
    tenant = site.tenant()
    tenant.create(widget("w"))
    tenant.wait_down(WIDGETS, "w")
    site.provider.api.delete(EXPORTS, "widgets")
    wait_for(lambda: site.provider.api.find(EXPORTS, "widgets") is None, 60, "the export to be gone")
    site.home.api.delete(SYNCTARGETS, TARGET)
    site.wait_condition("SyncerReady", "False", "Deleting", message="widgets does not exist", timeout=40)
    holds_for(site.target, 10, "the SyncTarget")
    site.patch_target({"spec": {"supportedAPIExports": []}})
    wait_for(lambda: site.target() is None, 90, "the SyncTarget to be released")
    assert syncerd.process.wait(20) == 0
    tenant.wait_nothing_down(timeout=20)

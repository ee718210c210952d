"""One workspace never sees, changes or loses anything because of another."""

from counting import Requests, brief
from objects import CONFIGMAPS, GADGETS, NAMESPACES, WIDGETS, configmap, gadget, widget
from testbed import wait_for
from testbed.waiting import holds_for


def settle(tenant, name):
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def test_each_workspace_has_its_own_process(syncerd, pair):
    pids = [syncerd.wait_worker(tenant) for tenant in pair]
    assert len(set(pids)) == 2


def test_a_worker_serves_nobody_else(syncerd, pair):
    ours, theirs = pair
    settle(theirs, "before-pause")
    syncerd.ctl("pause", theirs.path)
    try:
        theirs.create(widget("while-paused"))
        theirs.patch(WIDGETS, "before-pause", {"spec": {"size": 9}})
        settle(ours, "meanwhile")
        assert theirs.down(WIDGETS, "while-paused") is None
        assert theirs.down(WIDGETS, "before-pause")["spec"] == {"size": 1}
    finally:
        syncerd.ctl("resume", theirs.path)
    theirs.wait_down(WIDGETS, "while-paused")


def test_requests_of_tenants_do_not_mix(site, pair):
    """Whatever is asked of one logical cluster concerns its own objects only, and the cluster's objects go to the namespace of one tenant."""
    ours, theirs = pair
    settle(theirs, "quiet")
    requests = Requests(site)
    settle(ours, "busy-1")
    ours.delete(WIDGETS, "busy-1")
    ours.wait_up_gone(WIDGETS, "busy-1")
    settle(ours, "busy-2")
    writes_up = requests.up(cluster=theirs.cluster, resource="widgets", verbs=("patch", "create", "update", "delete"))
    assert not writes_up, brief(writes_up)
    writes_down = requests.down(ns=theirs.namespace(), verbs=("patch", "create", "update", "delete"))
    assert not writes_down, brief(writes_down)


def test_deleting_one_of_two_equal_names_leaves_the_other(pair):
    ours, theirs = pair
    for tenant in pair:
        tenant.create(widget("twin"), configmap("twin"))
    for tenant in pair:
        tenant.wait_down(WIDGETS, "twin")
        tenant.wait_down(CONFIGMAPS, "twin")
    kept = theirs.down(WIDGETS, "twin"), theirs.down(CONFIGMAPS, "twin")
    ours.delete(WIDGETS, "twin")
    ours.delete(CONFIGMAPS, "twin")
    ours.wait_up_gone(WIDGETS, "twin")
    ours.wait_down_gone(CONFIGMAPS, "twin")
    assert (theirs.down(WIDGETS, "twin"), theirs.down(CONFIGMAPS, "twin")) == kept


def test_a_status_goes_to_its_own_workspace_only(pair):
    ours, theirs = pair
    for tenant in pair:
        tenant.create(widget("reporting"))
    for tenant in pair:
        tenant.wait_down(WIDGETS, "reporting")
    ours.set_status_down(WIDGETS, "reporting", {"phase": "Ours"})
    ours.wait_up(WIDGETS, "reporting", lambda up: up.get("status") == {"phase": "Ours"})
    settle(theirs, "reporting-later")
    assert "status" not in theirs.up(WIDGETS, "reporting")


def test_the_first_owner_keeps_a_cluster_scoped_name(site, pair):
    ours, theirs = pair
    name = f"contested-{ours.cluster}"
    ours.create(gadget(name, owner="first"))
    first = ours.wait_down(GADGETS, name)
    theirs.create(gadget(name, owner="second"))
    entry = site.wait_phase(theirs, "Degraded", "NameCollision")
    assert ours.path not in entry.get("message", "") and ours.cluster not in entry.get("message", ""), "tenants are not told of each other"
    assert ours.down(GADGETS, name) == first
    theirs.delete(GADGETS, name)
    theirs.wait_up_gone(GADGETS, name)
    assert ours.down(GADGETS, name) == first, "the loser's deletion is not the owner's"
    site.wait_phase(theirs, "Syncing")


def test_a_cluster_scoped_name_passes_on_when_its_owner_leaves(site, pair):
    ours, theirs = pair
    name = f"inherited-{ours.cluster}"
    ours.create(gadget(name, owner="first"))
    ours.wait_down(GADGETS, name)
    theirs.create(gadget(name, owner="second"))
    site.wait_phase(theirs, "Degraded", "NameCollision")
    ours.delete(GADGETS, name)
    ours.wait_up_gone(GADGETS, name)
    down = theirs.wait_down(GADGETS, name, lambda down: down["spec"] == {"owner": "second"}, timeout=60)
    assert down["metadata"]["labels"] == theirs.marks()
    site.wait_phase(theirs, "Syncing")


def test_marks_forged_by_a_tenant_stay_in_kcp(site, pair):
    ours, theirs = pair
    forged = widget("forged")
    forged["metadata"]["labels"] = {**theirs.marks(), "sub.kcp.io/x": "y", "honest": "label"}
    forged["metadata"]["annotations"] = {"kcp.io/namespace-locator": theirs.locator(), "workload.kcp.io/orphaned-from": site.key, "honest": "too"}
    ours.create(forged)
    meta = ours.wait_down(WIDGETS, "forged")["metadata"]
    assert meta["labels"] == {"honest": "label", **ours.marks()}
    assert meta["annotations"] == {"honest": "too"}


def test_a_forged_locator_on_a_cluster_scoped_object(pair):
    ours, theirs = pair
    name = f"forged-{ours.cluster}"
    forged = gadget(name)
    forged["metadata"]["annotations"] = {"kcp.io/namespace-locator": theirs.locator()}
    ours.create(forged)
    down = ours.wait_down(GADGETS, name)
    assert down["metadata"]["annotations"] == {"kcp.io/namespace-locator": ours.locator()}


def test_foreign_objects_with_forged_marks_are_left_alone(site, pair):
    """Somebody in the cluster copies a tenant's labels to objects in a namespace that is not the tenant's."""
    ours, _ = pair
    other_ns = site.world.unique("foreign")
    site.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": other_ns}})
    for item in (widget("bystander", ns=other_ns), configmap("bystander", ns=other_ns)):
        item["metadata"]["labels"] = ours.marks()
        site.kube.create(WIDGETS if item["kind"] == "Widget" else CONFIGMAPS, item)
    ours.create(widget("bystander"))
    ours.wait_down(WIDGETS, "bystander")
    ours.delete(WIDGETS, "bystander")
    ours.wait_up_gone(WIDGETS, "bystander")
    settle(ours, "bystander-later")
    for gvr in (WIDGETS, CONFIGMAPS):
        assert "deletionTimestamp" not in site.kube.get(gvr, "bystander", other_ns)["metadata"]


def test_a_namespace_with_forged_marks_is_not_removed(site, pair):
    ours, _ = pair
    name = site.world.unique("forged-ns")
    meta = {"name": name, "labels": ours.marks(), "annotations": {"kcp.io/namespace-locator": ours.locator("default")}}
    site.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    holds_for(lambda: "deletionTimestamp" not in site.kube.get(NAMESPACES, name)["metadata"], 5, "a foreign namespace stays")


def test_a_namespace_that_was_there_first_is_not_taken_over(site, pair):
    """The name a tenant's namespace maps to exists already: nothing is written there, and it is said."""
    ours, _ = pair
    ours.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "occupied"}})
    site.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ours.namespace("occupied")}})
    ours.create(widget("waiting", ns="occupied"))
    site.wait_phase(ours, "Degraded", "NameCollision")
    assert ours.down(WIDGETS, "waiting", ns="occupied") is None
    ours.delete(WIDGETS, "waiting", ns="occupied")
    ours.wait_up_gone(WIDGETS, "waiting", ns="occupied")
    assert site.kube.find(NAMESPACES, ours.namespace("occupied")), "it is somebody else's"
    wait_for(lambda: site.workspace_entry(ours).get("phase") == "Syncing", 30, "the collision to be over")

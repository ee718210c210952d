"""Somebody changes things in the cluster: what is ours is put back, what is not stays."""

import pytest
from counting import Requests, brief, named
from objects import CONFIGMAPS, GADGETS, GIZMOS, NAMESPACES, WIDGETS, configmap, gadget, gizmo, widget
from testbed import wait_for


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"widgets": [WIDGETS, GADGETS, GIZMOS]})


def settle(tenant, name):
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def test_a_changed_field_is_put_back(tenant):
    tenant.create(widget("drifting", size=1, list=[1, 2]))
    uid = tenant.wait_down(WIDGETS, "drifting")["metadata"]["uid"]
    for patch in ({"size": 5}, {"list": [2]}, {"size": None}):
        tenant.patch_down(WIDGETS, "drifting", {"spec": patch})
        down = tenant.wait_down(WIDGETS, "drifting", lambda down: down["spec"] == {"size": 1, "list": [1, 2]})
    assert down["metadata"]["uid"] == uid


def test_a_changed_configmap_is_put_back(tenant):
    tenant.create(configmap("drifting", a="1"))
    tenant.wait_down(CONFIGMAPS, "drifting")
    tenant.patch_down(CONFIGMAPS, "drifting", {"data": {"a": "2"}})
    tenant.wait_down(CONFIGMAPS, "drifting", lambda down: down["data"] == {"a": "1"})


def test_a_lost_label_is_put_back(site, tenant):
    tenant.create(widget("unlabelled"))
    uid = tenant.wait_down(WIDGETS, "unlabelled")["metadata"]["uid"]
    for label in tenant.marks():
        tenant.patch_down(WIDGETS, "unlabelled", {"metadata": {"labels": {label: None}}})
        down = tenant.wait_down(WIDGETS, "unlabelled", lambda down: down["metadata"].get("labels") == tenant.marks())
        assert down["metadata"]["uid"] == uid


def test_a_lost_mark_of_the_namespace_is_put_back(site, tenant):
    settle(tenant, "in-namespace")
    name = tenant.namespace()
    site.kube.patch(NAMESPACES, name, {"metadata": {"labels": {label: None for label in tenant.marks()}}})
    wait_for(lambda: tenant.marks().items() <= site.kube.get(NAMESPACES, name)["metadata"]["labels"].items(), 20, "the labels to be back")
    site.kube.patch(NAMESPACES, name, {"metadata": {"annotations": {"kcp.io/namespace-locator": None}}})
    wait_for(lambda: site.kube.get(NAMESPACES, name)["metadata"].get("annotations", {}).get("kcp.io/namespace-locator") == tenant.locator("default"),
             20, "the locator to be back")


def test_a_deleted_object_is_created_again(tenant):
    tenant.create(widget("deleted-below", size=8))
    uid = tenant.wait_down(WIDGETS, "deleted-below")["metadata"]["uid"]
    tenant.delete_down(WIDGETS, "deleted-below")
    down = tenant.wait_down(WIDGETS, "deleted-below", lambda down: down["metadata"]["uid"] != uid)
    assert down["spec"] == {"size": 8}


def test_a_deleted_namespace_is_filled_again(site, tenant):
    tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "razed"}})
    tenant.create(widget("w", ns="razed"), configmap("c", ns="razed"))
    tenant.wait_down(CONFIGMAPS, "c", ns="razed")
    uid = tenant.wait_down(WIDGETS, "w", ns="razed")["metadata"]["uid"]
    site.kube.delete(NAMESPACES, tenant.namespace("razed"))
    tenant.wait_down(WIDGETS, "w", lambda down: down["metadata"]["uid"] != uid, ns="razed", timeout=60)
    tenant.wait_down(CONFIGMAPS, "c", ns="razed", timeout=60)


def test_what_another_manager_added_stays(site, tenant):
    """A field and a label that the workspace does not have belong to whoever set them."""
    tenant.create(widget("shared", size=1))
    tenant.wait_down(WIDGETS, "shared")
    other = {"apiVersion": "example.dev/v1alpha1", "kind": "Widget", "metadata": {"name": "shared", "labels": {"team": "blue"}}, "spec": {"replicas": 3}}
    site.kube.apply(WIDGETS, other, ns=tenant.namespace(), manager="autoscaler")
    tenant.patch(WIDGETS, "shared", {"spec": {"size": 2}})
    down = tenant.wait_down(WIDGETS, "shared", lambda down: down["spec"].get("size") == 2)
    assert down["spec"] == {"size": 2, "replicas": 3}
    assert down["metadata"]["labels"] == {"team": "blue", **tenant.marks()}


def test_a_foreign_object_is_left_alone_and_reported(site, syncerd, pair):
    _, tenant = pair
    settle(tenant, "makes-the-namespace")
    foreign = widget("foreign", ns=tenant.namespace(), owner="somebody")
    site.kube.create(WIDGETS, foreign)
    before = site.kube.get(WIDGETS, "foreign", tenant.namespace())
    tenant.create(widget("foreign", owner="tenant"))
    site.wait_phase(tenant, "Degraded", "ForeignObjects")
    assert site.kube.get(WIDGETS, "foreign", tenant.namespace()) == before
    wait_for(lambda: any("foreign" in event["message"] for event in site.events()), 20, "an Event that names the object")
    tenant.patch(WIDGETS, "foreign", {"spec": {"owner": "tenant again"}})
    settle(tenant, "others-go-on")
    assert site.kube.get(WIDGETS, "foreign", tenant.namespace()) == before
    tenant.delete(WIDGETS, "foreign")
    tenant.wait_up_gone(WIDGETS, "foreign")
    assert site.kube.get(WIDGETS, "foreign", tenant.namespace()) == before, "it is deleted upstream only"
    site.wait_phase(tenant, "Syncing")


def test_a_foreign_cluster_scoped_object(site, pair):
    _, tenant = pair
    name = f"foreign-{tenant.cluster}"
    site.kube.create(GADGETS, gadget(name, owner="somebody"))
    before = site.kube.get(GADGETS, name)
    tenant.create(gadget(name, owner="tenant"))
    site.wait_phase(tenant, "Degraded")
    assert site.kube.get(GADGETS, name) == before
    tenant.delete(GADGETS, name)
    tenant.wait_up_gone(GADGETS, name)
    assert site.kube.get(GADGETS, name) == before
    site.wait_phase(tenant, "Syncing")


def test_a_foreign_object_keeps_the_namespace(site, tenant):
    tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "visited"}})
    tenant.create(widget("guest-of-kcp", ns="visited"))
    tenant.wait_down(WIDGETS, "guest-of-kcp", ns="visited")
    site.kube.create(CONFIGMAPS, configmap("visitor", ns=tenant.namespace("visited")))
    tenant.delete(WIDGETS, "guest-of-kcp", ns="visited")
    tenant.wait_up_gone(WIDGETS, "guest-of-kcp", ns="visited")
    wait_for(lambda: any(event["reason"] == "NamespaceNotEmpty" for event in site.events()), 30, "the Event NamespaceNotEmpty")
    assert site.kube.get(CONFIGMAPS, "visitor", tenant.namespace("visited"))
    assert "deletionTimestamp" not in site.kube.get(NAMESPACES, tenant.namespace("visited"))["metadata"]


def test_objects_the_cluster_refuses_hold_up_nothing(site, pair):
    """The cluster's Gizmo is stricter than kcp's. That is said, other objects arrive, and a corrected object arrives too."""
    _, tenant = pair
    tenant.create(gizmo("undeclared", size=1, unknown="x"), gizmo("too-big", size=2000))
    site.wait_phase(tenant, "Degraded", "ObjectsFailing")
    tenant.create(gizmo("fine"))
    tenant.wait_down(GIZMOS, "fine")
    site.wait_message(tenant, "Invalid, SchemaMismatch")
    assert site.condition("Ready")["status"] == "True", "one tenant's objects do not make the cluster unready"
    tenant.patch(GIZMOS, "too-big", {"spec": {"size": 20}})
    tenant.patch(GIZMOS, "undeclared", {"spec": {"unknown": None}})
    tenant.wait_down(GIZMOS, "too-big")
    tenant.wait_down(GIZMOS, "undeclared")
    site.wait_phase(tenant, "Syncing")


def test_changes_while_syncerd_is_down(site, syncerd, tenant):
    for name in ("down-changed", "down-deleted", "down-drifted", "down-removed"):
        tenant.create(widget(name, size=1))
    for name in ("down-changed", "down-deleted", "down-drifted", "down-removed"):
        tenant.wait_down(WIDGETS, name)
    syncerd.stop()
    tenant.patch(WIDGETS, "down-changed", {"spec": {"size": 2}})
    tenant.delete(WIDGETS, "down-deleted")
    tenant.patch_down(WIDGETS, "down-drifted", {"spec": {"size": 3}})
    tenant.delete_down(WIDGETS, "down-removed")
    tenant.set_status_down(WIDGETS, "down-changed", {"phase": "Up"})
    tenant.create(widget("down-created"))
    syncerd.start()
    tenant.wait_down(WIDGETS, "down-changed", lambda down: down["spec"] == {"size": 2})
    tenant.wait_down(WIDGETS, "down-drifted", lambda down: down["spec"] == {"size": 1})
    tenant.wait_down(WIDGETS, "down-removed")
    tenant.wait_down(WIDGETS, "down-created")
    tenant.wait_up_gone(WIDGETS, "down-deleted")
    tenant.wait_up(WIDGETS, "down-changed", lambda up: up.get("status") == {"phase": "Up"})
    assert tenant.down(WIDGETS, "down-deleted") is None


def test_a_restart_writes_nothing_when_all_is_in_step(site, syncerd, tenant):
    settle(tenant, "in-step")
    objects = tenant.all_down(WIDGETS)
    syncerd.stop()
    requests = Requests(site)
    syncerd.start()
    settle(tenant, "in-step-later")
    writes = [event for event in requests.down(verbs=("create", "patch", "delete"), resource="widgets") if not named([event], "in-step-later")]
    assert not writes, brief(writes)
    later = {item["metadata"]["name"]: item for item in tenant.all_down(WIDGETS)}
    assert all(later[item["metadata"]["name"]] == item for item in objects)


def test_a_rival_is_named_and_not_fought_for_ever(site, syncerd, tenant):
    tenant.create(widget("contended", size=1))
    tenant.wait_down(WIDGETS, "contended")
    rival = {"apiVersion": "example.dev/v1alpha1", "kind": "Widget", "metadata": {"name": "contended"}, "spec": {"size": 7}}
    for _ in range(6):
        site.kube.apply(WIDGETS, rival, ns=tenant.namespace(), manager="rival")
        tenant.wait_down(WIDGETS, "contended", lambda down: down["spec"] == {"size": 1}, "to be corrected")
    site.wait_phase(tenant, "Degraded", "ObjectsFailing")
    site.wait_message(tenant, "Contended")
    told = [event for event in syncerd.ctl_json("events", tenant.cluster) if event["reason"] == "Contended"]
    assert len(told) == 1 and "rival" in told[0]["message"], told

    # It gives way for a while, but not with the status.
    site.kube.apply(WIDGETS, rival, ns=tenant.namespace(), manager="rival")
    tenant.set_status_down(WIDGETS, "contended", {"phase": "Busy"})
    tenant.wait_up(WIDGETS, "contended", lambda up: up.get("status") == {"phase": "Busy"})
    assert tenant.down(WIDGETS, "contended")["spec"] == {"size": 7}

    # What the workspace asks for anew counts at once.
    tenant.patch(WIDGETS, "contended", {"spec": {"size": 2}})
    tenant.wait_down(WIDGETS, "contended", lambda down: down["spec"] == {"size": 2})
    site.wait_phase(tenant, "Syncing")

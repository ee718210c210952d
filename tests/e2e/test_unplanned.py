"""Resources that are not synced (any more): their copies outlive everything, and what has no copy any more is let go."""

import pytest
from objects import GADGETS, GIZMOS, NAMESPACES, WIDGETS, gizmo, widget
from rbac import RBAC
from testbed import wait_for

ROLES = f"{RBAC}/clusterroles"


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"widgets": [WIDGETS, GADGETS], "gizmos": [GIZMOS]})


@pytest.fixture
def cluster_role(site):
    """A function that changes the syncer's rights on gizmos in the cluster; they are given back at the end."""
    before = site.kube.get(ROLES, site.syncer)["rules"]

    def allow(*verbs):
        rules = [rule for rule in before if "gizmos" not in rule["resources"]]
        if verbs:
            rules.append({"apiGroups": ["other.dev"], "resources": ["gizmos"], "verbs": list(verbs)})
        site.kube.patch(ROLES, site.syncer, {"rules": rules})

    yield allow
    site.kube.patch(ROLES, site.syncer, {"rules": before})


def test_a_claim_that_is_not_allowed_keeps_no_namespace(site, syncerd):
    """Nobody may list Secrets here, and nobody could ever copy one: that is no reason to leave namespaces behind."""
    exports = "apis.kcp.io/v1alpha2/apiexports"
    before = site.provider.api.get(exports, "widgets")["spec"]["permissionClaims"]
    verbs = before[0]["verbs"]
    site.provider.api.patch(exports, "widgets", {"spec": {"permissionClaims": [*before, {"group": "", "resource": "secrets", "verbs": verbs}]}})
    try:
        tenant = site.tenant()
        tenant.create(widget("only"))
        tenant.wait_down(WIDGETS, "only")
        tenant.delete(WIDGETS, "only")
        tenant.wait_up_gone(WIDGETS, "only")
        wait_for(lambda: site.kube.find(NAMESPACES, tenant.namespace()) is None, 30, "the empty namespace to be removed")
    finally:
        site.provider.api.patch(exports, "widgets", {"spec": {"permissionClaims": before}})


@pytest.fixture
def gizmos_served(site):
    """Whatever a test does to the type, afterwards it is served again."""
    yield
    site.world.install_crds(GIZMOS)


def told(syncerd, reason, text):
    def seen():
        events = syncerd.ctl_json("events")
        assert any(event["reason"] == reason and text in event["message"] for event in events), [event["reason"] for event in events]
        return True

    wait_for(seen, 30, f"an event {reason} about {text}")


def test_copies_of_what_is_not_planned_keep_the_namespace(site, syncerd, cluster_role):
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("planned"), gizmo("precious"))
    tenant.wait_down(WIDGETS, "planned")
    uid = tenant.wait_down(GIZMOS, "precious")["metadata"]["uid"]

    syncerd.stop()
    cluster_role("get", "list", "watch")
    syncerd.start()
    site.wait_resource("gizmos", "Accepted", "Unauthorized")
    syncerd.wait_state(tenant, "Syncing")
    tenant.delete(WIDGETS, "planned")
    tenant.wait_up_gone(WIDGETS, "planned")
    told(syncerd, "NamespaceNotEmpty", "gizmos")
    assert tenant.down(GIZMOS, "precious")["metadata"]["uid"] == uid
    assert "deletionTimestamp" not in site.kube.get(NAMESPACES, tenant.namespace())["metadata"]

    syncerd.stop()
    cluster_role()
    syncerd.start()
    told(syncerd, "Unauthorized", "gizmos")
    assert tenant.down(GIZMOS, "precious")["metadata"]["uid"] == uid, "what may not be looked at is not empty"
    assert "deletionTimestamp" not in site.kube.get(NAMESPACES, tenant.namespace())["metadata"]

    syncerd.stop()
    cluster_role("get", "list", "watch", "create", "patch", "delete")
    syncerd.start()
    site.wait_resource("gizmos", "Accepted", "")
    tenant.delete(GIZMOS, "precious")
    tenant.wait_up_gone(GIZMOS, "precious")
    wait_for(lambda: site.kube.find(NAMESPACES, tenant.namespace()) is None, 30, "the empty namespace to be removed")


def test_a_type_that_comes_back_soon_loses_nothing(site, syncerd, gizmos_served):
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(gizmo("stays", size=7), gizmo("goes"))
    tenant.wait_down(GIZMOS, "stays")
    tenant.wait_down(GIZMOS, "goes")
    site.world.remove_crd(GIZMOS)
    site.wait_resource("gizmos", "Incompatible", "NotServed")
    tenant.delete(GIZMOS, "goes")
    assert site.finalizer in tenant.up(GIZMOS, "goes")["metadata"]["finalizers"], "it may come back"
    site.world.install_crds(GIZMOS)
    tenant.wait_down(GIZMOS, "stays", lambda item: item["spec"] == {"size": 7}, timeout=120)
    tenant.wait_up_gone(GIZMOS, "goes", timeout=60)
    assert site.finalizer in tenant.up(GIZMOS, "stays")["metadata"]["finalizers"]


def test_a_removed_type_holds_nobody_upstream(site, syncerd, gizmos_served):
    """Takes its time on purpose: complete discoveries have to say so for 60 s."""
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("beside"), gizmo("goes"), gizmo("stays", size=3))
    tenant.wait_down(WIDGETS, "beside")
    tenant.wait_down(GIZMOS, "goes")
    tenant.wait_down(GIZMOS, "stays")
    site.world.remove_crd(GIZMOS)
    site.wait_resource("gizmos", "Incompatible", "NotServed")
    tenant.delete(GIZMOS, "goes")
    assert site.finalizer in tenant.up(GIZMOS, "goes")["metadata"]["finalizers"], "not at once"
    tenant.wait_up_gone(GIZMOS, "goes", timeout=180)
    assert site.finalizer in tenant.up(GIZMOS, "stays")["metadata"]["finalizers"], "who lives is not let go"
    late = tenant.create(gizmo("late"))
    assert site.finalizer not in late["metadata"].get("finalizers", [])
    tenant.delete(WIDGETS, "beside")
    wait_for(lambda: site.kube.find(NAMESPACES, tenant.namespace()) is None, 30, "the namespace, in which a type that is not served can have nothing")
    site.world.install_crds(GIZMOS)
    tenant.wait_down(GIZMOS, "stays", lambda item: item["spec"] == {"size": 3}, timeout=120)
    tenant.wait_down(GIZMOS, "late", timeout=60)


def test_an_export_that_cannot_be_read_keeps_the_namespaces(site, syncerd):
    """Its resources may be in there, and nobody can say which they are."""
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("last"))
    tenant.wait_down(WIDGETS, "last")
    site.patch_target({"spec": {"supportedAPIExports": site.supported("widgets", "gizmos", "unheard-of")}})
    try:
        site.wait_condition("APIImporterReady", "False")
        tenant.delete(WIDGETS, "last")
        tenant.wait_up_gone(WIDGETS, "last")
        beat = site.status()["lastSyncerHeartbeatTime"]
        wait_for(lambda: site.status()["lastSyncerHeartbeatTime"] != beat, 60, "a heartbeat, long after the delay of a clean-up")
        assert "deletionTimestamp" not in site.kube.get(NAMESPACES, tenant.namespace())["metadata"]
    finally:
        site.patch_target({"spec": {"supportedAPIExports": site.supported("widgets", "gizmos")}})
    wait_for(lambda: site.kube.find(NAMESPACES, tenant.namespace()) is None, 30, "the empty namespace to be removed")

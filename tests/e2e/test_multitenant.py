"""RBAC: the shipped rights suffice for everything, and nothing less does. Tenants of different exports."""

import pytest
import rbac
from counting import Requests
from objects import CONFIGMAPS, GIZMOS, WIDGETS, configmap, gizmo, widget
from testbed import wait_for

ROLES = f"{rbac.RBAC}/clusterroles"


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"widgets": [WIDGETS], "gizmos": [GIZMOS]})


@pytest.fixture
def without(site, launch):
    """A function that takes a verb out of a ClusterRole and starts a syncerd; both are undone after the test."""
    undo, started = [], []

    def take(cluster, role_name, resource, verb):
        role = cluster.get(ROLES, role_name)
        rules = [{**rule, "verbs": [v for v in rule["verbs"] if v != verb]} if resource in rule["resources"] else rule for rule in role["rules"]]
        assert rules != role["rules"], f"{role_name} does not grant {verb} on {resource}"
        cluster.patch(ROLES, role_name, {"rules": [rule for rule in rules if rule["verbs"]]})
        undo.append((cluster, role_name, role["rules"]))
        if resource != "apiresourceschemas":  # granted by the other export's role too: schemas have no names to tell them apart
            wait_for(lambda: not allowed(cluster, rules, resource, verb), 10, "the right to be gone")
        started.append(launch(site.config(), start=False))
        return started[-1].start(ready=False)

    def allowed(cluster, rules, resource, verb):
        """Through a real access review as the syncer."""
        rule = next(rule for rule in rules if resource in rule["resources"])
        plural, _, sub = resource.partition("/")
        token = site.cluster_token if cluster is site.kube else site.kcp_token
        attributes = {"group": rule["apiGroups"][0], "resource": plural, "subresource": sub, "verb": verb, "name": (rule.get("resourceNames") or [""])[0]}
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
        answer = cluster.with_token(token).create("authorization.k8s.io/v1/selfsubjectaccessreviews", {**review, "metadata": {}})
        return answer["status"]["allowed"]

    yield take
    for instance in started:
        instance.end()
    for cluster, name, rules in undo:
        cluster.patch(ROLES, name, {"rules": rules})


@pytest.fixture(scope="module")
def tenant(site):
    return site.tenant()


def test_the_shipped_roles_suffice(site, launch, tenant):
    """A whole life of objects, start to end, and not one request is refused."""
    syncerd = launch(site.config())
    syncerd.wait_state(tenant, "Syncing")
    requests = Requests(site)
    tenant.api.create("v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "whole-life"}})
    tenant.create(widget("w", ns="whole-life"), gizmo("g", ns="whole-life"), configmap("c", ns="whole-life"))
    tenant.wait_down(WIDGETS, "w", ns="whole-life")
    tenant.patch(WIDGETS, "w", {"spec": {"size": 2}}, ns="whole-life")
    tenant.wait_down(WIDGETS, "w", lambda down: down["spec"] == {"size": 2}, ns="whole-life")
    tenant.set_status_down(WIDGETS, "w", {"phase": "Up"}, ns="whole-life")
    tenant.wait_up(WIDGETS, "w", lambda up: up.get("status"), ns="whole-life")
    tenant.wait_down(GIZMOS, "g", ns="whole-life")
    tenant.wait_down(CONFIGMAPS, "c", ns="whole-life")
    for gvr, name in ((WIDGETS, "w"), (GIZMOS, "g"), (CONFIGMAPS, "c")):
        tenant.delete(gvr, name, ns="whole-life")
    for gvr, name in ((WIDGETS, "w"), (GIZMOS, "g"), (CONFIGMAPS, "c")):
        tenant.wait_down_gone(gvr, name, ns="whole-life")
    wait_for(lambda: site.kube.find("v1/namespaces", tenant.namespace("whole-life")) is None, 30, "the namespace to be removed")
    site.wait_condition("SyncerAuthorized", "True")
    site.wait_condition("Ready", "True")
    assert not requests.refused(), requests.refused()
    assert syncerd.stop() == 0


@pytest.mark.parametrize("verb", rbac.SIX_VERBS)
def test_a_verb_less_in_the_cluster(site, without, tenant, verb):
    """The access review finds it: the resource is taken out, the condition names the verb, the other resource goes on."""
    syncerd = without(site.kube, site.syncer, "widgets", verb)
    site.wait_resource("widgets", "Accepted", "Unauthorized", message=verb)
    site.wait_condition("SyncerAuthorized", "False", "SyncerUnauthorized", message=f"widgets: {verb}")
    assert site.wait_condition("Ready", "False")["message"].startswith("SyncerAuthorized: ")
    syncerd.wait_worker(tenant)
    tenant.create(widget(f"not-without-{verb}"), gizmo(f"still-{verb}"))
    tenant.wait_down(GIZMOS, f"still-{verb}")
    assert tenant.down(WIDGETS, f"not-without-{verb}") is None


@pytest.mark.parametrize("resource,verb,condition,reason", [
    ("apiexports", "watch", "APIImporterReady", "ExportForbidden"),
    ("apiexports/content", "watch", "APIImporterReady", None),
    ("apiresourceschemas", "get", None, None),
    ("apiexports/content", "patch", None, None),
])
def test_a_verb_less_in_the_workspace_of_the_export(site, without, tenant, resource, verb, condition, reason):
    """Nothing of that export arrives; where the supervisor itself is refused, a condition says so. The other export goes on."""
    name = f"gone-{resource.replace('/', '-')}-{verb}"
    syncerd = without(site.provider.api, f"{site.syncer}-gizmos", resource, verb)
    if condition:
        site.wait_condition(condition, "False", reason)
    syncerd.wait_worker(tenant)
    tenant.create(widget(name), gizmo(name))
    tenant.wait_down(WIDGETS, name)
    if resource == "apiresourceschemas":
        return
    assert tenant.down(GIZMOS, name) is None


def test_without_the_finalizer_nothing_starts(site, without, tenant):
    """patch on synctargets: the finalizer comes before any worker."""
    uid = site.target()["metadata"]["uid"]
    site.patch_target({"metadata": {"finalizers": None}})
    syncerd = without(site.home.api, site.syncer, "synctargets", "patch")
    syncerd.wait_log("forbidden")
    assert not syncerd.workers()
    assert site.target()["metadata"]["uid"] == uid


def test_without_the_status_there_is_no_heartbeat(site, without, tenant):
    """patch on synctargets/status: the work goes on, but readers see an old heartbeat, and the log says why."""
    before = site.status().get("lastSyncerHeartbeatTime")
    syncerd = without(site.home.api, site.syncer, "synctargets/status", "patch")
    syncerd.wait_log("forbidden")
    assert site.status().get("lastSyncerHeartbeatTime") == before


def test_tenants_of_different_exports(site, launch):
    syncerd = launch(site.config())
    (first,), (second,) = site.tenants(1, exports=["widgets"], wait=False), site.tenants(1, exports=["gizmos"], wait=False)
    first.wait_bound(["widgets"])
    second.wait_bound(["gizmos"])
    for tenant in (first, second):
        syncerd.wait_state(tenant, "Syncing")
    first.create(widget("mine"))
    second.create(gizmo("mine"))
    first.wait_down(WIDGETS, "mine")
    second.wait_down(GIZMOS, "mine")
    for tenant, export in ((first, "widgets"), (second, "gizmos")):
        entry = wait_for(lambda tenant=tenant: (site.workspace_entry(tenant) or {}).get("bindings"), 20, "the bindings in the status")
        assert {binding["name"] for binding in entry} == {export}
    assert syncerd.worker_of(first) != syncerd.worker_of(second)
    assert syncerd.stop() == 0

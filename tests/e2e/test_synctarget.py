"""What the SyncTarget says, and that it is true."""

import copy
import os
import re
import signal

import pytest
from counting import Requests, brief
from edge import Site, Tenant
from objects import (CONFIGMAPS, CRDS, EXPORTS, GADGETS, KIND_OF, NAMESPACES, SCHEMAS, SYNCTARGETS, WIDGETS, configmap, crd,
                     gadget, widget)
from testbed import wait_for
from testbed.waiting import holds_for
from world import manifest

CONDITIONS = ["Ready", "APIImporterReady", "HeartbeatHealthy", "Schedulable", "SyncerAuthorized", "SyncerReady", "WorkersReady"]


def test_conditions_are_complete_and_sorted(site, syncerd, pair):
    site.wait_condition("Ready", "True", "AsExpected")
    conditions = site.status()["conditions"]
    assert [condition["type"] for condition in conditions] == CONDITIONS
    assert all(condition["status"] == "True" and condition["reason"] for condition in conditions), conditions
    assert all("severity" not in condition for condition in conditions)
    assert site.condition("HeartbeatHealthy")["reason"] == "HeartbeatFresh"
    assert site.condition("WorkersReady")["reason"] == "AllWorkersReady"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", condition["lastTransitionTime"]) for condition in conditions)


def test_identity_and_marks(site, syncerd, pair):
    target = site.target()
    assert target["metadata"]["labels"]["internal.workload.kcp.io/key"] == site.key
    assert target["metadata"]["finalizers"] == [site.finalizer]
    syncer = target["status"]["syncer"]
    assert re.fullmatch(r"\S+/[0-9a-f]{16}", syncer["identity"])
    assert syncer["version"]
    assert syncer["kubernetesVersion"] == site.kube.request("GET", "/version")["gitVersion"]
    assert target["status"]["observedGeneration"] == target["metadata"]["generation"]


def test_workspaces_and_bindings(site, syncerd, pair):
    for tenant in pair:
        entry = site.wait_phase(tenant, "Syncing")
        assert entry["path"] == tenant.path
        assert entry["bindings"] == [
            {"name": "widgets", "export": f"{site.provider.path}:widgets", "phase": "Bound", "acceptedClaims": ["configmaps"]}]
    assert site.status()["workspaceSummary"] == {"ready": "2/2", "total": 2, "notReady": 0, "refused": 0, "notListed": 0}


def test_synced_resources(site, syncerd, pair):
    status = site.status()
    identity = site.provider.api.get("apis.kcp.io/v1alpha2/apiexports", "widgets")["status"]["identityHash"]
    seen = [(entry["group"], entry["resource"], entry["versions"], entry["state"], entry["identityHash"]) for entry in status["syncedResources"]]
    assert seen == [
        ("", "configmaps", ["v1"], "Accepted", ""),
        ("example.dev", "gadgets", ["v1alpha1"], "Accepted", identity),
        ("example.dev", "widgets", ["v1alpha1"], "Accepted", identity),
    ]
    assert status["resourceSummary"] == "3/3"


def test_virtual_workspaces(site, syncerd, pair):
    slice_ = site.provider.api.get("apis.kcp.io/v1alpha1/apiexportendpointslices", "widgets")
    urls = sorted(endpoint["url"] for endpoint in slice_["status"]["endpoints"])
    assert site.status()["virtualWorkspaces"] == [{"syncerURL": url, "export": f"{site.provider.path}:widgets"} for url in urls]


def test_what_kubectl_shows(site, syncerd, pair):
    wide = site.home.kubectl("get", "synctargets", "-o", "wide").splitlines()
    assert wide[0].split() == ["NAME", "READY", "REASON", "HEARTBEAT", "WORKSPACES", "AGE", "UNSCHEDULABLE", "RESOURCES", "SYNCER", "KEY"]
    row = wide[1].split()
    assert row[:3] == ["edge-1", "True", "AsExpected"] and row[4] == "2/2" and row[7] == "3/3" and row[9] == site.key
    assert re.fullmatch(r"\d+s", row[3]), row[3]
    assert site.home.kubectl("wait", "--for=condition=Ready", "synctarget/edge-1", "--timeout=5s")
    assert pair[0].path in site.home.kubectl("describe", "synctarget", "edge-1")


def test_the_heartbeat_advances_and_nothing_else_is_written(site, syncerd, pair):
    """Two beats: everything but the heartbeat is byte for byte as before, and no other write reached either server."""
    def rest():
        target = site.target()
        status = dict(target["status"])
        beat = status.pop("lastSyncerHeartbeatTime")
        return beat, {**target, "status": status, "metadata": {**target["metadata"], "resourceVersion": "", "managedFields": ""}}

    site.wait_condition("Ready", "True")
    first, before = rest()
    requests = Requests(site)
    for _ in range(2):
        last = first
        first = wait_for(lambda last=last: rest()[0] if rest()[0] != last else None, 30, "the next heartbeat")
        assert rest()[1] == before
    writes = requests.up(verbs=("create", "update", "patch", "delete")) + requests.down(verbs=("create", "update", "patch", "delete"))
    writes = [event for event in writes if event["objectRef"]["resource"] != "selfsubjectaccessreviews"]
    assert len(writes) == 2, brief(writes)
    assert all(event["objectRef"].get("subresource") == "status" and event["objectRef"]["resource"] == "synctargets" for event in writes), brief(writes)


def test_a_heartbeat_is_no_answer_to_somebody_elses_edit(site, syncerd, pair):
    """A status that was tampered with is put right; times of transitions stay."""
    before = site.status()["conditions"]
    broken = [{**condition, "status": "False", "reason": "Tampered"} if condition["type"] == "SyncerReady" else condition for condition in before]
    site.home.api.set_status(SYNCTARGETS, "edge-1", {"conditions": broken, "resourceSummary": "9/9"})
    site.wait_condition("SyncerReady", "True", "AsExpected")
    wait_for(lambda: site.status()["resourceSummary"] == "3/3", 10, "the summary to be right again")


def test_nodes_are_added_up(site, syncerd, pair):
    def node(name, ready, unschedulable=False):
        site.kube.create("v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"unschedulable": unschedulable}})
        site.kube.set_status("v1/nodes", name, {
            "capacity": {"cpu": "4", "memory": "8Gi"}, "allocatable": {"cpu": "3500m", "memory": "7Gi"},
            "conditions": [{"type": "Ready", "status": ready, "lastHeartbeatTime": None, "lastTransitionTime": None, "reason": "x", "message": ""}]})

    names = [site.world.unique("node") for _ in range(3)]
    node(names[0], "True")
    node(names[1], "True")
    node(names[2], "False")
    # The cluster's own controllers taint new nodes; a taint is not "unschedulable".
    try:
        wait_for(lambda: site.status().get("capacity") == {"cpu": "12", "memory": "24Gi"}, 30, f"capacity, not {site.status().get('capacity')}")
        assert site.status()["allocatable"] == {"cpu": "7", "memory": "14Gi"}
    finally:
        for name in names:
            site.kube.delete("v1/nodes", name)


def test_a_type_that_appears_later(site, new_site, launch):
    """Incompatible/NotServed until the CustomResourceDefinition is there; the rest goes on meanwhile; the worker keeps its pid."""
    later = "later.dev/v1/gizmos"
    world = site.world
    KIND_OF[later] = "Gizmo"
    mine = new_site(exports={"widgets": [WIDGETS], "later": [later]})
    syncerd = launch(mine.config())
    tenant = mine.tenant()
    syncerd.wait_state(tenant, "Syncing")
    entry = mine.wait_resource("gizmos", "Incompatible", "NotServed", timeout=20)
    assert entry["group"] == "later.dev"
    mine.wait_condition("APIImporterReady", "False", "ResourcesIncompatible")
    assert mine.condition("APIImporterReady")["severity"] == "Info"
    mine.wait_condition("Ready", "True")
    assert mine.status()["resourceSummary"] == "2/3"
    item = {"apiVersion": "later.dev/v1", "kind": "Gizmo", "metadata": {"name": "early", "namespace": "default"}, "spec": {"size": 1}}
    tenant.api.create(later, item)
    tenant.create(widget("meanwhile"))
    tenant.wait_down(WIDGETS, "meanwhile")
    pid = syncerd.worker_of(tenant)
    world.kube.create(CRDS, crd(later))
    mine.wait_resource("gizmos", "Accepted", "", timeout=12)
    tenant.wait_down(later, "early", timeout=30)
    assert syncerd.worker_of(tenant) == pid
    syncerd.stop()
    world.remove_crd(later)


def test_transition_times_survive_a_restart(site, syncerd, pair):
    site.wait_condition("Ready", "True")
    kept = {condition["type"]: condition["lastTransitionTime"] for condition in site.status()["conditions"] if condition["type"] == "SyncerAuthorized"}
    syncerd.kill()
    syncerd.start()
    site.wait_condition("SyncerAuthorized", "True")
    holds_for(lambda: site.condition("SyncerAuthorized")["lastTransitionTime"] == kept["SyncerAuthorized"], 2, "the time of a transition that was none")


def test_deleting_the_target_drains_everything(new_site, launch):
    site = new_site()
    syncerd = launch(site.config())
    pair = site.tenants(2)
    for tenant in pair:
        tenant.create(widget("w"))
    for tenant in pair:
        tenant.wait_down(WIDGETS, "w")
    pair[0].patch_down(WIDGETS, "w", {"metadata": {"finalizers": ["example.dev/hold"]}})
    site.home.api.delete(SYNCTARGETS, "edge-1")
    site.wait_condition("Ready", "False", "Deleting")
    site.wait_phase(pair[0], "Draining", "Deleting")
    pair[0].patch_down(WIDGETS, "w", {"metadata": {"finalizers": None}})
    wait_for(lambda: site.target() is None, 60, "the SyncTarget to be released")
    assert syncerd.process.wait(20) == 0
    for tenant in pair:
        tenant.wait_nothing_down(timeout=20)
        up = tenant.up(WIDGETS, "w")
        assert up and "finalizers" not in up["metadata"], "the tenant keeps the object, free of us"


def test_deleting_the_target_can_leave_the_copies(new_site, launch):
    """deletionPolicy Orphan: the copies stay as they are and bear nothing of ours but where they came from; the tenant's objects are free."""
    site = new_site(spec={"deletionPolicy": "Orphan"})
    syncerd = launch(site.config())
    tenant = site.tenant()
    name = f"left-behind-{tenant.cluster}"
    tenant.create(widget("w"), gadget(name), configmap("c"))
    copies = [(gvr, item, tenant.wait_down(gvr, item)) for gvr, item in ((WIDGETS, "w"), (GADGETS, name), (CONFIGMAPS, "c"))]
    namespace = site.kube.get(NAMESPACES, tenant.namespace())
    site.home.api.delete(SYNCTARGETS, "edge-1")
    wait_for(lambda: site.target() is None, 60, "the SyncTarget to be released")
    assert syncerd.process.wait(20) == 0
    for gvr, item, before in [*copies, (NAMESPACES, tenant.namespace(), namespace)]:
        after = site.kube.get(gvr, item, before["metadata"].get("namespace"))
        labels, annotations = (after["metadata"].get(kind) or {} for kind in ("labels", "annotations"))
        assert after["metadata"]["uid"] == before["metadata"]["uid"] and "deletionTimestamp" not in after["metadata"]
        assert (after.get("spec"), after.get("data")) == (before.get("spec"), before.get("data"))
        assert annotations["workload.kcp.io/orphaned-from"] == site.key
        assert not tenant.marks().keys() & labels.keys() and "kcp.io/namespace-locator" not in annotations, after["metadata"]
    for gvr, item, _ in copies:
        up = tenant.up(gvr, item)["metadata"]
        assert "finalizers" not in up and "deletionTimestamp" not in up


def test_a_target_removed_by_force_deletes_nothing(new_site, launch):
    """The finalizer is torn off: everything stops, nothing is removed, and the exit status tells it."""
    site = new_site()
    syncerd = launch(site.config())
    tenant = site.tenant()
    tenant.create(widget("w"))
    tenant.wait_down(WIDGETS, "w")
    workers = syncerd.workers()
    os.kill(syncerd.pid, signal.SIGSTOP)  # it would put the finalizer back before the deletion
    site.patch_target({"metadata": {"finalizers": None}})
    site.home.api.delete(SYNCTARGETS, "edge-1")
    assert site.target() is None
    os.kill(syncerd.pid, signal.SIGCONT)
    assert syncerd.process.wait(30) not in (0, 1)
    assert workers and tenant.down(WIDGETS, "w")
    assert "finalizers" in tenant.up(WIDGETS, "w")["metadata"]


def test_a_target_made_anew_while_syncerd_runs(new_site, launch):
    """The same name under another uid: syncerd serves it no further and leaves; nothing is removed or adopted, neither then nor by the next one."""
    site = new_site()
    syncerd = launch(site.config())
    tenant, name = site.tenant(), "w"
    tenant.create(widget(name))
    kept, place = tenant.wait_down(WIDGETS, name), tenant.namespace()
    site.wait_condition("Ready", "True")
    os.kill(syncerd.pid, signal.SIGSTOP)  # it would put the finalizer back before the deletion
    site.patch_target({"metadata": {"finalizers": None}})
    site.home.api.delete(SYNCTARGETS, "edge-1")
    uid, key = site.uid, site.key
    site.create_target()
    assert (site.uid != uid, site.key) == (True, key)
    os.kill(syncerd.pid, signal.SIGCONT)
    assert syncerd.process.wait(60) == 4
    assert "nothing is deleted" in syncerd.text() or "another uid" in syncerd.text()  # it may see the deletion first
    assert not site.status(), "the new one was not for it to write"
    assert site.finalizer not in site.target()["metadata"].get("finalizers", [])
    assert site.kube.find(WIDGETS, name, place) == kept and site.finalizer in tenant.up(WIDGETS, name)["metadata"]["finalizers"]

    site.install_accounts()
    living = Tenant(site, tenant.workspace)
    assert living.namespace() != place
    launch(site.config())
    fresh = living.wait_down(WIDGETS, name, timeout=60)
    assert fresh["metadata"]["uid"] != kept["metadata"]["uid"]
    living.delete(WIDGETS, name)
    living.wait_down_gone(WIDGETS, name)
    living.wait_up_gone(WIDGETS, name)
    assert site.kube.find(WIDGETS, name, place) == kept, "what the old one made is an orphan, for syncerctl orphans"


@pytest.fixture
def an_older_type(world):
    """The SyncTarget type as an earlier version may have had it: without some of what is written today. Another world for new sites."""
    older = copy.copy(world)
    older.types = world.workspace("types")
    schema = manifest("apiresourceschema-synctargets.yaml")
    status = schema["spec"]["versions"][0]["schema"]["properties"]["status"]["properties"]
    del status["workspaceSummary"], status["resourceSummary"], status["workspaces"]
    del status["conditions"]["items"]["properties"]["severity"], status["syncedResources"]["items"]["properties"]["syncedVersion"]
    schema["spec"]["versions"][0]["additionalPrinterColumns"] = []
    older.types.api.create(SCHEMAS, schema)
    older.types.api.create(EXPORTS, manifest("apiexport-workload.yaml"))
    return older


def test_an_older_schema(an_older_type, scratch, launch):
    """What it does not know is dropped with a warning: that is logged once, and not written again and again; what it knows is true."""
    site = Site(an_older_type, scratch("site"))
    syncerd = launch(site.config())
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    site.wait_condition("Ready", "True")
    syncerd.wait_log("schema does not know all that this version writes")
    assert not {"workspaceSummary", "resourceSummary", "workspaces"} & set(site.status())
    settled(site)
    requests = Requests(site)
    beat = site.status()["lastSyncerHeartbeatTime"]
    wait_for(lambda: site.status()["lastSyncerHeartbeatTime"] != beat, 60, "the next heartbeat")
    writes = requests.up(verbs=("patch",))
    assert len(writes) <= 2, brief(writes)
    site.patch_target({"spec": {"unschedulable": True}})
    assert "severity" not in site.wait_condition("Schedulable", "False", "Cordoned")
    assert syncerd.text().count("schema does not know all that this version writes") == 1


def settled(site):
    """Until nothing was written for a moment: a status that the phases of a new workspace move."""
    seen = []

    def same():
        seen.append(site.target()["metadata"]["resourceVersion"])
        return len(seen) > 60 and len(set(seen[-60:])) == 1

    wait_for(same, 60, "the status to be at rest, written again and again")


def test_gadgets_may_be_left_out(new_site, launch):
    site = new_site()
    syncerd = launch(site.config(sync={"clusterScoped": False}))
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(gadget(f"left-out-{tenant.cluster}"), widget("w"))
    tenant.wait_down(WIDGETS, "w")
    assert tenant.down(GADGETS, f"left-out-{tenant.cluster}") is None

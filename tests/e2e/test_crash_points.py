"""kill -9 after every step: the servers hold the state that the step left, a new syncerd goes on from there.

All states are made by hand while no syncerd runs, then one is started, and every test looks at its own objects.
"""

import copy
import os
import signal

import pytest
from counting import WRITES, Requests, brief, named
from edge import account_token
from objects import CONFIGMAPS, GVR_OF, NAMESPACES, SYNCTARGETS, WIDGETS, configmap, widget
from syncerd import exists
from testbed import Cluster, wait_for

HOLD = "example.dev/hold"


class Hand:
    """Does by hand, with the syncer's own account and manager, what a worker does."""

    def __init__(self, tenant):
        self.tenant = tenant
        site = tenant.site
        token = account_token(site.kube, site.syncer, site.syncer)
        self.kube = Cluster(site.kube.server, site.kube.ca, token, agent="by-hand")

    def body(self, item):
        body = copy.deepcopy(item)
        body["metadata"]["namespace"] = self.tenant.namespace(item["metadata"]["namespace"])
        body["metadata"]["labels"] = self.tenant.marks()
        return body

    def hold_upstream(self, item):
        """Create upstream with the syncer's finalizer: C1."""
        item["metadata"]["finalizers"] = [self.tenant.site.finalizer]
        return self.tenant.create(item)

    def post(self, item):
        gvr, body = GVR_OF[item["kind"]], self.body(item)
        return self.kube.request("POST", self.kube.path(gvr, body["metadata"]["namespace"], fieldManager="syncerd"), body)

    def rename_operation(self, down):
        """The JSON patch that turns the fields of a POST into applied ones: C3."""
        meta = down["metadata"]
        index = next(i for i, entry in enumerate(meta["managedFields"]) if entry["manager"] == "syncerd")
        patch = [
            {"op": "test", "path": f"/metadata/managedFields/{index}/operation", "value": "Update"},
            {"op": "replace", "path": f"/metadata/managedFields/{index}/operation", "value": "Apply"},
        ]
        self.kube.patch(GVR_OF[down["kind"]], meta["name"], patch, meta["namespace"])

    def apply(self, item):
        self.kube.apply(GVR_OF[item["kind"]], self.body(item), manager="syncerd")


@pytest.fixture(scope="module")
def crashed(site, launch):
    """Every crash point's state on the servers; then syncerd starts. Yields what the tests have to know."""
    syncerd = launch(site.config())
    tenant, leaver = site.tenants(2)
    hand = Hand(tenant)
    synced = ("c4", "c5", "c6-gone", "c6-deleting", "c6-alive", "c8", "c9-other")
    for name in synced:
        tenant.create(widget(name, size=1, extra="x"))
    tenant.create(configmap("c9"))
    for ns in ("terminating", "emptied"):
        tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}})
        tenant.create(widget("c11", ns=ns))
    leaver.create(widget("c10"), configmap("c10"))
    for name in synced:
        tenant.wait_down(WIDGETS, name)
    tenant.wait_down(CONFIGMAPS, "c9")
    for ns in ("terminating", "emptied"):
        tenant.wait_down(WIDGETS, "c11", ns=ns)
    leaver.wait_down(WIDGETS, "c10")
    leaver.wait_down(CONFIGMAPS, "c10")
    workers = syncerd.workers()
    syncerd.kill()
    wait_for(lambda: not any(exists(pid) for pid in workers), 5, "the workers to die with their supervisor")

    class Known:
        uid = {}
        version = {}

    # C1 the finalizer is there, nothing downstream
    hand.hold_upstream(widget("c1"))
    # C2 the POST was answered, but nobody heard it
    hand.hold_upstream(widget("c2"))
    Known.uid["c2"] = hand.post(widget("c2"))["metadata"]["uid"]
    # C3 fields renamed to Apply, then the spec changed and lost a field
    hand.hold_upstream(widget("c3", size=1, extra="x"))
    down = hand.post(widget("c3", size=1, extra="x"))
    hand.rename_operation(down)
    Known.uid["c3"] = down["metadata"]["uid"]
    tenant.patch(WIDGETS, "c3", {"spec": {"size": 2, "extra": None}})
    # C4 the new spec was applied, the answer lost
    tenant.patch(WIDGETS, "c4", {"spec": {"size": 2}})
    hand.rename_operation(tenant.down(WIDGETS, "c4"))
    hand.apply(widget("c4", size=2, extra="x"))
    Known.version["c4"] = tenant.down(WIDGETS, "c4")["metadata"]["resourceVersion"]
    # C5 the status was written upstream, the answer lost
    tenant.set_status_down(WIDGETS, "c5", {"phase": "Running"})
    tenant.api.set_status(WIDGETS, "c5", {"phase": "Running"}, "default")
    # C6, C7 deleting upstream; downstream gone, deleting, or not yet told
    tenant.patch_down(WIDGETS, "c6-deleting", {"metadata": {"finalizers": [HOLD]}})
    for name in ("c6-gone", "c6-deleting", "c6-alive"):
        tenant.delete(WIDGETS, name)
    for name in ("c6-gone", "c6-deleting"):
        tenant.delete_down(WIDGETS, name)
    # C8 released, but another finalizer keeps the object
    tenant.patch(WIDGETS, "c8", {"metadata": {"finalizers": [site.finalizer, HOLD]}})
    tenant.delete(WIDGETS, "c8")
    tenant.delete_down(WIDGETS, "c8")
    tenant.patch(WIDGETS, "c8", {"metadata": {"finalizers": [HOLD]}})
    # C9 a claimed object deleted while nobody looked
    tenant.delete(CONFIGMAPS, "c9")
    # C10 unbound, with the finalizers taken off by force: nothing upstream tells of it any more
    leaver.patch(WIDGETS, "c10", {"metadata": {"finalizers": None}})
    leaver.workspace.unbind("widgets")
    wait_for(lambda: leaver.workspace.binding("widgets") is None, 60, "the unbinding to end")
    # C11 the namespace's DELETE was sent: one hangs, one is gone
    blocker = configmap("blocker", ns=tenant.namespace("terminating"))
    blocker["metadata"]["finalizers"] = [HOLD]
    site.kube.create(CONFIGMAPS, blocker)
    for ns in ("terminating", "emptied"):
        site.kube.delete(NAMESPACES, tenant.namespace(ns))
    wait_for(lambda: site.kube.find(NAMESPACES, tenant.namespace("emptied")) is None, 60, "a namespace to be gone")
    wait_for(lambda: tenant.down(WIDGETS, "c11", ns="terminating") is None, 60, "the content of a namespace to be gone")

    Known.tenant, Known.leaver, Known.requests = tenant, leaver, Requests(site)
    syncerd.start()
    tenant.create(widget("marker"))
    tenant.wait_down(WIDGETS, "marker", timeout=60)
    return Known


def test_c1_finalizer_added(crashed):
    crashed.tenant.wait_down(WIDGETS, "c1")


def test_c2_create_sent_answer_lost(crashed):
    tenant = crashed.tenant
    tenant.patch(WIDGETS, "c2", {"spec": {"size": 7}})
    down = tenant.wait_down(WIDGETS, "c2", lambda down: down["spec"] == {"size": 7})
    assert down["metadata"]["uid"] == crashed.uid["c2"], "it was adopted, not made anew"


def test_c3_operation_renamed(crashed):
    down = crashed.tenant.wait_down(WIDGETS, "c3", lambda down: down["spec"] == {"size": 2})
    assert down["metadata"]["uid"] == crashed.uid["c3"]


def test_c4_apply_sent_answer_lost(crashed):
    down = crashed.tenant.down(WIDGETS, "c4")
    assert down["spec"] == {"size": 2, "extra": "x"}
    assert down["metadata"]["resourceVersion"] == crashed.version["c4"], "applying again changed nothing"


def test_c5_status_sent_answer_lost(crashed):
    assert crashed.tenant.up(WIDGETS, "c5")["status"] == {"phase": "Running"}
    writes = named(crashed.requests.up(verbs=WRITES), "c5")
    assert not writes, brief(writes)


def test_c6_delete_sent_and_the_object_is_alive(crashed):
    crashed.tenant.wait_up_gone(WIDGETS, "c6-alive")
    assert crashed.tenant.down(WIDGETS, "c6-alive") is None


def test_c6_delete_sent_and_the_object_is_deleting(crashed):
    assert crashed.tenant.up(WIDGETS, "c6-deleting")["metadata"]["deletionTimestamp"]
    crashed.tenant.patch_down(WIDGETS, "c6-deleting", {"metadata": {"finalizers": None}})
    crashed.tenant.wait_up_gone(WIDGETS, "c6-deleting")


def test_c7_gone_but_not_released(crashed):
    crashed.tenant.wait_up_gone(WIDGETS, "c6-gone")


def test_c8_released_but_still_there(site, crashed):
    tenant = crashed.tenant
    assert tenant.up(WIDGETS, "c8")["metadata"]["finalizers"] == [HOLD]
    assert tenant.down(WIDGETS, "c8") is None, "an object on its way out is not created again"
    tenant.patch(WIDGETS, "c8", {"metadata": {"finalizers": None}})
    tenant.wait_up_gone(WIDGETS, "c8")


def test_c9_claimed_object_deleted_while_down(crashed):
    crashed.tenant.wait_down_gone(CONFIGMAPS, "c9")
    assert crashed.tenant.down(WIDGETS, "c9-other"), "and nothing else went with it"


def test_c11_namespace_is_gone(crashed):
    crashed.tenant.wait_down(WIDGETS, "c11", ns="emptied")


def test_c11_namespace_is_terminating(site, crashed):
    tenant = crashed.tenant
    old = site.kube.get(NAMESPACES, tenant.namespace("terminating"))["metadata"]["uid"]
    site.kube.patch(CONFIGMAPS, "blocker", {"metadata": {"finalizers": None}}, tenant.namespace("terminating"))
    tenant.wait_down(WIDGETS, "c11", ns="terminating", timeout=60)
    assert site.kube.get(NAMESPACES, tenant.namespace("terminating"))["metadata"]["uid"] != old


def test_c10_unbound_while_down(crashed):
    """Takes its time on purpose: two complete lists of bindings, 60 s apart, have to miss the workspace."""
    crashed.leaver.wait_nothing_down(timeout=200)


def test_c12_all_drained_but_the_target_is_not_released(new_site, launch):
    site = new_site()
    syncerd = launch(site.config())
    wait_for(lambda: site.finalizer in site.target()["metadata"].get("finalizers", []), 20, "the SyncTarget's finalizer")
    syncerd.kill()
    site.home.api.delete(SYNCTARGETS, "edge-1")
    assert site.target()["metadata"]["deletionTimestamp"]
    syncerd.start(ready=False)
    wait_for(lambda: site.target() is None, 60, "the SyncTarget to be released")
    assert syncerd.process.wait(20) == 0


def test_killed_again_and_again_under_load(new_site, launch):
    """Workers are killed in the middle of creates, updates and deletes; what counts is the end."""
    site = new_site()
    config = site.config(workers={"backoffFirst": "100ms"})
    syncerd = launch(config)
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing")
    for round_ in range(4):
        for i in range(15):
            tenant.create(widget(f"load-{round_}-{i}", size=0))
        pid = syncerd.wait_worker(tenant)
        for i in range(15):
            if i == 7:
                os.kill(pid, signal.SIGKILL)
            if i % 3 == 0:
                tenant.delete(WIDGETS, f"load-{round_}-{i}")
            else:
                tenant.patch(WIDGETS, f"load-{round_}-{i}", {"spec": {"size": i}})

    def in_step():
        up = {item["metadata"]["name"]: item["spec"] for item in tenant.api.list(WIDGETS, "default")}
        down = {item["metadata"]["name"]: item["spec"] for item in tenant.all_down(WIDGETS)}
        assert up == down, f"{len(up)} upstream, {len(down)} downstream"
        assert len(up) == 40
        return True

    wait_for(in_step, 90, "both sides to be equal")

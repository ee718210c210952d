"""Cordon and eviction: spec.unschedulable, spec.evictAfter, and syncerctl cordon, uncordon, drain."""

import datetime
import subprocess
import threading
import time

import pytest
from objects import BINDINGS, CONFIGMAPS, DIALS, GADGETS, NAMESPACES, WIDGETS, configmap, dial, gadget, widget
from syncerd import exists, program
from testbed import wait_for

HOLD = "example.dev/hold"


@pytest.fixture
def opened(site, syncerd, pair):
    """Each test begins and ends with everything served."""
    yield pair
    if not syncerd.alive():
        syncerd.start()
    site.patch_target({"spec": {"unschedulable": False, "evictAfter": None}})
    for tenant in pair:
        syncerd.wait_state(tenant, "Syncing", timeout=60)
    site.wait_condition("Schedulable", "True")


def at(seconds):
    """A time from now, as a person would write it: with an offset."""
    zone = datetime.timezone(datetime.timedelta(hours=2))
    return (datetime.datetime.now(zone) + datetime.timedelta(seconds=seconds)).isoformat(timespec="seconds")


def fill(tenant, stem):
    """Objects of each type with a copy, two of the widgets with a status."""
    tenant.create(widget(f"{stem}-a"), widget(f"{stem}-b"), gadget(f"{stem}-{tenant.cluster}"), configmap(f"{stem}-c"))
    for name in (f"{stem}-a", f"{stem}-b"):
        tenant.wait_down(WIDGETS, name)
        tenant.set_status_down(WIDGETS, name, {"phase": "Running"})
        tenant.wait_up(WIDGETS, name, lambda item: item.get("status") == {"phase": "Running"}, "to show the status")
    tenant.wait_down(GADGETS, f"{stem}-{tenant.cluster}")
    tenant.wait_down(CONFIGMAPS, f"{stem}-c")


def wait_evicted(site, timeout=90):
    return site.wait_condition("Schedulable", "False", "Evicted", "0 workspaces left", timeout=timeout)


def is_free(site):
    return lambda item: site.finalizer not in item["metadata"].get("finalizers", [])


def uids(tenant, stem):
    return {gvr: tenant.up(gvr, name)["metadata"]["uid"] for gvr, name in
            ((WIDGETS, f"{stem}-a"), (GADGETS, f"{stem}-{tenant.cluster}"), (CONFIGMAPS, f"{stem}-c"))}


def test_a_cordon_refuses_who_is_new_and_nobody_else(site, syncerd, opened):
    old = opened[0]
    old.create(widget("before"), widget("goes"))
    old.wait_down(WIDGETS, "before")
    old.wait_down(WIDGETS, "goes")
    pid = syncerd.worker_of(old)
    assert syncerd.ctl("cordon") == "SyncTarget edge-1 cordoned\n"
    assert site.target()["spec"]["unschedulable"] is True and "evictAfter" not in site.target()["spec"]
    since = site.wait_condition("Schedulable", "False", "Cordoned")["lastTransitionTime"]
    generation = site.target()["metadata"]["generation"]
    assert syncerd.ctl("cordon") == "SyncTarget edge-1 already cordoned\n"
    assert site.target()["metadata"]["generation"] == generation

    # Times have whole seconds: what is bound within the second of the cordon may be older than it.
    wait_for(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > since, 5, "the second of the cordon to be over")
    new = site.tenant()
    assert site.wait_phase(new, "Refused", "Cordoned")["message"]
    new.create(widget("waits"))
    # Who was served goes on fully.
    old.create(widget("during"))
    old.wait_down(WIDGETS, "during")
    old.patch(WIDGETS, "before", {"spec": {"size": 7}})
    old.wait_down(WIDGETS, "before", lambda item: item["spec"]["size"] == 7)
    old.set_status_down(WIDGETS, "before", {"phase": "Running"})
    old.wait_up(WIDGETS, "before", lambda item: item.get("status") == {"phase": "Running"})
    old.delete(WIDGETS, "goes")
    old.wait_up_gone(WIDGETS, "goes")
    site.wait_condition("Ready", "True")
    assert syncerd.worker_of(old) == pid and not syncerd.worker_of(new)
    assert is_free(site)(new.up(WIDGETS, "waits"))

    # It is known for how long, also to a syncerd that was killed.
    syncerd.kill()
    syncerd.start()
    syncerd.wait_state(old, "Syncing")
    syncerd.wait_state(new, "Refused")
    site.wait_phase(new, "Refused", "Cordoned")
    assert site.condition("Schedulable")["lastTransitionTime"] == since
    assert is_free(site)(new.up(WIDGETS, "waits"))

    assert syncerd.ctl("uncordon") == "SyncTarget edge-1 uncordoned\n"
    new.wait_down(WIDGETS, "waits")
    site.wait_phase(new, "Syncing")
    site.wait_condition("Schedulable", "True", "AsExpected")
    assert syncerd.ctl("uncordon") == "SyncTarget edge-1 already uncordoned\n"
    assert site.target()["spec"]["unschedulable"] is False
    new.workspace.delete()


def test_an_eviction_begins_by_its_timer_and_is_taken_back(site, syncerd, opened):
    for tenant in opened:
        fill(tenant, "timer")
    first = opened[0]
    before = uids(first, "timer")
    site.patch_target({"spec": {"evictAfter": at(5)}})
    assert site.condition("Schedulable")["status"] == "True"
    first.wait_down(WIDGETS, "timer-a")
    wait_evicted(site)
    for tenant in opened:
        tenant.wait_nothing_down()
        syncerd.wait_no_worker(tenant)
        for gvr, name in ((WIDGETS, "timer-a"), (WIDGETS, "timer-b"), (GADGETS, f"timer-{tenant.cluster}")):
            item = tenant.up(gvr, name)
            assert is_free(site)(item) and "deletionTimestamp" not in item["metadata"] and not item.get("status"), item
    assert uids(first, "timer") == before
    assert not [ns for ns in site.kube.list(NAMESPACES, labels=f"internal.workload.kcp.io/cluster={site.key}")]
    site.wait_condition("Ready", "True")

    # New objects get no finalizer; a new workspace gets no worker; the signal stays.
    first.create(widget("timer-new"))
    new = site.tenant()
    site.wait_phase(new, "Refused", "Evicting")
    assert is_free(site)(first.up(WIDGETS, "timer-new"))
    wait_evicted(site)

    site.patch_target({"spec": {"evictAfter": None}})
    site.wait_condition("Schedulable", "True", "AsExpected")
    for name in ("timer-a", "timer-b", "timer-new"):
        first.wait_down(WIDGETS, name, timeout=40)
    first.wait_down(GADGETS, f"timer-{first.cluster}")
    first.wait_down(CONFIGMAPS, "timer-c")
    first.wait_up(WIDGETS, "timer-a", lambda item: site.finalizer in item["metadata"]["finalizers"])
    site.wait_phase(new, "Syncing")
    assert uids(first, "timer") == before
    new.workspace.delete()


def test_a_status_of_somebody_else_stays(site, syncerd, opened):
    tenant = opened[0]
    fill(tenant, "own")
    syncerd.ctl("pause", tenant.path)
    syncerd.wait_state(tenant, "Paused")
    tenant.api.set_status(WIDGETS, "own-a", {"phase": "Mine"}, "default")
    site.patch_target({"spec": {"evictAfter": at(-1)}})
    site.wait_phase(tenant, "Paused", "PausedByOperator")
    left = site.wait_condition("Schedulable", "False", "Evicting")
    assert tenant.down(WIDGETS, "own-b"), "nothing goes while it is paused"
    site.wait_condition("Schedulable", "False", "Evicting", f"left: {tenant.path}", timeout=60)
    assert left["severity"] == "Info"
    syncerd.ctl("resume", tenant.path)
    wait_evicted(site)
    assert tenant.up(WIDGETS, "own-a")["status"] == {"phase": "Mine"}
    assert not tenant.up(WIDGETS, "own-b").get("status")
    assert is_free(site)(tenant.up(WIDGETS, "own-a"))


def test_drain_waits_until_nothing_is_left(site, syncerd, opened):
    tenant = opened[1]
    fill(tenant, "ctl")
    tenant.patch_down(WIDGETS, "ctl-a", {"metadata": {"finalizers": [HOLD]}})
    late = syncerd.ctl("drain", "--wait", "--timeout", "5s", check=False)
    assert late.returncode == 7 and "SyncTarget edge-1 is being drained" in late.stdout
    assert tenant.path in late.stderr and "not over within 5 s" in late.stderr
    spec = site.target()["spec"]
    assert spec["unschedulable"] is True and spec["evictAfter"].endswith("Z")
    site.wait_condition("Schedulable", "False", "Evicting")
    assert not tenant.up(WIDGETS, "ctl-a").get("status"), "its copy still goes, its status does not flow"

    done = []
    waiting = threading.Thread(target=lambda: done.append(subprocess.run(
        [program("syncerctl"), "drain", "--socket", syncerd.socket, "--wait", "--timeout", "60s"], capture_output=True, text=True, timeout=90, check=False)))
    waiting.start()
    tenant.patch_down(WIDGETS, "ctl-a", {"metadata": {"finalizers": None}})
    waiting.join(90)
    assert done[0].returncode == 0, done[0]
    assert done[0].stdout.splitlines() == ["SyncTarget edge-1 is already drained, or being drained", "SyncTarget edge-1 drained: 0 workspaces left"]
    assert site.target()["spec"]["evictAfter"] == spec["evictAfter"], "an eviction that has begun keeps its time"
    wait_evicted(site, 5)
    tenant.wait_nothing_down(5)
    answer = syncerd.ctl_json("drain")
    assert (answer["changed"], answer["state"], answer["left"]) == (False, "Evicted", 0)

    assert syncerd.ctl("uncordon") == "SyncTarget edge-1 uncordoned\n"
    assert "evictAfter" not in site.target()["spec"] and site.target()["spec"]["unschedulable"] is False
    tenant.wait_down(WIDGETS, "ctl-a", timeout=40)


def test_a_supervisor_killed_in_the_middle_goes_on(site, syncerd, opened):
    for tenant in opened:
        fill(tenant, "kill")
    held = opened[0]
    held.patch_down(WIDGETS, "kill-a", {"metadata": {"finalizers": [HOLD]}})
    syncerd.ctl("drain")
    site.wait_phase(held, "Draining", "Evicting")
    wait_for(lambda: held.down(WIDGETS, "kill-a")["metadata"].get("deletionTimestamp"), 20, "its copy to go")
    site.wait_condition("Schedulable", "False", "Evicting")
    workers = syncerd.workers()
    syncerd.kill()
    wait_for(lambda: not any(exists(pid) for pid in workers), 20, "the workers to go with it")
    held.patch_down(WIDGETS, "kill-a", {"metadata": {"finalizers": None}})
    syncerd.start()
    wait_evicted(site)
    for tenant in opened:
        tenant.wait_nothing_down()
        for name in ("kill-a", "kill-b"):
            item = tenant.up(WIDGETS, name)
            assert is_free(site)(item) and not item.get("status"), item
    # And it stays so for the next one.
    syncerd.restart()
    wait_evicted(site)
    assert all(is_free(site)(tenant.up(WIDGETS, "kill-a")) for tenant in opened)


def test_unbinding_what_is_evicted_ends_it(site, syncerd, opened):
    tenant = site.tenant()
    tenant.create(widget("leaves"))
    tenant.wait_down(WIDGETS, "leaves")
    syncerd.ctl("drain", "--wait")
    tenant.workspace.unbind("widgets")
    wait_for(lambda: not tenant.api.find(BINDINGS, "widgets"), 60, "the binding to go")
    tenant.wait_nothing_down()
    wait_evicted(site)
    syncerd.ctl("uncordon")
    tenant.workspace.delete()


def test_a_namespace_that_others_use_is_taken_again(site, syncerd, opened):
    """Others put their ConfigMaps into every namespace: it stays, without our marks, and is the tenant's again afterwards."""
    tenant, kube = opened[0], site.kube
    fill(tenant, "left")
    namespace = tenant.namespace()
    before = kube.get(NAMESPACES, namespace)["metadata"]
    kube.create(CONFIGMAPS, configmap("injected-ca", namespace))
    try:
        syncerd.ctl("drain", "--wait")
        left = kube.get(NAMESPACES, namespace)["metadata"]
        assert left["annotations"] == {"workload.kcp.io/orphaned-from": site.key} and not set(tenant.marks()) & set(left["labels"])
        syncerd.ctl("uncordon")
        tenant.wait_down(WIDGETS, "left-a", timeout=60)

        def ours():
            found = kube.get(NAMESPACES, namespace)["metadata"]
            assert (found["uid"], found["labels"], found["annotations"]) == (before["uid"], before["labels"], before["annotations"]), found
            return True

        wait_for(ours, 60, "the namespace to be as it was")
        syncerd.wait_state(tenant, "Syncing", timeout=60)
        assert tenant.down(CONFIGMAPS, "injected-ca")
    finally:
        kube.delete(CONFIGMAPS, "injected-ca", namespace)


def test_a_status_with_defaults_holds_no_eviction(world, new_site, launch):
    """It is never empty, so what stands there after ours was taken off may be what the copy says."""
    world.install_crds(DIALS)
    site = new_site(exports={"dials": [DIALS]}, claims=())
    syncerd = launch(site.config())
    tenant = site.tenant()
    tenant.create(dial("idle"), dial("runs"))
    for name in ("idle", "runs"):
        tenant.wait_down(DIALS, name, lambda item: item.get("status") == {"phase": "Pending"})
    tenant.set_status_down(DIALS, "runs", {"phase": "Running"})
    tenant.wait_up(DIALS, "runs", lambda item: item.get("status") == {"phase": "Running"})
    syncerd.ctl("drain", "--wait")
    tenant.wait_nothing_down()
    for name in ("idle", "runs"):
        item = tenant.up(DIALS, name)
        assert is_free(site)(item) and item["status"] == {"phase": "Pending"}, item
    assert syncerd.stop() == 0

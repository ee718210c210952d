"""Several targets for one export: state labels on bindings and objects, and the first finalizer."""

import pytest
from objects import BINDINGS, CONFIGMAPS, WIDGETS, configmap, widget
from testbed import wait_for

OTHER = "2someOtherTargetOfTheSameExport"
STATE = "state.workload.kcp.io/"


@pytest.fixture
def marks(site):
    """A merge patch of state labels: marks(ours="Sync", other=None)."""
    def make(**states):
        return {"metadata": {"labels": {STATE + (site.key if who == "ours" else OTHER): state for who, state in states.items()}}}

    return make


@pytest.fixture
def other():
    return f"workload.kcp.io/syncer-{OTHER}"


def labelled(item, patch):
    item["metadata"]["labels"] = patch["metadata"]["labels"]
    return item


def settle(tenant, name):
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def test_an_object_goes_where_its_labels_say(site, tenant, marks):
    tenant.create(labelled(widget("lab-other"), marks(other="Sync")), labelled(widget("lab-ours"), marks(ours="Sync")),
                  labelled(widget("lab-pending"), marks(ours="")), labelled(configmap("lab-claimed"), marks(other="Sync")))
    down = tenant.wait_down(WIDGETS, "lab-ours")
    assert not any(name.startswith(STATE) for name in down["metadata"]["labels"])
    settle(tenant, "lab-done")
    for gvr, name in ((WIDGETS, "lab-other"), (WIDGETS, "lab-pending"), (CONFIGMAPS, "lab-claimed")):
        assert not tenant.down(gvr, name)
        assert site.finalizer not in tenant.up(gvr, name)["metadata"].get("finalizers", [])
    # Given to us, and taken away again: the object stays.
    for name in ("lab-other", "lab-pending"):
        tenant.patch(WIDGETS, name, marks(ours="Sync", other=None))
        tenant.wait_down(WIDGETS, name)
    tenant.patch(CONFIGMAPS, "lab-claimed", marks(ours="Sync", other=None))
    tenant.wait_down(CONFIGMAPS, "lab-claimed")
    for gvr, name in ((WIDGETS, "lab-other"), (WIDGETS, "lab-ours"), (CONFIGMAPS, "lab-claimed")):
        tenant.patch(gvr, name, marks(ours=None, other="Sync"))
        tenant.wait_down_gone(gvr, name)
        item = tenant.wait_up(gvr, name, lambda item: site.finalizer not in item["metadata"].get("finalizers", []), "to be let go")
        assert "deletionTimestamp" not in item["metadata"]
    # Nobody is named any more: it is taken again.
    tenant.patch(WIDGETS, "lab-ours", marks(other=None))
    tenant.wait_down(WIDGETS, "lab-ours")


def test_the_first_finalizer_wins(site, syncerd, tenant, other):
    taken = widget("first-taken")
    taken["metadata"]["finalizers"] = [other]
    tenant.create(taken)
    settle(tenant, "first-done")
    assert tenant.up(WIDGETS, "first-taken")["metadata"]["finalizers"] == [other] and not tenant.down(WIDGETS, "first-taken")
    assert syncerd.ctl_json("dump", tenant.cluster, "widgets.example.dev/default/first-taken")["objects"][0]["upstream"]["elsewhere"] is True
    # Ours was first: another one beside it changes nothing.
    tenant.patch(WIDGETS, "first-done", {"metadata": {"finalizers": [site.finalizer, other]}})
    tenant.patch(WIDGETS, "first-done", {"spec": {"size": 9}})
    tenant.wait_down(WIDGETS, "first-done", lambda item: item["spec"]["size"] == 9)
    # The other one lets go.
    tenant.patch(WIDGETS, "first-taken", {"metadata": {"finalizers": None}})
    tenant.wait_down(WIDGETS, "first-taken")
    tenant.patch(WIDGETS, "first-done", {"metadata": {"finalizers": [site.finalizer]}})


def test_of_two_targets_none_writes_status(tenant, marks):
    tenant.create(labelled(widget("two"), marks(ours="Sync", other="Sync")), widget("one"))
    tenant.wait_down(WIDGETS, "two")
    tenant.wait_down(WIDGETS, "one")
    tenant.set_status_down(WIDGETS, "two", {"phase": "Here"})
    tenant.set_status_down(WIDGETS, "one", {"phase": "Here"})
    tenant.wait_up(WIDGETS, "one", lambda item: item.get("status") == {"phase": "Here"})
    tenant.patch(WIDGETS, "two", {"spec": {"size": 5}})
    tenant.wait_down(WIDGETS, "two", lambda item: item["spec"]["size"] == 5)
    assert not tenant.up(WIDGETS, "two").get("status")
    tenant.patch(WIDGETS, "two", marks(other=None))
    tenant.wait_up(WIDGETS, "two", lambda item: item.get("status") == {"phase": "Here"}, "to show the status of the only target")


def test_a_workspace_goes_where_its_binding_says(site, syncerd, pair, marks):
    tenant = pair[1]
    tenant.create(widget("ws"), configmap("ws"))
    tenant.wait_down(WIDGETS, "ws")
    tenant.wait_down(CONFIGMAPS, "ws")
    uid = tenant.up(WIDGETS, "ws")["metadata"]["uid"]
    tenant.api.patch(BINDINGS, "widgets", marks(ours="Sync"))
    settle(tenant, "ws-ours")
    tenant.api.patch(BINDINGS, "widgets", marks(ours=None, other="Sync"))
    site.wait_phase(tenant, "Refused", "ScheduledElsewhere", timeout=60)
    tenant.wait_nothing_down()
    syncerd.wait_no_worker(tenant)
    item = tenant.up(WIDGETS, "ws")
    assert item["metadata"]["uid"] == uid and site.finalizer not in item["metadata"].get("finalizers", [])
    assert tenant.up(CONFIGMAPS, "ws")
    site.wait_condition("Ready", "True")
    # A syncerd that starts anew does not begin with it.
    syncerd.restart()
    syncerd.wait_state(pair[0], "Syncing")
    syncerd.wait_state(tenant, "Refused")
    tenant.create(widget("ws-new"))
    settle(pair[0], "ws-neighbour")
    assert site.finalizer not in tenant.up(WIDGETS, "ws-new")["metadata"].get("finalizers", [])

    tenant.api.patch(BINDINGS, "widgets", marks(other=None))
    for name in ("ws", "ws-ours", "ws-new"):
        tenant.wait_down(WIDGETS, name, timeout=40)
    syncerd.wait_state(tenant, "Syncing")
    wait_for(lambda: tenant.up(WIDGETS, "ws")["metadata"]["uid"] == uid, 5, "the same object")


def test_a_new_workspace_for_another_target_gets_no_worker(site, syncerd, marks):
    new = site.tenants(1, wait=False)[0]
    new.api.patch(BINDINGS, "widgets", marks(other="Sync"))
    new.wait_bound()
    site.wait_phase(new, "Refused", "ScheduledElsewhere")
    assert not syncerd.worker_of(new)
    new.api.patch(BINDINGS, "widgets", marks(ours="Sync", other="Sync"))
    new.create(widget("both"))
    new.wait_down(WIDGETS, "both")
    new.set_status_down(WIDGETS, "both", {"phase": "Here"})
    new.patch(WIDGETS, "both", {"spec": {"size": 4}})
    new.wait_down(WIDGETS, "both", lambda item: item["spec"]["size"] == 4)
    assert not new.up(WIDGETS, "both").get("status")
    new.api.patch(BINDINGS, "widgets", marks(other=None))
    new.wait_up(WIDGETS, "both", lambda item: item.get("status") == {"phase": "Here"}, timeout=40)
    new.workspace.delete()

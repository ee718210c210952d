"""Two SyncTargets serve one export, each with its own syncerd: on one physical cluster, and on two."""

import os

import pytest
from edge import Tenant
from objects import BINDINGS, GADGETS, WIDGETS, widget
from testbed import wait_for
from testbed.servers import Kube

MANY = 30


@pytest.fixture(scope="module", params=["one cluster", "two clusters"])
def physical(request, world, scratch):
    """The second target's cluster; None: that of the first."""
    if request.param == "one cluster":
        yield None
        return
    directory = scratch("second-cluster")
    cluster = Kube(os.path.join(directory, "kube"), directory)
    try:
        cluster.start()
        cluster.wait_ready()
        cluster.wait_controllers()
        world.install_crds(WIDGETS, GADGETS, kube=cluster.admin)
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="module")
def sites(new_site, physical):
    first = new_site()
    second = new_site(beside=first, physical=physical)
    assert (first.kube is second.kube) == (physical is None)
    return first, second


@pytest.fixture(scope="module")
def syncers(sites, launch):
    started = [launch(site.config()) for site in sites]
    yield started
    for syncer in started:
        syncer.end()


@pytest.fixture(scope="module")
def both(sites, syncers):
    """One tenant, as each of the two targets sees it."""
    one = sites[0].tenant()
    two = Tenant(sites[1], one.workspace)
    for syncer in syncers:
        syncer.wait_state(one, "Syncing")
    return one, two


def owners(sites, item):
    return [site for site in sites if site.finalizer in item["metadata"].get("finalizers", [])]


def shared_out(sites, both, names):
    """Until each object is one target's, and has a copy there and only there: {name: index of the target}."""
    def settled():
        found = {}
        for name in names:
            mine = owners(sites, both[0].up(WIDGETS, name))
            assert len(mine) == 1, f"{name} has {len(mine)} owners"
            copies = [i for i, tenant in enumerate(both) if tenant.down(WIDGETS, name)]
            assert copies == [sites.index(mine[0])], f"{name} of target {sites.index(mine[0])} has copies at {copies}"
            found[name] = copies[0]
        return found or True

    return wait_for(settled, 40, "each object to be one target's")


def labels(site, state):
    return {"metadata": {"labels": {f"state.workload.kcp.io/{site.key}": state}}}


def test_without_labels_each_object_is_the_first_ones(sites, syncers, both):
    names = [f"free-{i}" for i in range(MANY)]
    for name in names:
        both[0].create(widget(name))
    found = shared_out(sites, both, names)
    # The status comes from where the copy is, and the other one leaves it alone.
    for name in names[:5]:
        both[found[name]].set_status_down(WIDGETS, name, {"phase": f"at-{found[name]}"})
        both[0].wait_up(WIDGETS, name, lambda item: item.get("status") == {"phase": f"at-{found[name]}"})
    for name in names[:5]:
        both[0].patch(WIDGETS, name, {"spec": {"size": 8}})
        both[found[name]].wait_down(WIDGETS, name, lambda item: item["spec"]["size"] == 8)
    both[0].delete(WIDGETS, names[0])
    both[0].wait_up_gone(WIDGETS, names[0])
    assert shared_out(sites, both, names[1:]) == {name: found[name] for name in names[1:]}
    for site in sites:
        site.wait_condition("Ready", "True")


def test_a_label_moves_an_object(sites, syncers, both):
    both[0].create(widget("moves"))
    at = shared_out(sites, both, ["moves"])["moves"]
    to = 1 - at
    uid = both[0].up(WIDGETS, "moves")["metadata"]["uid"]
    both[0].patch(WIDGETS, "moves", labels(sites[to], "Sync"))
    both[to].wait_down(WIDGETS, "moves")
    both[at].wait_down_gone(WIDGETS, "moves")
    assert shared_out(sites, both, ["moves"]) == {"moves": to}
    both[to].set_status_down(WIDGETS, "moves", {"phase": "moved"})
    both[0].wait_up(WIDGETS, "moves", lambda item: item.get("status") == {"phase": "moved"})
    assert both[0].up(WIDGETS, "moves")["metadata"]["uid"] == uid
    # At both: each has a copy, nobody writes the status.
    both[0].patch(WIDGETS, "moves", labels(sites[at], "Sync"))
    both[at].wait_down(WIDGETS, "moves")
    both[0].wait_up(WIDGETS, "moves", lambda item: len(owners(sites, item)) == 2, "to be held by both")
    for tenant in both:
        tenant.set_status_down(WIDGETS, "moves", {"phase": "two"})
    both[0].patch(WIDGETS, "moves", {"spec": {"size": 6}})
    for tenant in both:
        tenant.wait_down(WIDGETS, "moves", lambda item: item["spec"]["size"] == 6)
    assert both[0].up(WIDGETS, "moves")["status"] == {"phase": "moved"}
    # Without any label both still hold it, and nobody says whose status counts.
    both[0].patch(WIDGETS, "moves", {"metadata": {"labels": {f"state.workload.kcp.io/{site.key}": None for site in sites}}})
    for i, tenant in enumerate(both):
        tenant.set_status_down(WIDGETS, "moves", {"phase": f"three-{i}"})
    both[0].patch(WIDGETS, "moves", {"spec": {"size": 7}})
    for tenant in both:
        tenant.wait_down(WIDGETS, "moves", lambda item: item["spec"]["size"] == 7)
    assert both[0].up(WIDGETS, "moves")["status"] == {"phase": "moved"}
    both[0].patch(WIDGETS, "moves", labels(sites[at], "Sync"))
    both[0].wait_up(WIDGETS, "moves", lambda item: item.get("status") == {"phase": f"three-{at}"})
    assert shared_out(sites, both, ["moves"]) == {"moves": at}
    both[0].delete(WIDGETS, "moves")
    both[0].wait_up_gone(WIDGETS, "moves")


def test_a_drained_target_hands_over_to_the_other(sites, syncers, both):
    names = [f"free-{i}" for i in range(1, MANY)]
    uids = {name: both[0].up(WIDGETS, name)["metadata"]["uid"] for name in names}
    assert set(shared_out(sites, both, names).values()) <= {0, 1}
    syncers[0].ctl("drain", "--wait", "--timeout", "25s")
    both[0].wait_nothing_down()
    assert set(shared_out(sites, both, names).values()) == {1}
    syncers[0].ctl("uncordon")
    syncers[0].wait_state(both[0], "Syncing")
    assert set(shared_out(sites, both, names).values()) == {1}, "the first finalizer wins, also over who was there before"
    assert {name: both[0].up(WIDGETS, name)["metadata"]["uid"] for name in names} == uids


def test_a_label_of_the_binding_moves_the_workspace(sites, syncers, both):
    names = [f"free-{i}" for i in range(1, MANY)]
    both[0].api.patch(BINDINGS, "widgets", labels(sites[0], "Sync"))
    sites[1].wait_phase(both[0], "Refused", "ScheduledElsewhere", timeout=60)
    both[1].wait_nothing_down()
    assert set(shared_out(sites, both, names).values()) == {0}
    syncers[1].wait_no_worker(both[1])
    for site in sites:
        site.wait_condition("Ready", "True")

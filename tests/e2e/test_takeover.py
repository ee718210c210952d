"""Two syncers for one SyncTarget: one works, the other waits; who takes over stops nobody's objects."""

import time
from datetime import datetime, timezone

import pytest
from objects import WIDGETS, widget
from testbed import wait_for
from testbed.waiting import holds_for


def identity(site):
    return site.status().get("syncer", {}).get("identity")


def age(site):
    beat = datetime.strptime(site.status()["lastSyncerHeartbeatTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return time.time() - beat.timestamp()


@pytest.fixture
def first(site, launch, tenant_of_both):
    instance = launch(site.config())
    yield instance
    instance.end()


@pytest.fixture(scope="module")
def tenant_of_both(site):
    return site.tenant()


def serves(syncerd, tenant, name):
    syncerd.wait_state(tenant, "Syncing", timeout=60)
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def test_a_fresh_heartbeat_is_waited_for(site, first, tenant_of_both, launch):
    """The first is killed and says nothing: for 60 s its word counts; then the second takes over and finds everything as it was."""
    tenant = tenant_of_both
    serves(first, tenant, "of-the-first")
    uid, mine = tenant.down(WIDGETS, "of-the-first")["metadata"]["uid"], identity(site)
    first.kill()
    second = launch(site.config(), start=False).start(ready=False)
    second.wait_log("served by")
    assert mine in second.text() and mine in second.ctl("status")
    while age(site) < 55:
        assert not second.workers() and identity(site) == mine, f"nobody takes over from a heartbeat that is {age(site):g} s old"
        holds_for(lambda: not second.workers(), 1, "no worker before the time")
    wait_for(lambda: identity(site) not in (None, mine), 40, "the second to take over")
    assert age(site) < 30
    serves(second, tenant, "of-the-second")
    assert tenant.down(WIDGETS, "of-the-first")["metadata"]["uid"] == uid
    # It says goodbye: the next one does not have to wait.
    assert second.stop() == 0
    begun = time.monotonic()
    third = launch(site.config())
    wait_for(lambda: third.workers(), 30, "the third to start at once")
    assert time.monotonic() - begun < 30
    third.end()


def test_replaced_while_running(site, first, tenant_of_both, launch):
    """--take-over does not wait. The other one notices, stops its workers, deletes nothing, and keeps quiet until its turn comes again."""
    tenant = tenant_of_both
    serves(first, tenant, "lives")
    uid, mine = tenant.down(WIDGETS, "lives")["metadata"]["uid"], identity(site)
    workers = first.workers()
    assert workers
    second = launch(site.config(), start=False)
    second.start(arguments=("--take-over",))
    wait_for(lambda: identity(site) not in (None, mine), 20, "the second to take over")
    theirs = identity(site)
    wait_for(lambda: not first.workers(), 30, "the first's workers to leave")
    assert first.alive()
    first.wait_log("is served by")
    assert theirs in first.ctl("status")
    serves(second, tenant, "after")
    tenant.set_status_down(WIDGETS, "after", {"phase": "Up"})
    tenant.wait_up(WIDGETS, "after", lambda up: up.get("status") == {"phase": "Up"})
    assert tenant.down(WIDGETS, "lives")["metadata"]["uid"] == uid and site.finalizer in tenant.up(WIDGETS, "lives")["metadata"]["finalizers"]
    holds_for(lambda: identity(site) == theirs and not first.workers(), 15, "one of them at a time")
    # Whoever does not serve has no last word either.
    assert first.stop() == 0
    assert identity(site) == theirs and site.condition("HeartbeatHealthy")["status"] == "True"
    first.start(ready=False)
    first.wait_log("served by")
    assert second.stop() == 0
    wait_for(lambda: identity(site) == mine, 40, "the first to take over again")
    serves(first, tenant, "again")
    assert tenant.down(WIDGETS, "lives")["metadata"]["uid"] == uid

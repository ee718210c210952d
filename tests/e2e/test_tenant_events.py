"""Events on the tenant's own object: with the option, the right and the consumer's consent; else on the SyncTarget."""

import pytest
from counting import Requests
from installed import Installed
from objects import CONFIGMAPS, EVENTS, GADGETS, GIZMOS, WIDGETS, configmap, gadget, gizmo, widget
from rights_table import Rights
from testbed import wait_for

REASON = "Invalid"  # the cluster takes no Gizmo above 1000


@pytest.fixture(scope="module")
def site(world, scratch):
    made = Installed(world, scratch("tenant-events"), exports={"widgets": [WIDGETS, GADGETS, GIZMOS]}, claims=("configmaps", "events"))
    made.install_all("--tenant-events")
    return made


@pytest.fixture(scope="module")
def syncerd(site, launch):
    return launch(site.config(sync={"tenantEvents": True, "optionalClaims": ["events"]}))


@pytest.fixture(scope="module")
def tenants(site, syncerd):
    """Consents, consents too and has nothing to be told, refuses, consents."""
    made = site.tenants(2) + site.tenants(claims={"configmaps": "Accepted", "events": "Rejected"}) + site.tenants(1)
    for tenant in made:
        syncerd.wait_state(tenant, "Syncing")
        tenant.create(configmap("claims-are-in-force"))
    for tenant in made:
        tenant.wait_down(CONFIGMAPS, "claims-are-in-force")
    return made


def events(tenant, name=None):
    """Events in the tenant's workspace that syncerd made; kcp itself makes some."""
    return [event for event in tenant.api.list(EVENTS, "default")
            if event["source"].get("component") == "syncerd" and name in (None, event["involvedObject"]["name"])]


def event(tenant, name, count=1):
    def there():
        found = events(tenant, name)
        assert [item["count"] for item in found] == [count], found
        return found[0]

    return wait_for(there, 40, f"an Event on {name} in {tenant}, counted {count}")


def on_target(site, name, reason=REASON):
    return [item for item in site.events(reason) if name in item["message"]]


def test_what_install_says(site):
    """The comment stands before the role that has the verb; the answer names what is left to others."""
    printed = site.install_kcp("--tenant-events").stdout
    assert "# --tenant-events: " in printed and printed.index("# --tenant-events: ") < printed.index("- watch\n  - create\n  - patch\n")
    applied = site.install_kcp("--tenant-events", "--apply")
    assert "any object" in applied.stderr and "permissionClaims" in applied.stderr and "any object" not in applied.stdout
    assert "--tenant-events" not in site.install_kcp().stdout


def test_it_stands_on_the_object_and_is_raised(site, syncerd, tenants):
    tenant, neighbour = tenants[:2]
    tenant.create(widget("fine"))
    tenant.wait_down(WIDGETS, "fine")
    made = tenant.create(gizmo("huge", size=5000))
    told = event(tenant, "huge")
    about = told["involvedObject"]
    assert (about["apiVersion"], about["kind"], about["namespace"], about["uid"]) == ("other.dev/v1", "Gizmo", "default", made["metadata"]["uid"])
    assert told["reason"] == REASON and told["type"] == "Warning" and "spec.size" in told["message"], told
    assert "spec.size" in tenant.workspace.kubectl("describe", "gizmo", "huge").partition("Events:")[2], "where its user looks"
    syncerd.ctl("restart", tenant.cluster)
    again = event(tenant, "huge", 2)
    assert again["metadata"]["uid"] == told["metadata"]["uid"] and again["firstTimestamp"] == told["firstTimestamp"]

    name = f"taken-{tenant.cluster}"  # outside of namespaces: in namespace default
    site.kube.create(GADGETS, gadget(name))
    tenant.create(gadget(name))
    told = event(tenant, name)
    assert told["reason"] == "NameCollision" and "namespace" not in told["involvedObject"]
    site.kube.delete(GADGETS, name)
    assert not on_target(site, "huge") and not on_target(site, name, "NameCollision"), "one place is enough"
    assert not events(neighbour) and not events(tenant, "fine"), "nothing is said where nothing is wrong"


def test_a_refused_claim_leaves_it_on_the_target(site, syncerd, tenants):
    tenant, requests = tenants[2], Requests(site)
    tenant.create(gizmo("unwelcome", size=5000))
    told = wait_for(lambda: on_target(site, "unwelcome"), 40, "the Event on the SyncTarget")[0]
    assert told["involvedObject"]["kind"] == "SyncTarget" and tenant.path in told["message"]
    assert not events(tenant)
    assert not requests.refused(), "who did not consent is not even asked"
    syncerd.wait_state(tenant, "Degraded")  # for the object, not for the claim
    assert syncerd.view(tenant)["reason"] != "ClaimRefused"


def test_without_the_right(site, syncerd, tenants):
    """Taken away by a run without the option: said once, and the SyncTarget has the Events; given back, the next worker uses it."""
    tenant = tenants[3]
    site.install_kcp("--apply")
    wait_for(lambda: may_create(site, tenant) is False, 20, "the right to be gone")
    requests = Requests(site)
    tenant.create(gizmo("first", size=5000))
    wait_for(lambda: on_target(site, "first"), 40, "the Event on the SyncTarget")
    refused = wait_for(lambda: on_target(site, tenant.path, "EventsRefused"), 40, "the refusal on the SyncTarget")
    assert f"{site.provider.path}:widgets" in refused[0]["message"]
    tenant.create(gizmo("second", size=5000))
    wait_for(lambda: on_target(site, "second"), 40, "the second Event on the SyncTarget")
    wait_for(lambda: len(posts(requests)) == 1, 20, "one refused request, and no more")
    assert not events(tenant)

    site.install_kcp("--tenant-events", "--apply")
    wait_for(lambda: may_create(site, tenant), 20, "the right to be back")
    syncerd.ctl("restart", tenant.cluster)
    event(tenant, "first")
    event(tenant, "second")


def may_create(site, tenant):
    """Asked of kcp itself, as the syncer: a role is known to it a moment after it is written."""
    site.consumer = tenant
    return Rights(site).ask("export", "apiexports/content", "create") != 403


def posts(requests):
    """Events that kcp did not let it make."""
    return [item for item in requests.up() if item["verb"] == "create" and item["objectRef"]["resource"] == "events"
            and item["responseStatus"]["code"] == 403]

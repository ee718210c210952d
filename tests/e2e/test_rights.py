"""The shipped roles, verb by verb: each one is needed, its loss is said where people look, and it works again as soon as it is given back.

The roles are those of `syncerctl install`. A table names every verb of every rule; a right that is shipped and not in the table fails a test.
"""

import itertools

import pytest
import rbac
from counting import Requests, brief, named
from edge import TARGET
from installed import Installed
from objects import CONFIGMAPS, EVENTS, GADGETS, NAMESPACES, SYNCTARGETS, WIDGETS, configmap, gadget, widget
from rights_table import APIS, ROWS, TABLE, Rights
from testbed import wait_for

FAST = ("--test-minute", "2")  # what is looked at every minute, rights that were refused among it

# While the servers can stream a list, nobody asks for a plain one; and what is watched is not asked for by name.
SPARE = [("home", "synctargets", "list"), ("export", "apiexports/content", "list")] + [
    ("export", resource, verb) for resource in ("apiexports", "apiexportendpointslices") for verb in ("get", "list")]


@pytest.fixture(scope="module")
def site(world, scratch):
    made = Installed(world, scratch("rights"))
    made.install_all()
    made.consumer = made.tenant()
    return made


@pytest.fixture(scope="module")
def rights(site):
    return Rights(site)


@pytest.fixture(scope="module")
def tenant(site):
    return site.consumer


@pytest.fixture(scope="module")
def shared(site, launch, tenant):
    """The syncerd that goes on while rights come and go."""
    instance = launch(site.config(), start=False).start(arguments=FAST)
    instance.wait_state(tenant, "Syncing")
    return instance


@pytest.fixture(scope="module")
def syncerd(site, shared, tenant):
    site.wait_condition("Ready", "True")
    return shared


def test_the_table_is_complete(rights):
    assert rights.rows() == set(ROWS)


def test_create_is_only_granted_when_asked_for(site, rights):
    """Through the virtual workspace, for Events on the tenants' objects: one verb more, and a run without the option takes it back."""
    row = ("export", "apiexports/content", "create")
    assert rights.ask(*row) == 403
    site.install_kcp("--tenant-events", "--apply")
    wait_for(lambda: rights.ask(*row) != 403, 20, f"{row} to be allowed")
    assert Rights(site).rows() == set(ROWS) | {row}
    site.install_kcp("--apply")
    wait_for(lambda: rights.ask(*row) == 403, 20, f"{row} to be refused")
    assert Rights(site).rows() == set(ROWS)


def test_a_whole_life(site, launch, tenant, shared):
    """Bind, create, change, status, delete, unbind: with exactly these roles, and without one request that is refused."""
    requests = Requests(site)
    guest, name = site.tenant(), f"life-{tenant.cluster}"
    shared.wait_state(guest, "Syncing")
    guest.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "life"}})
    objects = [(WIDGETS, "w"), (CONFIGMAPS, "c"), (GADGETS, name)]
    guest.create(widget("w", ns="life"), configmap("c", ns="life"), gadget(name))
    for gvr, item in objects:
        guest.wait_down(gvr, item, ns="life")
    guest.patch(WIDGETS, "w", {"spec": {"size": 2}}, ns="life")
    guest.wait_down(WIDGETS, "w", lambda down: down["spec"] == {"size": 2}, ns="life")
    guest.set_status_down(WIDGETS, "w", {"phase": "Up"}, ns="life")
    guest.wait_up(WIDGETS, "w", lambda up: up.get("status") == {"phase": "Up"}, ns="life")
    site.kube.patch(NAMESPACES, guest.namespace("life"), {"metadata": {"labels": {"kcp.io/tenant-id": None}}})
    wait_for(lambda: site.kube.list(NAMESPACES, labels=guest.selector), 10, "the namespace's marks to be put back")
    for gvr, item in objects:
        guest.delete(gvr, item, ns="life")
    for gvr, item in objects:
        guest.wait_down_gone(gvr, item, ns="life")
    guest.create(widget("last", ns="life"))
    guest.wait_down(WIDGETS, "last", ns="life")
    guest.workspace.unbind("widgets")
    guest.wait_nothing_down()
    shared.wait_no_worker(guest)
    site.wait_condition("SyncerAuthorized", "True")
    assert not requests.refused(), requests.refused()


# -- while syncerd runs: its own request is refused, that is said, and it is made again


def refused(requests):
    """What syncerd was refused; the tests ask under its name, too."""
    return [event for event in requests.up() + requests.down()
            if (event.get("responseStatus") or {}).get("code") == 403 and event.get("userAgent") != "testbed"]


def own_refusal(requests, verb, gvr, name=None):
    """syncerd's own request that was answered with 403."""
    plural = gvr.split("/")[-1]

    def found():
        seen = [event for event in refused(requests) if event["verb"] == verb and event["objectRef"]["resource"] == plural]
        return named(seen, name) if name and verb != "create" else seen

    wait_for(found, 20, f"a refused {verb} of {plural}")


def event_of(site, reason, text):
    return wait_for(lambda: [event for event in site.events(reason) if text in event["message"]], 20, f"an Event {reason} about {text}")


@pytest.mark.parametrize("verb", ["create", "patch", "delete"])
def test_a_write_in_the_cluster(site, rights, syncerd, tenant, verb):
    """The refused write is a cause to ask for the rights anew: the resource is named with the verb; given back, the write is done."""
    name = f"no-{verb}"
    if verb != "create":
        tenant.create(widget(name))
        tenant.wait_down(WIDGETS, name)
    requests = Requests(site)
    with rights.without(("cluster", "widgets", verb)):
        {"create": lambda: tenant.create(widget(name)), "patch": lambda: tenant.patch(WIDGETS, name, {"spec": {"size": 2}}),
         "delete": lambda: tenant.delete(WIDGETS, name)}[verb]()
        own_refusal(requests, verb, WIDGETS, name)
        event_of(site, "Unauthorized", name)
        site.wait_resource("widgets", "Accepted", "Unauthorized", message=f"missing verbs: {verb}", timeout=20)
        site.wait_condition("Ready", "False", "SyncerUnauthorized", message=f"SyncerAuthorized: example.dev/v1alpha1/widgets: {verb}")
    if verb == "delete":
        tenant.wait_down_gone(WIDGETS, name)
        tenant.wait_up_gone(WIDGETS, name)
    else:
        tenant.wait_down(WIDGETS, name, lambda down: down["spec"]["size"] == (1 if verb == "create" else 2))
    site.wait_condition("Ready", "True")
    syncerd.wait_state(tenant, "Syncing")


def test_the_tenants_objects(site, rights, syncerd, tenant):
    """patch on apiexports/content: no finalizer, hence no copy. get: a deletion of what has no finalizer cannot be made sure of.

    In the first half minute of a resource this may be a binding that settles, and is not said."""
    name = f"held-back-{tenant.cluster}"
    tenant.create(configmap("doubtful"))
    tenant.wait_down(CONFIGMAPS, "doubtful")
    requests = Requests(site)
    with rights.without(("export", "apiexports/content", "patch"), ("export", "apiexports/content", "get")):
        tenant.create(gadget(name))
        tenant.delete(CONFIGMAPS, "doubtful")
        own_refusal(requests, "patch", GADGETS, name)
        own_refusal(requests, "get", CONFIGMAPS, "doubtful")
        site.wait_phase(tenant, "Degraded", "ObjectsFailing", timeout=60)
        site.wait_message(tenant, lambda message: "UpstreamForbidden" in message)
        assert syncerd.view(tenant)["reason"] == "ObjectsFailing"
        event_of(site, "UpstreamForbidden", name)
        event_of(site, "UpstreamForbidden", "doubtful")
        assert tenant.down(GADGETS, name) is None and tenant.down(CONFIGMAPS, "doubtful")
    tenant.wait_down(GADGETS, name, timeout=70)
    tenant.wait_down_gone(CONFIGMAPS, "doubtful", timeout=70)
    syncerd.wait_state(tenant, "Syncing")


def test_events(site, rights, syncerd, tenant):
    """Without them the log has the fact, and says that nobody else has it."""
    name = f"foreign-{tenant.cluster}"
    site.kube.create(GADGETS, gadget(name))
    requests = Requests(site)
    with rights.without(("events", "events", "create")):
        tenant.create(gadget(name))
        own_refusal(requests, "create", EVENTS)
        syncerd.wait_log("writing an Event in the SyncTarget's workspace: ")
        syncerd.wait_state(tenant, "Degraded")
    syncerd.ctl("restart", tenant.cluster)
    with rights.without(("events", "events", "patch")):
        own_refusal(requests, "patch", EVENTS)
    site.kube.delete(GADGETS, name)
    tenant.wait_down(GADGETS, name, lambda down: down["metadata"].get("labels"), timeout=40)
    tenant.delete(GADGETS, name)
    syncerd.wait_state(tenant, "Syncing")


def test_the_finalizer_of_the_target(site, rights, syncerd):
    """patch on synctargets."""
    requests = Requests(site)
    with rights.without(("home", "synctargets", "patch")):
        site.patch_target({"metadata": {"finalizers": None}})
        own_refusal(requests, "patch", SYNCTARGETS, TARGET)
        syncerd.wait_log("SyncTarget edge-1: cannot be patched: ")
    wait_for(lambda: site.target()["metadata"].get("finalizers") == [site.finalizer], 20, "the finalizer to be put back")


# -- when syncerd starts: what is missing then is found before a worker asks for it


@pytest.fixture
def start(site, launch, shared):
    """A function that starts a new syncerd in the place of the shared one."""
    started = []

    def begin():
        for instance in [shared, *started]:
            if instance.alive():
                instance.stop()
        started.append(launch(site.config(), start=False).start(ready=False, arguments=FAST))
        return started[-1]

    yield begin
    for instance in started:
        assert instance.stop() == 0


def recovered(site, syncerd, tenant, name):
    """Everything works, in the same process."""
    assert syncerd.alive()
    site.wait_condition("Ready", "True", timeout=40)
    syncerd.wait_state(tenant, "Syncing", timeout=40)
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def message(syncerd):
    return syncerd.ctl_json("status")["syncTarget"]["message"]


def importer(site, tenant, syncerd):
    assert site.wait_condition("APIImporterReady", "False", "ExportForbidden")["message"] == f"{site.provider.path}:widgets"
    site.wait_condition("Ready", "False", "ExportForbidden")


def schema(site, tenant, syncerd):
    site.wait_resource("widgets", "Pending", "SchemaUnknown")
    assert site.wait_condition("APIImporterReady", "Unknown", "Pending")
    wait_for(lambda: syncerd.view(tenant).get("reason") == "SchemaUnknown", 20, "the workspace to wait for the schema")


def unread(site, tenant, syncerd):
    wait_for(lambda: "cannot be read" in message(syncerd) and "forbidden" in message(syncerd), 20, "syncerctl status to say that the SyncTarget cannot be read")
    assert not syncerd.workers()


def unsaid(site, tenant, syncerd):
    """The SyncTarget cannot say it; its heartbeat does, by standing still."""
    before = site.status()["lastSyncerHeartbeatTime"]
    syncerd.wait_log("writing the SyncTarget's status: ")
    assert site.status()["lastSyncerHeartbeatTime"] == before and site.condition("Ready")["reason"] == "SyncerStopped"


AT_START = [
    ("home", "synctargets", "get", unread),
    ("home", "synctargets", "watch", unread),
    ("home", "synctargets/status", "patch", unsaid),
    ("export", "apiexports", "watch", importer),
    ("export", "apiexportendpointslices", "watch", importer),
    ("export", "apiexports/content", "watch", importer),
    ("export", "apiresourceschemas", "get", schema),
]


@pytest.mark.parametrize("place,resource,verb,said", AT_START)
def test_in_kcp_at_the_start(site, rights, start, tenant, place, resource, verb, said):
    requests, name = Requests(site), f"at-start-{resource.replace('/', '-')}-{verb}"
    with rights.without((place, resource, verb)):
        syncerd = start()
        own_refusal(requests, verb, (f"{APIS}/apibindings" if resource == "apiexports/content" else TABLE[place][resource][0]))
        said(site, tenant, syncerd)
    recovered(site, syncerd, tenant, name)


SIX = len(rbac.SIX_VERBS)


@pytest.fixture(scope="module")
def node(site):
    name = site.world.unique("node")
    site.kube.create("v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    site.kube.set_status("v1/nodes", name, {"capacity": {"pods": "11"}})
    yield
    site.kube.delete("v1/nodes", name)


@pytest.mark.parametrize("turn", range(SIX))
def test_in_the_cluster_at_the_start(site, rights, start, tenant, node, turn):
    """The access reviews find it. In six turns every verb of all four resources is missing once, in each turn a different one of each, so that
    the condition has to name the right pairs; in the first two nodes are not counted (a list is streamed: only watch is missed), which is no fault."""
    resources = ["configmaps", "gadgets", "widgets", "namespaces"]
    missing = {resource: rbac.SIX_VERBS[(turn + shift) % SIX] for shift, resource in enumerate(resources)}
    labels = {"configmaps": "v1", "gadgets": "example.dev/v1alpha1", "widgets": "example.dev/v1alpha1", "namespaces": "v1"}
    uncounted = ["list", "watch"][turn:turn + 1]
    rows = [("cluster", resource, verb) for resource, verb in missing.items()] + [("cluster", "nodes", verb) for verb in uncounted]
    with rights.without(*rows):
        syncerd = start()
        expected = "; ".join(sorted(f"{labels[resource]}/{resource}: {verb}" for resource, verb in missing.items()))
        site.wait_condition("SyncerAuthorized", "False", "SyncerUnauthorized", message=expected)
        assert site.wait_condition("Ready", "False", "SyncerUnauthorized")["message"] == f"SyncerAuthorized: {expected}"
        for resource in resources[:-1]:
            site.wait_resource(resource, "Accepted", "Unauthorized", message=f"missing verbs: {missing[resource]}")
        if uncounted == ["watch"]:
            assert "capacity" not in site.status(), site.status()["capacity"]
    recovered(site, syncerd, tenant, f"turn-{turn}")
    wait_for(lambda: site.status().get("capacity", {}).get("pods") == "11", 20, "the node to be counted")


def test_what_is_needed_by_other_servers_only(site, rights, start, tenant):
    """A plain list, and a look by name at what is watched: nothing misses them here."""
    requests = Requests(site)
    with rights.without(*SPARE):
        syncerd = start()
        recovered(site, syncerd, tenant, "without-the-spare-ones")
        assert not refused(requests), brief(refused(requests))


def test_every_row_was_tried():
    """The tests above, taken together, are the table."""
    cluster = {("cluster", resource, verb) for resource, verb in itertools.product(["configmaps", "gadgets", "widgets", "namespaces"], rbac.SIX_VERBS)}
    running = {("home", "synctargets", "patch"), ("events", "events", "create"), ("events", "events", "patch"),
               ("export", "apiexports/content", "patch"), ("export", "apiexports/content", "get"),
               ("cluster", "nodes", "list"), ("cluster", "nodes", "watch")}
    assert cluster | running | {row[:3] for row in AT_START} | set(SPARE) == set(ROWS)

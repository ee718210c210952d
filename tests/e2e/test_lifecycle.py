"""From kcp to the cluster and back: create, update, status, delete, with all kinds of content."""

import json

import pytest
from counting import WRITES, Requests, brief, named
from objects import CONFIGMAPS, GADGETS, GIZMOS, NAMESPACES, WIDGETS, configmap, gadget, gizmo, widget
from testbed import wait_for

ODD_TEXT = {
    "emoji": "sync \U0001f600 and \U0001f9d1\u200d\U0001f680",
    "delete": "a\x7fb",
    "c1": "a\x85b\x9fc",
    "separators": "a\u2028b\u2029c",
    "noncharacters": "a\ufffeb\uffffc",
    "bom": "\ufeffstart",
    "controls": "tab\tnewline\nreturn\rbell\x07escape\x1b",
    "quotes": "\"double\" 'single' \\back\\ /slash/ \\u0041",
    "yaml": "- ? : & * ! | > %YAML --- ... # yes no null ~",
    "schl\u00fcssel \U0001f511": "names of members too",
}
NUMBERS = {
    "size": 9223372036854775807,
    "least": -9223372036854775808,
    "beyond-double": 9007199254740993,
    "zero": 0,
    "tenth": 0.1,
    "pi": 3.141592653589793,
    "tiny": 5e-324,
    "huge": 1.7976931348623157e308,
    "third": 0.3333333333333333,
    "exponent": 1.5e-7,
    "beyond-64-bits": 200000000000000000000,
    "below-64-bits": -987654321098765432109,
    "beyond-uint64": 18446744073709551616,
}


@pytest.fixture(scope="module")
def site(new_site):
    """Two exports on one SyncTarget."""
    return new_site(exports={"widgets": [WIDGETS, GADGETS], "gizmos": [GIZMOS]})


def has_spec(**spec):
    return lambda item: item["spec"] == spec


def settle(tenant, name):
    """When a later change has arrived, an earlier one would have too: no need to wait for "nothing"."""
    tenant.create(widget(name))
    tenant.wait_down(WIDGETS, name)


def test_a_new_object_appears_in_the_cluster(site, tenant):
    tenant.create(widget("new", size=3, colour="red"))
    down = tenant.wait_down(WIDGETS, "new")
    assert down["spec"] == {"size": 3, "colour": "red"}
    assert down["metadata"]["labels"] == tenant.marks()
    assert not any("kcp.io" in name for name in down["metadata"].get("annotations", {}))
    assert tenant.up(WIDGETS, "new")["metadata"]["finalizers"] == [site.finalizer]


def test_an_update_follows(tenant):
    tenant.create(widget("updated", size=1))
    tenant.wait_down(WIDGETS, "updated")
    for size in (2, 3):
        tenant.patch(WIDGETS, "updated", {"spec": {"size": size}})
        tenant.wait_down(WIDGETS, "updated", has_spec(size=size))


def test_a_removed_field_is_removed(tenant):
    tenant.create(widget("shrinking", size=1, first="goes with the first update", second="goes with the second", list=[1, 2, 3]))
    tenant.wait_down(WIDGETS, "shrinking")
    tenant.patch(WIDGETS, "shrinking", {"spec": {"first": None, "list": [2]}})
    tenant.wait_down(WIDGETS, "shrinking", has_spec(size=1, second="goes with the second", list=[2]))
    tenant.patch(WIDGETS, "shrinking", {"spec": {"second": None, "list": None}})
    tenant.wait_down(WIDGETS, "shrinking", has_spec(size=1))


def test_labels_and_annotations_follow(tenant):
    item = widget("labelled")
    item["metadata"].update(labels={"app": "a", "old": "x"}, annotations={"example.dev/note": "n", "old": "y"})
    tenant.create(item)
    tenant.wait_down(WIDGETS, "labelled", lambda down: down["metadata"]["labels"] == {"app": "a", "old": "x", **tenant.marks()})
    tenant.patch(WIDGETS, "labelled", {"metadata": {"labels": {"app": "b", "old": None}, "annotations": {"old": None}}})
    down = tenant.wait_down(WIDGETS, "labelled", lambda down: down["metadata"]["labels"] == {"app": "b", **tenant.marks()})
    assert down["metadata"]["annotations"] == {"example.dev/note": "n"}


def test_status_comes_back(tenant):
    tenant.create(widget("reporting"))
    tenant.wait_down(WIDGETS, "reporting")
    status = {"phase": "Running", "count": 9223372036854775807, "nested": {"a": [1, {"b": "\U0001f600"}]}}
    tenant.set_status_down(WIDGETS, "reporting", status)
    tenant.wait_up(WIDGETS, "reporting", lambda up: up.get("status") == status)
    tenant.set_status_down(WIDGETS, "reporting", {"count": None, "nested": {"a": []}})
    tenant.wait_up(WIDGETS, "reporting", lambda up: up["status"] == {"phase": "Running", "nested": {"a": []}})


def test_observed_generation_is_that_of_the_workspace(tenant):
    tenant.create(widget("observed"))
    tenant.wait_down(WIDGETS, "observed")
    tenant.patch_down(WIDGETS, "observed", {"spec": {"size": 99}})  # and back again: the generations drift apart
    generation = tenant.wait_down(WIDGETS, "observed", has_spec(size=1))["metadata"]["generation"]
    assert generation > tenant.up(WIDGETS, "observed")["metadata"]["generation"]
    condition = {"type": "Ready", "status": "True", "observedGeneration": generation}
    tenant.set_status_down(WIDGETS, "observed", {"observedGeneration": generation, "conditions": [condition]})
    up = tenant.wait_up(WIDGETS, "observed", lambda up: up.get("status"))
    assert up["status"]["observedGeneration"] == up["metadata"]["generation"]
    assert up["status"]["conditions"] == [{**condition, "observedGeneration": up["metadata"]["generation"]}]


def test_a_deleted_object_goes_on_both_sides(tenant):
    tenant.create(widget("short-lived"))
    tenant.wait_down(WIDGETS, "short-lived")
    tenant.delete(WIDGETS, "short-lived")
    tenant.wait_down_gone(WIDGETS, "short-lived")
    tenant.wait_up_gone(WIDGETS, "short-lived")


def test_upstream_waits_until_the_cluster_has_let_go(tenant):
    tenant.create(widget("held"))
    tenant.wait_down(WIDGETS, "held")
    tenant.patch_down(WIDGETS, "held", {"metadata": {"finalizers": ["example.dev/hold"]}})
    tenant.delete(WIDGETS, "held")
    tenant.wait_down(WIDGETS, "held", lambda down: down["metadata"].get("deletionTimestamp"))
    tenant.set_status_down(WIDGETS, "held", {"phase": "Stopping"})
    tenant.wait_up(WIDGETS, "held", lambda up: up.get("status") == {"phase": "Stopping"})
    tenant.patch_down(WIDGETS, "held", {"metadata": {"finalizers": None}})
    tenant.wait_up_gone(WIDGETS, "held")


def test_deleted_and_created_again_under_the_same_name(tenant):
    tenant.create(widget("phoenix", size=1))
    first = tenant.wait_down(WIDGETS, "phoenix")["metadata"]["uid"]
    tenant.delete(WIDGETS, "phoenix")
    tenant.wait_up_gone(WIDGETS, "phoenix")
    tenant.create(widget("phoenix", size=2))
    down = tenant.wait_down(WIDGETS, "phoenix", has_spec(size=2))
    assert down["metadata"]["uid"] != first


def test_soft_finalizers_hold_the_deletion(site, tenant):
    tenant.create(widget("coordinated"))
    tenant.wait_down(WIDGETS, "coordinated")
    annotation = f"finalizers.workload.kcp.io/{site.key}"
    tenant.patch(WIDGETS, "coordinated", {"metadata": {"annotations": {annotation: "example.dev/wait"}}})
    tenant.delete(WIDGETS, "coordinated")
    tenant.patch(WIDGETS, "coordinated", {"spec": {"size": 2}})
    tenant.wait_down(WIDGETS, "coordinated", has_spec(size=2))
    assert "deletionTimestamp" not in tenant.down(WIDGETS, "coordinated")["metadata"]
    tenant.patch(WIDGETS, "coordinated", {"metadata": {"annotations": {annotation: None}}})
    tenant.wait_up_gone(WIDGETS, "coordinated")


def test_an_object_of_any_size_arrives_at_once(tenant):
    """Sizes around the buffers of the transport. Nothing else happens here that could push out an event which is stuck in one of them."""
    for size in (3000, 8000, 9000, 12000, 15500, 20000, 40000):
        tenant.create(widget(f"sized-{size}", text="x" * size))
        tenant.wait_down(WIDGETS, f"sized-{size}", timeout=10)


def test_a_large_object(tenant):
    tenant.create(widget("large", blob="x" * 1_000_000))
    tenant.wait_down(WIDGETS, "large", has_spec(blob="x" * 1_000_000))
    tenant.patch(WIDGETS, "large", {"spec": {"blob": "y" * 1_000_000, "size": 2}})
    tenant.wait_down(WIDGETS, "large", has_spec(blob="y" * 1_000_000, size=2))
    tenant.delete(WIDGETS, "large")
    tenant.wait_up_gone(WIDGETS, "large")


def test_odd_text_survives_create_and_update(tenant):
    tenant.create(widget("odd", **ODD_TEXT))
    tenant.wait_down(WIDGETS, "odd", has_spec(**ODD_TEXT))
    longer = {name: text + text for name, text in ODD_TEXT.items()}
    tenant.patch(WIDGETS, "odd", {"spec": longer})
    tenant.wait_down(WIDGETS, "odd", has_spec(**longer))
    tenant.set_status_down(WIDGETS, "odd", ODD_TEXT)
    tenant.wait_up(WIDGETS, "odd", lambda up: up.get("status") == ODD_TEXT)


def test_numbers_keep_every_digit(tenant):
    tenant.create(widget("numbers", **NUMBERS))
    tenant.wait_down(WIDGETS, "numbers")
    tenant.patch(WIDGETS, "numbers", {"spec": {"again": NUMBERS}})
    tenant.wait_down(WIDGETS, "numbers", lambda down: "again" in down["spec"])
    up = tenant.api.get_exact(WIDGETS, "numbers", "default")["spec"]
    down = tenant.kube.get_exact(WIDGETS, "numbers", tenant.namespace())["spec"]
    assert json.dumps(down, sort_keys=True) == json.dumps(up, sort_keys=True)


def test_numbers_in_a_status_keep_every_digit(site, tenant):
    tenant.create(widget("measured"))
    tenant.wait_down(WIDGETS, "measured")
    tenant.set_status_down(WIDGETS, "measured", NUMBERS)
    tenant.wait_up(WIDGETS, "measured", lambda up: up.get("status", {}).keys() == NUMBERS.keys())
    up = tenant.api.get_exact(WIDGETS, "measured", "default")["status"]
    down = tenant.kube.get_exact(WIDGETS, "measured", tenant.namespace())["status"]
    assert json.dumps(up, sort_keys=True) == json.dumps(down, sort_keys=True)
    requests = Requests(site)
    settle(tenant, "after-measured")
    writes = named(requests.up(verbs=WRITES), "measured")
    assert not writes, brief(writes)


def nested(levels):
    tree = {}
    for _ in range(levels):
        tree = {"in": tree}
    return tree


def test_an_object_that_cannot_be_read_stops_nothing_else(site, syncerd, pair):
    """Too deep for us, or with a NUL in a key: the servers take it, we do not. Whose it is must say so, and no other object suffers."""
    _, tenant = pair
    tenant.create(widget("before"), widget("reports"))
    tenant.wait_down(WIDGETS, "before")
    tenant.wait_down(WIDGETS, "reports")
    tenant.create(widget("deep", tree=nested(200)), widget("odd-key", **{"a\0b": 1}))
    settle(tenant, "after")
    site.wait_phase(tenant, "Degraded", "ObjectsFailing")
    site.wait_message(tenant, "Invalid")
    for name in ("deep", "odd-key"):
        events = [event for event in syncerd.ctl_json("events") if event["object"] == f"default/{name}"]
        assert events and events[0]["reason"] == "Invalid" and "cannot be read" in events[0]["message"], events
        assert tenant.down(WIDGETS, name) is None

    pid = syncerd.worker_of(tenant)
    syncerd.ctl("restart", tenant.path)
    syncerd.wait_worker(tenant, other_than=pid)
    settle(tenant, "after-a-restart")

    tenant.patch(WIDGETS, "before", {"spec": {"tree": nested(200)}})
    tenant.set_status_down(WIDGETS, "reports", {"tree": nested(200)})
    settle(tenant, "after-both")
    assert tenant.down(WIDGETS, "before")["spec"] == {"size": 1}, "the copy stays as it was"
    assert not tenant.up(WIDGETS, "reports").get("status")

    tenant.patch(WIDGETS, "deep", {"spec": {"tree": None}})
    tenant.wait_down(WIDGETS, "deep", has_spec())
    tenant.set_status_down(WIDGETS, "reports", {"tree": None, "phase": "Fine"})
    tenant.wait_up(WIDGETS, "reports", lambda up: up.get("status") == {"phase": "Fine"})
    for name in ("before", "odd-key"):
        tenant.delete(WIDGETS, name)
        tenant.wait_up_gone(WIDGETS, name)
    assert tenant.down(WIDGETS, "before") is None
    site.wait_phase(tenant, "Syncing")


def test_a_name_with_dots(tenant):
    tenant.create(widget("a.b-c.example.dev"))
    tenant.wait_down(WIDGETS, "a.b-c.example.dev")
    tenant.patch(WIDGETS, "a.b-c.example.dev", {"spec": {"size": 5}})
    tenant.wait_down(WIDGETS, "a.b-c.example.dev", has_spec(size=5))
    tenant.delete(WIDGETS, "a.b-c.example.dev")
    tenant.wait_up_gone(WIDGETS, "a.b-c.example.dev")


def test_a_claimed_configmap(tenant):
    item = configmap("settings", mode="fast")
    item["binaryData"] = {"raw": "AAEC/w=="}
    tenant.create(item)
    down = tenant.wait_down(CONFIGMAPS, "settings")
    assert (down["data"], down["binaryData"]) == ({"mode": "fast"}, {"raw": "AAEC/w=="})
    assert down["metadata"]["labels"] == tenant.marks()
    assert "finalizers" not in tenant.up(CONFIGMAPS, "settings")["metadata"]
    tenant.patch(CONFIGMAPS, "settings", {"data": {"mode": None, "other": "x"}})
    tenant.wait_down(CONFIGMAPS, "settings", lambda down: down["data"] == {"other": "x"})
    tenant.delete(CONFIGMAPS, "settings")
    tenant.wait_down_gone(CONFIGMAPS, "settings")


def test_the_root_certificates_of_kcp_stay_where_they_are(tenant):
    tenant.create(widget("beside-the-root-ca"))
    tenant.wait_down(WIDGETS, "beside-the-root-ca")
    root_ca = tenant.wait_down(CONFIGMAPS, "kube-root-ca.crt")
    assert root_ca["data"] != tenant.up(CONFIGMAPS, "kube-root-ca.crt")["data"]
    assert "kcp.io/tenant-id" not in root_ca["metadata"].get("labels", {})


def test_a_cluster_scoped_object(tenant):
    name = f"gadget-{tenant.cluster}"
    tenant.create(gadget(name, size=4))
    down = tenant.wait_down(GADGETS, name)
    assert down["metadata"]["labels"] == tenant.marks()
    assert down["metadata"]["annotations"] == {"kcp.io/namespace-locator": tenant.locator()}
    tenant.set_status_down(GADGETS, name, {"phase": "Up"})
    tenant.wait_up(GADGETS, name, lambda up: up.get("status") == {"phase": "Up"})
    tenant.delete(GADGETS, name)
    tenant.wait_up_gone(GADGETS, name)
    assert tenant.down(GADGETS, name) is None


def test_the_namespace_is_marked_and_goes_when_it_is_empty(tenant):
    tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "brief"}})
    tenant.create(widget("only", ns="brief"))
    tenant.wait_down(WIDGETS, "only", ns="brief")
    meta = tenant.kube.get(NAMESPACES, tenant.namespace("brief"))["metadata"]
    assert meta["annotations"]["kcp.io/namespace-locator"] == tenant.locator("brief")
    assert tenant.marks().items() <= meta["labels"].items()
    tenant.delete(WIDGETS, "only", ns="brief")
    tenant.wait_up_gone(WIDGETS, "only", ns="brief")
    wait_for(lambda: tenant.kube.find(NAMESPACES, tenant.namespace("brief")) is None, 30, "the empty namespace to be removed")


def test_two_exports_are_served_by_one_worker(syncerd, tenant):
    pid = syncerd.worker_of(tenant)
    tenant.create(gizmo("of-the-other-export"))
    tenant.wait_down(GIZMOS, "of-the-other-export")
    assert syncerd.worker_of(tenant) == pid


def test_equal_names_in_two_workspaces(pair):
    for size, tenant in enumerate(pair, 1):
        tenant.create(widget("same-name", size=size), configmap("same-name", size=str(size)))
    for size, tenant in enumerate(pair, 1):
        tenant.wait_down(WIDGETS, "same-name", has_spec(size=size))
        tenant.wait_down(CONFIGMAPS, "same-name", lambda down, size=size: down["data"] == {"size": str(size)})
    assert pair[0].namespace() != pair[1].namespace()


def test_one_create_costs_two_writes(site, tenant):
    settle(tenant, "namespace-is-there")
    requests = Requests(site)
    tenant.create(widget("counted"))
    tenant.wait_down(WIDGETS, "counted")
    settle(tenant, "counted-later")
    up, down = named(requests.up(), "counted"), named(requests.down(), "counted")
    assert [event["verb"] for event in up] == ["patch"], brief(up)
    assert [event["verb"] for event in down] == ["create"], brief(down)


def test_one_status_change_costs_one_write(site, tenant):
    tenant.create(widget("status-counted"))
    tenant.wait_down(WIDGETS, "status-counted")
    requests = Requests(site)
    tenant.set_status_down(WIDGETS, "status-counted", {"phase": "Running"})
    tenant.wait_up(WIDGETS, "status-counted", lambda up: up.get("status") == {"phase": "Running"})
    settle(tenant, "status-counted-later")
    up, down = named(requests.up(), "status-counted"), named(requests.down(), "status-counted")
    assert [(event["verb"], event["objectRef"]["subresource"]) for event in up] == [("patch", "status")], brief(up)
    assert not down, brief(down)


def test_a_change_that_does_not_concern_the_cluster_costs_nothing(site, tenant):
    tenant.create(widget("untouched"))
    before = tenant.wait_down(WIDGETS, "untouched")
    requests = Requests(site)
    dropped = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "example.kcp.io/note": "stays in kcp"}
    tenant.patch(WIDGETS, "untouched", {"metadata": {"annotations": dropped}})
    settle(tenant, "untouched-later")
    assert tenant.down(WIDGETS, "untouched") == before
    writes = named(requests.up(verbs=WRITES) + requests.down(verbs=WRITES), "untouched")
    assert not writes, brief(writes)

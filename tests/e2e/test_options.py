"""What the configuration, the claims of a binding and the types of the cluster make of an object on its way."""

import pytest
import rbac
from edge import when_served
from objects import (CONFIGMAPS, CRDS, EXPORTS, GADGETS, GIZMOS, GVR_OF, KIND_OF, NAMESPACES, PLAINS, SCHEMAS, SECRETS, WIDGETS, api_resource_schema, configmap,
                     crd, gadget, gizmo, obj, secret, widget)
from testbed import wait_for

SHIFTERS = "shift.dev/v1/shifters"
KIND_OF[SHIFTERS] = "Shifter"
GVR_OF["Shifter"] = SHIFTERS
ROLES = f"{rbac.RBAC}/clusterroles"
OPTIONS = {
    "namespaceLabels": {"team": "blue"},
    "syncRootCA": True,
    "resources": [
        {"group": "example.dev", "resource": "gadgets", "naming": "Prefixed"},
        {"group": "example.dev", "resource": "widgets", "ignoreFields": ["/spec/replicas", "/spec/deep/within"]},
    ],
}


@pytest.fixture(scope="module")
def site(world, new_site):
    world.install_crds(PLAINS, SHIFTERS)
    yield new_site(exports={"options": [WIDGETS, GADGETS, PLAINS, SHIFTERS]}, claims=("configmaps", "secrets"))
    for gvr in (PLAINS, SHIFTERS):
        world.remove_crd(gvr)


@pytest.fixture(scope="module")
def syncerd(site, launch):
    return launch(site.config(sync=OPTIONS), start=False).start(arguments=("--test-minute", "2"))


@pytest.fixture(scope="module")
def other(pair):
    return pair[1]


def test_secrets_with_an_accepted_claim(syncerd, tenant):
    """They come, follow and go; what the servers make for ServiceAccounts stays where it is."""
    tenant.create(secret("login", password="tell-nobody"))
    first = tenant.wait_down(SECRETS, "login")
    assert first["type"] == "Opaque" and first["data"] == tenant.up(SECRETS, "login")["data"]
    assert "finalizers" not in tenant.up(SECRETS, "login")["metadata"], "nobody could take it off once the claim is withdrawn"
    for item in rbac.account("robot"):
        tenant.api.create(rbac.PLURALS[item["kind"]], item)
    tenant.wait_up(SECRETS, "robot-token", lambda up: (up.get("data") or {}).get("token"), "to have its token")
    tenant.patch(SECRETS, "login", {"stringData": {"password": "changed"}})
    tenant.wait_down(SECRETS, "login", lambda down: down["data"] != first["data"])
    assert tenant.down(SECRETS, "robot-token") is None
    tenant.delete(SECRETS, "login")
    tenant.wait_down_gone(SECRETS, "login")
    assert "tell-nobody" not in syncerd.text() and "dGVsbC1ub2JvZHk" not in syncerd.text()


def test_the_root_ca(site, syncerd, tenant):
    """syncRootCA: kcp's goes down under a name of its own, and the cluster's stays."""
    up = tenant.wait_up(CONFIGMAPS, "kube-root-ca.crt")
    down = tenant.wait_down(CONFIGMAPS, "kcp-root-ca.crt")
    assert down["data"] == up["data"] and down["metadata"]["labels"]["kcp.io/tenant-id"] == tenant.id
    clusters_own = tenant.wait_down(CONFIGMAPS, "kube-root-ca.crt")
    assert clusters_own["data"] != up["data"] and "kcp.io/tenant-id" not in clusters_own["metadata"].get("labels", {})
    tenant.create(configmap("kcp-root-ca.crt"))  # would land on the copy
    tenant.create(configmap("later"))
    tenant.wait_down(CONFIGMAPS, "later")
    assert tenant.down(CONFIGMAPS, "kcp-root-ca.crt")["data"] == up["data"]


def sync_tokens(syncerd, wanted):
    syncerd.write_config({**syncerd.config, "sync": {**syncerd.config["sync"], "syncServiceAccountTokens": wanted}})
    syncerd.hup()


def test_tokens_of_service_accounts(syncerd, tenant):
    """syncServiceAccountTokens: as Secrets that no controller of the cluster takes for its own; default-token-* has another name there, both ways."""
    pid = syncerd.worker_of(tenant)
    account, token = rbac.account("signer")
    tenant.api.create(rbac.PLURALS["ServiceAccount"], account)
    names = {"signer-token": "signer-token", "default-token-x7": "kcp-default-token-x7"}
    for name in names:
        tenant.api.create(SECRETS, {**token, "metadata": {**token["metadata"], "name": name}})
        tenant.wait_up(SECRETS, name, lambda up: (up.get("data") or {}).get("token"), "to have its token")
    sync_tokens(syncerd, True)
    for name, copy in names.items():
        down = tenant.wait_down(SECRETS, copy, timeout=60)
        assert down["type"] == "Opaque" and down["data"]["token"] == tenant.up(SECRETS, name)["data"]["token"]
        assert not [key for key in down["metadata"].get("annotations", {}) if key.startswith("kubernetes.io/service-account.")]
    tenant.create(secret("kcp-default-token-x7"))  # would land on the copy
    tenant.patch(SECRETS, "default-token-x7", {"metadata": {"labels": {"team": "red"}}})
    tenant.wait_down(SECRETS, "kcp-default-token-x7", lambda down: down["metadata"]["labels"].get("team") == "red", "to follow")

    # What happens to the copy is known for what it is.
    good = tenant.up(SECRETS, "default-token-x7")["data"]["token"]
    tenant.patch_down(SECRETS, "kcp-default-token-x7", {"stringData": {"token": "altered"}})
    copy = tenant.wait_down(SECRETS, "kcp-default-token-x7", lambda down: down["data"]["token"] == good, "to be put right")
    tenant.delete_down(SECRETS, "kcp-default-token-x7")
    tenant.wait_down(SECRETS, "kcp-default-token-x7", lambda down: down["metadata"]["uid"] != copy["metadata"]["uid"], "to be made again")
    assert tenant.down(SECRETS, "default-token-x7") is None
    tenant.delete(SECRETS, "default-token-x7")
    tenant.wait_down_gone(SECRETS, "kcp-default-token-x7")

    # Without the option the tenant's own Secret of that name is one like others, and a token stays where it is.
    sync_tokens(syncerd, False)
    tenant.wait_down_gone(SECRETS, "signer-token", timeout=60)
    tenant.wait_down(SECRETS, "kcp-default-token-x7")
    assert tenant.up(SECRETS, "signer-token")["type"] == token["type"]
    assert syncerd.worker_of(tenant) == pid


def test_secrets_with_a_refused_claim(site, syncerd, tenant, other):
    """Refused from the beginning of their life: never there. Withdrawn: the copies go, the tenant's own stay and can be deleted."""
    other.workspace.set_claims("options", {"configmaps": "Accepted", "secrets": "Rejected"})
    assert site.wait_phase(other, "Degraded", "ClaimRefused")["message"] == "secrets"
    tenant.create(secret("lent"), configmap("stays"))
    other.create(secret("private"), configmap("shared"))
    tenant.wait_down(SECRETS, "lent")
    tenant.wait_down(CONFIGMAPS, "stays")
    other.wait_down(CONFIGMAPS, "shared")
    assert other.down(SECRETS, "private") is None
    pid = syncerd.worker_of(tenant)
    tenant.workspace.set_claims("options", {"configmaps": "Accepted", "secrets": "Rejected"})
    site.wait_phase(tenant, "Degraded", "ClaimRefused")
    tenant.wait_down_gone(SECRETS, "lent")
    tenant.delete(SECRETS, "lent")
    assert tenant.up(SECRETS, "lent") is None and tenant.down(CONFIGMAPS, "stays")
    tenant.create(secret("again"))
    for one in (tenant, other):
        one.workspace.set_claims("options", {"configmaps": "Accepted", "secrets": "Accepted"})
    tenant.wait_down(SECRETS, "again")
    other.wait_down(SECRETS, "private")
    for one in (tenant, other):
        syncerd.wait_state(one, "Syncing")
    assert syncerd.worker_of(tenant) == pid


def test_names_with_a_prefix(site, syncerd, tenant, other):
    """naming: Prefixed. Equal names of two workspaces live side by side; status comes back to the right one."""
    for size, one in enumerate((tenant, other)):
        one.create(gadget("equal", size=size))
    for size, one in enumerate((tenant, other)):
        name = f"{one.namespace('')}-equal"
        down = one.wait_down(GADGETS, name)
        assert down["spec"] == {"size": size}
        one.set_status_down(GADGETS, name, {"phase": f"up-{size}"})
        one.wait_up(GADGETS, "equal", lambda up, size=size: up.get("status") == {"phase": f"up-{size}"})
    assert site.kube.find(GADGETS, "equal") is None
    other.delete(GADGETS, "equal")
    other.wait_up_gone(GADGETS, "equal")
    other.wait_down_gone(GADGETS, f"{other.namespace('')}-equal")
    assert tenant.down(GADGETS, f"{tenant.namespace('')}-equal")


def test_fields_that_are_ignored(syncerd, tenant):
    """Not sent when the object is made, and the cluster's own writer of them is left in peace."""
    tenant.create(widget("scaled", size=1, replicas=1, deep={"within": 1, "beside": 1}))
    down = tenant.wait_down(WIDGETS, "scaled")
    assert down["spec"] == {"size": 1, "deep": {"beside": 1}}
    tenant.patch_down(WIDGETS, "scaled", {"spec": {"replicas": 5}})
    tenant.patch(WIDGETS, "scaled", {"spec": {"replicas": 2}})
    tenant.patch(WIDGETS, "scaled", {"spec": {"size": 2}})
    down = tenant.wait_down(WIDGETS, "scaled", lambda down: down["spec"]["size"] == 2)
    assert down["spec"] == {"size": 2, "replicas": 5, "deep": {"beside": 1}}
    tenant.patch_down(WIDGETS, "scaled", {"spec": {"size": 9}})
    down = tenant.wait_down(WIDGETS, "scaled", lambda down: down["spec"]["size"] == 2, "to be put right")
    assert down["spec"]["replicas"] == 5


def test_labels_of_namespaces(site, syncerd, tenant):
    """Those of the configuration, not the tenant's."""
    tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "labelled", "labels": {"team": "red"}}})
    tenant.create(widget("w", ns="labelled"))
    tenant.wait_down(WIDGETS, "w", ns="labelled")
    labels = site.kube.get(NAMESPACES, tenant.namespace("labelled"))["metadata"]["labels"]
    assert labels["team"] == "blue" and labels.items() >= tenant.marks().items()


def test_a_type_without_status(site, syncerd, tenant):
    """It is said, the spec goes down, and the cluster's status stays there."""
    entry = site.wait_resource("plains", "Accepted", "NoStatusSubresource")
    assert entry["syncedVersion"] == "v1"
    tenant.create(obj(PLAINS, "p", "default", spec={"size": 1}))
    tenant.wait_down(PLAINS, "p")
    tenant.patch_down(PLAINS, "p", {"status": {"phase": "Up"}})
    tenant.patch(PLAINS, "p", {"spec": {"size": 2}})
    tenant.wait_down(PLAINS, "p", lambda down: down["spec"] == {"size": 2} and down["status"] == {"phase": "Up"})
    assert "status" not in tenant.up(PLAINS, "p")
    assert site.condition("Ready")["status"] == "True"


def served(**changes):
    """The CustomResourceDefinition of Shifters with other names, scope or versions."""
    made = crd(SHIFTERS)
    made["spec"].update(changes)
    return made


def test_a_type_that_the_cluster_changes(site, syncerd, tenant):
    """Accepted, Incompatible for every reason there is, Accepted again; the others go on, and the worker stays."""
    pid, world = syncerd.worker_of(tenant), site.world
    tenant.create(obj(SHIFTERS, "s", "default", spec={"size": 1}))
    tenant.wait_down(SHIFTERS, "s")
    only = crd(SHIFTERS)["spec"]["versions"][0]
    for reason, changes in (
            ("NoCommonVersion", {"versions": [{**only, "name": "v9"}]}),
            ("ScopeMismatch", {"scope": "Cluster"}),
            ("KindMismatch", {"names": {"plural": "shifters", "singular": "shifter", "kind": "Drifter", "listKind": "DrifterList"}}),
            ("NotServed", None)):
        world.remove_crd(SHIFTERS)
        if changes:
            site.kube.create(CRDS, served(**changes))
        site.wait_resource("shifters", "Incompatible", reason, timeout=30)
        site.wait_condition("APIImporterReady", "False", "ResourcesIncompatible", message=f"shifters.shift.dev: {reason}")
        assert site.condition("Ready")["status"] == "True", "one type less does not make the cluster unready"
        tenant.create(widget(f"beside-{reason.lower()}"))
        tenant.wait_down(WIDGETS, f"beside-{reason.lower()}")
    assert tenant.up(SHIFTERS, "s")["metadata"]["finalizers"] == [site.finalizer], "nothing is given up, nothing deleted"
    site.kube.create(CRDS, served())
    site.wait_resource("shifters", "Accepted", "")
    tenant.wait_down(SHIFTERS, "s", timeout=40)
    site.wait_condition("APIImporterReady", "True")
    assert syncerd.worker_of(tenant) == pid


def test_a_version_that_joins_the_export(site, syncerd, tenant):
    """A new schema with a newer version: taken as soon as both sides serve it, by the same worker, with the same copies."""
    pid, newer = syncerd.worker_of(tenant), SHIFTERS.replace("/v1/", "/v2/")
    tenant.create(obj(SHIFTERS, "moving", "default", spec={"size": 1}))
    copy = tenant.wait_down(SHIFTERS, "moving")
    schema = api_resource_schema(SHIFTERS, prefix="next")
    first = schema["spec"]["versions"][0]
    schema["spec"]["conversion"] = {"strategy": "None"}
    schema["spec"]["versions"] = [first, {**first, "name": "v2", "storage": False}]
    site.provider.api.create(SCHEMAS, schema)
    resources = [{**entry, "schema": schema["metadata"]["name"]} if entry["name"] == "shifters" else entry
                 for entry in site.provider.api.get(EXPORTS, "options")["spec"]["resources"]]
    site.provider.api.patch(EXPORTS, "options", {"spec": {"resources": resources}})
    wait_for(lambda: site.wait_resource("shifters", "Accepted", "")["versions"] == ["v2", "v1"], 60, "the new version to be known")
    tenant.patch(SHIFTERS, "moving", {"spec": {"size": 2}})
    tenant.wait_down(SHIFTERS, "moving", lambda down: down["spec"] == {"size": 2})
    assert site.wait_resource("shifters", "Accepted", "")["syncedVersion"] == "v1", "the cluster does not have the new one yet"
    only = crd(SHIFTERS)["spec"]["versions"][0]
    for old_is_served in (True, False):
        versions = [{**only, "served": old_is_served}, {**only, "name": "v2", "storage": False}]
        site.kube.patch(CRDS, "shifters.shift.dev", {"spec": {"versions": versions}})
        wait_for(lambda: site.wait_resource("shifters", "Accepted", "")["syncedVersion"] == "v2", 60, "the new version to be the one that is synced")
        size = 3 + old_is_served
        when_served(lambda: tenant.api.patch(newer, "moving", {"spec": {"size": size}}, "default"))
        wait_for(lambda: site.kube.get(newer, "moving", tenant.namespace())["spec"] == {"size": size}, 40, "a change to arrive by the new version")
        assert site.kube.get(newer, "moving", tenant.namespace())["metadata"]["uid"] == copy["metadata"]["uid"], "the same copy as before"
    site.kube.set_status(newer, "moving", {"phase": "Up"}, tenant.namespace())
    tenant.wait_up(SHIFTERS, "moving", lambda up: up.get("status") == {"phase": "Up"})
    assert syncerd.worker_of(tenant) == pid


def test_a_resource_that_joins_the_export(site, syncerd, tenant, other):
    """Two workers get it within their lives."""
    pids = [syncerd.worker_of(one) for one in (tenant, other)]
    role = site.kube.get(ROLES, site.syncer)
    rule = {"apiGroups": ["other.dev"], "resources": ["gizmos"], "verbs": rbac.SIX_VERBS}
    site.kube.patch(ROLES, site.syncer, {"rules": [*role["rules"], rule]})
    site.provider.api.create(SCHEMAS, api_resource_schema(GIZMOS))
    resources = site.provider.api.get(EXPORTS, "options")["spec"]["resources"]
    joined = {"group": "other.dev", "name": "gizmos", "schema": api_resource_schema(GIZMOS)["metadata"]["name"], "storage": {"crd": {}}}
    site.provider.api.patch(EXPORTS, "options", {"spec": {"resources": [*resources, joined]}})
    site.wait_resource("gizmos", "Accepted", "")
    for one in (tenant, other):
        one.create(gizmo("joined"))
    for one in (tenant, other):
        one.wait_down(GIZMOS, "joined", timeout=40)
        one.set_status_down(GIZMOS, "joined", {"phase": "Up"})
        one.wait_up(GIZMOS, "joined", lambda up: up.get("status") == {"phase": "Up"})
    assert [syncerd.worker_of(one) for one in (tenant, other)] == pids
    wait_for(lambda: all(syncerd.view(one)["state"] == "Syncing" for one in (tenant, other)), 20, "both workspaces to be Syncing")

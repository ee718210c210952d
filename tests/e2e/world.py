"""What exists around syncerd: workspaces, exports, bindings, the SyncTarget type, the types in the cluster."""

import os
import secrets
import subprocess

import yaml
from objects import BINDINGS, CRDS, EXPORTS, LOGICAL_CLUSTERS, SCHEMAS, WORKSPACES, api_resource_schema, crd
from testbed import find_binary, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READ = ["get", "list", "watch"]
MAKE = ["create", "get", "patch"]  # what a claim on events has


def manifest(name):
    with open(os.path.join(ROOT, "packaging", "kcp", name)) as file:
        return yaml.safe_load(file)


class Workspace:
    """One kcp workspace. `cluster` is the name of its logical cluster, which is its identity; `api` speaks to it as admin."""

    def __init__(self, world, path, cluster):
        self.world = world
        self.path = path
        self.cluster = cluster
        self.api = world.kcp.workspace(cluster)

    def __repr__(self):
        return f"workspace {self.path} ({self.cluster})"

    @property
    def parent(self):
        return self.world.kcp.workspace(self.path.rpartition(":")[0])

    def kubectl(self, *args):
        """What the real kubectl prints here, as kcp's administrator."""
        bed = self.world.bed
        command = [find_binary("kubectl"), "--kubeconfig", bed.kcp.kubeconfig, "--context", "base", "--server", f"{bed.kcp.url}/clusters/{self.path}"]
        return subprocess.run(command + list(args), capture_output=True, text=True, check=True, timeout=30).stdout

    def delete(self):
        self.parent.delete(WORKSPACES, self.path.rpartition(":")[2])

    def wait_deleted(self, timeout=120):
        name = self.path.rpartition(":")[2]
        wait_for(lambda: self.parent.find(WORKSPACES, name) is None, timeout, f"{self} to be gone")

    def offer(self, export, gvrs, claims=(), verbs=READ):
        """Schemas and an APIExport for types of objects.py; claims are core resources."""
        for gvr in gvrs:
            schema = api_resource_schema(gvr)
            if not self.api.find(SCHEMAS, schema["metadata"]["name"]):
                self.api.create(SCHEMAS, schema)
        self.api.create(EXPORTS, {
            "apiVersion": "apis.kcp.io/v1alpha2",
            "kind": "APIExport",
            "metadata": {"name": export},
            "spec": {
                "resources": [
                    {"group": gvr.split("/")[0], "name": gvr.split("/")[2], "storage": {"crd": {}},
                     "schema": api_resource_schema(gvr)["metadata"]["name"]} for gvr in gvrs],
                "permissionClaims": [{"group": "", "resource": resource, "verbs": claim_verbs(resource, verbs)} for resource in claims],
            },
        })

    def bind(self, provider, export, claims=None, verbs=READ, wait=True, selector=None):
        """Create an APIBinding; claims: {"configmaps": "Accepted"}, all objects or those that a selector picks. Its name is the export's."""
        self.api.create(BINDINGS, {
            "apiVersion": "apis.kcp.io/v1alpha2",
            "kind": "APIBinding",
            "metadata": {"name": export},
            "spec": {
                "reference": {"export": {"path": provider.path, "name": export}},
                "permissionClaims": claim_list(claims or {}, verbs, selector),
            },
        })
        if wait:
            self.wait_bound(export)

    def set_claims(self, export, claims, verbs=READ):
        self.api.patch(BINDINGS, export, {"spec": {"permissionClaims": claim_list(claims, verbs)}})

    def unbind(self, export):
        self.api.delete(BINDINGS, export)

    def binding(self, export):
        return self.api.find(BINDINGS, export)

    def wait_bound(self, export, timeout=90):
        def bound():
            status = (self.binding(export) or {}).get("status", {})
            assert status.get("phase") == "Bound", f"phase {status.get('phase')}"
            applied = {claim["resource"] for claim in status.get("appliedPermissionClaims", [])}
            wanted = {claim["resource"] for claim in self.binding(export)["spec"].get("permissionClaims", []) if claim["state"] == "Accepted"}
            assert applied == wanted, f"claims applied: {applied}"
            return True

        wait_for(bound, timeout, f"the binding {export} in {self}")


def claim_verbs(resource, verbs):
    return MAKE if resource == "events" else verbs


def claim_list(claims, verbs, selector=None):
    return [{"group": "", "resource": resource, "verbs": claim_verbs(resource, verbs), "state": state, "selector": selector or {"matchAll": True}}
            for resource, state in claims.items()]


class World:
    """Made once per test session."""

    def __init__(self, bed):
        self.bed = bed
        self.kcp = bed.kcp
        self.kube = bed.kube.admin
        self.run = secrets.token_hex(2)
        self.counter = 0

    def unique(self, stem):
        self.counter += 1
        return f"{stem}-{self.run}-{self.counter}"

    def workspaces(self, *stems, parent="root", exact=False, shard=None):
        """Create workspaces and wait for all of them together. Names are made unique unless `exact`; `shard` is where kcp has to put them."""
        names = [stem if exact else self.unique(stem) for stem in stems]
        api = self.kcp.workspace(parent)
        where = {"location": {"selector": {"matchLabels": {"name": shard}}}} if shard else {}
        for name in names:
            api.create(WORKSPACES, {
                "apiVersion": "tenancy.kcp.io/v1alpha1",
                "kind": "Workspace",
                "metadata": {"name": name},
                "spec": {"type": {"name": "universal", "path": "root"}, **where},
            })
        made = []
        for name in names:
            def ready():
                workspace = api.get(WORKSPACES, name)
                assert workspace.get("status", {}).get("phase") == "Ready", workspace.get("status", {}).get("phase")
                return workspace["spec"]["cluster"]

            made.append(Workspace(self, f"{parent}:{name}", wait_for(ready, 120, f"workspace {parent}:{name} to be Ready")))
        return made

    def workspace(self, stem):
        return self.workspaces(stem)[0]

    def install_target_type(self):
        """The SyncTarget type, in a workspace of its own that all others bind it from."""
        self.types = self.workspace("types")
        self.types.api.create(SCHEMAS, manifest("apiresourceschema-synctargets.yaml"))
        self.types.api.create(EXPORTS, manifest("apiexport-workload.yaml"))

    def install_crds(self, *gvrs, kube=None):
        kube = kube or self.kube
        for gvr in gvrs:
            definition = crd(gvr)
            if not kube.find(CRDS, definition["metadata"]["name"]):
                kube.create(CRDS, definition)
        for gvr in gvrs:
            wait_for(lambda gvr=gvr: kube.raw("GET", kube.path(gvr))[0] == 200, 20, f"{gvr} to be served in the cluster")

    def remove_crd(self, gvr):
        group, _, plural = gvr.split("/")
        name = f"{plural}.{group}"
        self.kube.delete(CRDS, name)
        wait_for(lambda: self.kube.find(CRDS, name) is None and self.kube.raw("GET", self.kube.path(gvr))[0] == 404, 20, f"{gvr} to be gone from the cluster")

    def cluster_of(self, path):
        return self.kcp.workspace(path).get(LOGICAL_CLUSTERS, "cluster")["metadata"]["annotations"]["kcp.io/cluster"]

"""One SyncTarget with everything that belongs to it, and the tenants that bind its exports."""

import os

import names
import rbac
from objects import CONFIGMAPS, EVENTS, GADGETS, GVR_OF, NAMESPACES, SYNCTARGETS, WIDGETS, is_namespaced
from testbed import ApiError, wait_for
from testbed.servers import write_kubeconfig

TARGET = "edge-1"


class Site:
    """A SyncTarget `edge-1` in a new workspace, a provider with exports, and the syncer's accounts on both sides.

    exports: {export name: [types]}; the claims are the same for all exports. beside: another Site, whose provider and exports this one serves too.
    physical: another cluster than that of the testbed (testbed.servers.Kube).
    """

    def __init__(self, world, directory, exports=None, claims=("configmaps",), spec=None, separate_provider=True, beside=None, physical=None):
        self.world = world
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.exports = beside.exports if beside else exports or {"widgets": [WIDGETS, GADGETS]}
        self.claims = beside.claims if beside else claims
        self.physical = physical or world.bed.kube
        self.kube = self.physical.admin
        made = world.workspaces("edge", "provider") if separate_provider and not beside else world.workspaces("edge")
        self.home, self.provider = made[0], beside.provider if beside else made[-1]
        self.home.bind(world.types, "workload.kcp.io", wait=False)
        for export, gvrs in self.exports.items() if not beside else ():
            self.provider.offer(export, gvrs, claims)
        self.home.wait_bound("workload.kcp.io")
        self.create_target(spec)
        self.install_accounts()

    # -- the SyncTarget

    def create_target(self, spec=None):
        def created():
            try:
                return self.home.api.create(SYNCTARGETS, {
                    "apiVersion": "workload.kcp.io/v1alpha1",
                    "kind": "SyncTarget",
                    "metadata": {"name": TARGET},
                    "spec": {"supportedAPIExports": self.supported(*self.exports), **(spec or {})},
                })
            except ApiError as error:
                assert error.status not in (403, 404), str(error)  # the type is bound a moment before it is served
                raise

        target = wait_for(created, 20, "the SyncTarget to be accepted")
        self.uid = target["metadata"]["uid"]
        self.key = names.key(self.home.cluster, TARGET)
        self.syncer = names.syncer_id(TARGET, self.uid)
        self.finalizer = f"workload.kcp.io/syncer-{self.key}"

    def supported(self, *exports):
        return [{"path": self.provider.path, "export": export} for export in exports]

    def target(self):
        return self.home.api.find(SYNCTARGETS, TARGET)

    def status(self):
        return (self.target() or {}).get("status", {})

    def patch_target(self, patch):
        return self.home.api.patch(SYNCTARGETS, TARGET, patch)

    def condition(self, kind):
        for condition in self.status().get("conditions", []):
            if condition["type"] == kind:
                return condition
        return {}

    def wait_condition(self, kind, status, reason=None, message="", timeout=20):
        def matches():
            seen = self.condition(kind)
            assert seen.get("status") == status and reason in (None, seen.get("reason")) and message in seen.get("message", ""), f"{kind}: {seen or 'absent'}"
            return seen

        return wait_for(matches, timeout, f"condition {kind}={status} {reason or ''}")

    def workspace_entry(self, workspace):
        """What status.workspaces says about a workspace."""
        for entry in self.status().get("workspaces", []):
            if entry["cluster"] == workspace.cluster:
                return entry
        return {}

    def wait_phase(self, workspace, phase, reason=None, timeout=30):
        def matches():
            entry = self.workspace_entry(workspace)
            assert entry.get("phase") == phase and reason in (None, entry.get("reason")), f"entry {entry or 'absent'}"
            return entry

        return wait_for(matches, timeout, f"phase {phase} {reason or ''} of {workspace}")

    def wait_message(self, workspace, expected, timeout=20):
        def matches():
            entry = self.workspace_entry(workspace)
            assert expected(entry.get("message", "")) if callable(expected) else entry.get("message") == expected, f"entry {entry or 'absent'}"
            return True

        wait_for(matches, timeout, f"the message of {workspace}")

    def resource_entry(self, resource):
        for entry in self.status().get("syncedResources", []):
            if entry["resource"] == resource:
                return entry
        return {}

    def wait_resource(self, resource, state, reason=None, message="", timeout=90):
        def matches():
            entry = self.resource_entry(resource)
            assert entry.get("state") == state and reason in (None, entry.get("reason", "")) and message in entry.get("message", ""), f"entry {entry or 'absent'}"
            return entry

        return wait_for(matches, timeout, f"{resource} to be {state} {reason or ''}")

    def events(self, reason=None):
        """Events in the SyncTarget's workspace."""
        return [event for event in self.home.api.list(EVENTS, "default") if reason in (None, event.get("reason"))]

    # -- accounts

    def install_accounts(self):
        rbac.install(self.home.api, rbac.account(self.syncer) + rbac.for_target(self.syncer, TARGET))
        for export in self.exports:
            rbac.install(self.provider.api, rbac.for_export(self.syncer, export, self.home.cluster))
        gvrs = [gvr for gvrs in self.exports.values() for gvr in gvrs]
        rbac.install(self.kube, rbac.for_cluster(self.syncer, gvrs, self.claims))
        self.kcp_token = account_token(self.home.api, self.syncer, "default")
        self.cluster_token = account_token(self.kube, self.syncer, self.syncer)
        bed = self.world.bed
        self.kcp_kubeconfig = write_kubeconfig(
            os.path.join(self.directory, "kcp.kubeconfig"), f"{bed.kcp.url}/clusters/{self.home.cluster}", bed.kcp.ca, self.kcp_token)
        self.cluster_kubeconfig = write_kubeconfig(
            os.path.join(self.directory, "cluster.kubeconfig"), self.physical.url, self.physical.ca, self.cluster_token)

    def config(self, **sections):
        config = {
            "apiVersion": "config.syncerd.io/v1alpha1",
            "kind": "SyncerConfiguration",
            "kcp": {"kubeconfig": self.kcp_kubeconfig},
            "cluster": {"kubeconfig": self.cluster_kubeconfig},
            "syncTarget": {"workspace": self.home.path, "name": TARGET},
            "sync": {"namespaceCleanDelay": "2s", "allowClaims": [resource for resource in self.claims if resource != "events"]},
        }
        for name, section in sections.items():
            config[name] = {**config.get(name, {}), **section}
        return config

    # -- tenants

    def tenants(self, count=1, exports=None, claims="Accepted", wait=True, shard=None):
        """New workspaces that bind the exports (all unless named)."""
        made = [Tenant(self, workspace) for workspace in self.world.workspaces(*["tenant"] * count, shard=shard)]
        for tenant in made:
            tenant.bind(exports, claims, wait=False)
        if wait:
            for tenant in made:
                tenant.wait_bound(exports)
        return made

    def tenant(self, **options):
        return self.tenants(1, **options)[0]


class Tenant:
    """A consumer workspace as seen from both sides."""

    def __init__(self, site, workspace):
        self.site = site
        self.workspace = workspace
        self.path, self.cluster, self.api = workspace.path, workspace.cluster, workspace.api
        self.kube = site.kube
        self.id = names.tenant_id(self.locator())

    def __repr__(self):
        return repr(self.workspace)

    def bind(self, exports=None, claims="Accepted", wait=True, selector=None):
        for export in exports or self.site.exports:
            states = {resource: claims for resource in self.site.claims} if isinstance(claims, str) else claims
            self.workspace.bind(self.site.provider, export, states, wait=wait, selector=selector)

    def wait_bound(self, exports=None):
        for export in exports or self.site.exports:
            self.workspace.wait_bound(export)

    # names

    def locator(self, ns=""):
        return names.locator(self.site.home.cluster, TARGET, self.site.uid, self.cluster, ns)

    def namespace(self, ns="default"):
        """The namespace in the cluster."""
        return names.namespace(self.locator(ns))

    def marks(self):
        """The labels of everything that is this tenant's in the cluster."""
        return {"internal.workload.kcp.io/cluster": self.site.key, "kcp.io/tenant-id": self.id}

    @property
    def selector(self):
        return ",".join(f"{key}={value}" for key, value in self.marks().items())

    # upstream

    def create(self, *objects):
        """Create objects in the workspace; the last answer is returned."""
        for item in objects:
            answer = when_served(lambda: self.api.create(GVR_OF[item["kind"]], item))
        return answer

    def up(self, gvr, name, ns="default"):
        return self.api.find(gvr, name, ns if is_namespaced(gvr) else None)

    def patch(self, gvr, name, patch, ns="default"):
        return self.api.patch(gvr, name, patch, ns if is_namespaced(gvr) else None)

    def delete(self, gvr, name, ns="default"):
        return self.api.delete(gvr, name, ns if is_namespaced(gvr) else None)

    def wait_up(self, gvr, name, condition=lambda item: True, what="to be as wanted", ns="default", timeout=20):
        def matches():
            item = self.up(gvr, name, ns)
            assert item is not None, "it does not exist"
            assert condition(item), f"it is {item}"
            return item

        return wait_for(matches, timeout, f"{gvr} {name} in {self} {what}")

    def wait_up_gone(self, gvr, name, ns="default", timeout=20):
        wait_for(lambda: self.up(gvr, name, ns) is None, timeout, f"{gvr} {name} to be gone from {self}")

    # downstream

    def down(self, gvr, name, ns="default"):
        return self.kube.find(gvr, name, self.namespace(ns) if is_namespaced(gvr) else None)

    def patch_down(self, gvr, name, patch, ns="default"):
        return self.kube.patch(gvr, name, patch, self.namespace(ns) if is_namespaced(gvr) else None)

    def set_status_down(self, gvr, name, status, ns="default"):
        return self.kube.set_status(gvr, name, status, self.namespace(ns) if is_namespaced(gvr) else None)

    def delete_down(self, gvr, name, ns="default"):
        return self.kube.delete(gvr, name, self.namespace(ns) if is_namespaced(gvr) else None)

    def all_down(self, gvr):
        return self.kube.list(gvr, labels=self.selector)

    def wait_down(self, gvr, name, condition=lambda item: True, what="to be as wanted", ns="default", timeout=20):
        def matches():
            item = self.down(gvr, name, ns)
            assert item is not None, "it does not exist"
            assert condition(item), f"it is {item}"
            return item

        return wait_for(matches, timeout, f"{gvr} {name} of {self} in the cluster {what}")

    def wait_down_gone(self, gvr, name, ns="default", timeout=20):
        wait_for(lambda: self.down(gvr, name, ns) is None, timeout, f"{gvr} {name} of {self} to be gone from the cluster")

    def wait_nothing_down(self, timeout=60):
        """Until the cluster holds nothing of this tenant, namespaces included."""
        gvrs = [gvr for gvrs in self.site.exports.values() for gvr in gvrs] + [CONFIGMAPS, NAMESPACES]

        def nothing():
            left = [f"{gvr} {item['metadata']['name']}" for gvr in gvrs for item in self.all_down(gvr)]
            assert not left, f"still there: {left}"
            return True

        wait_for(nothing, timeout, f"everything of {self} to be gone from the cluster")


def when_served(request, timeout=20):
    """Repeat a request while the type is just being bound: 403 or 404 for a moment."""
    def attempt():
        try:
            return request()
        except ApiError as error:
            assert error.status not in (403, 404), str(error)
            raise

    return wait_for(attempt, timeout, "the type to be served")


def account_token(cluster, name, ns):
    def token():
        return (cluster.get("v1/secrets", f"{name}-token", ns).get("data") or {}).get("token")

    import base64

    return base64.b64decode(wait_for(token, 30, f"the token of ServiceAccount {ns}/{name}")).decode()

"""The objects the suites work with, and the types they are of."""

WIDGETS = "example.dev/v1alpha1/widgets"  # namespaced
GADGETS = "example.dev/v1alpha1/gadgets"  # cluster-scoped
GIZMOS = "other.dev/v1/gizmos"  # namespaced; the cluster is stricter than kcp about it
PLAINS = "plain.dev/v1/plains"  # namespaced; has no status subresource on either side
DIALS = "dial.dev/v1/dials"  # namespaced; its status has defaults
CONFIGMAPS = "v1/configmaps"
SECRETS = "v1/secrets"
NAMESPACES = "v1/namespaces"
EVENTS = "v1/events"
CRDS = "apiextensions.k8s.io/v1/customresourcedefinitions"
SYNCTARGETS = "workload.kcp.io/v1alpha1/synctargets"
BINDINGS = "apis.kcp.io/v1alpha2/apibindings"
EXPORTS = "apis.kcp.io/v1alpha2/apiexports"
SCHEMAS = "apis.kcp.io/v1alpha1/apiresourceschemas"
WORKSPACES = "tenancy.kcp.io/v1alpha1/workspaces"
LOGICAL_CLUSTERS = "core.kcp.io/v1alpha1/logicalclusters"

KIND_OF = {WIDGETS: "Widget", GADGETS: "Gadget", GIZMOS: "Gizmo", PLAINS: "Plain", DIALS: "Dial", CONFIGMAPS: "ConfigMap", SECRETS: "Secret"}
GVR_OF = {kind: gvr for gvr, kind in KIND_OF.items()}


def obj(gvr, name, ns=None, **members):
    *group, _ = gvr.split("/")
    meta = {"name": name}
    if ns:
        meta["namespace"] = ns
    return {"apiVersion": "/".join(group), "kind": KIND_OF[gvr], "metadata": meta, **members}


def widget(name, ns="default", **spec):
    return obj(WIDGETS, name, ns, spec=spec or {"size": 1})


def gadget(name, **spec):
    return obj(GADGETS, name, spec=spec or {"size": 1})


def gizmo(name, ns="default", **spec):
    return obj(GIZMOS, name, ns, spec=spec or {"size": 1})


def dial(name, ns="default", **spec):
    return obj(DIALS, name, ns, spec=spec or {"size": 1})


def configmap(name, ns="default", **data):
    return obj(CONFIGMAPS, name, ns, data=data or {"key": "value"})


def secret(name, ns="default", **text):
    return obj(SECRETS, name, ns, stringData=text or {"password": "tell-nobody"})


def schema_of(gvr=None):
    """A schema that keeps what tests put in, so that the servers do not hide a loss."""
    open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    status = {**open_object, "properties": {"phase": {"type": "string"}}}
    if gvr == DIALS:
        status = {**open_object, "default": {}, "properties": {"phase": {"type": "string", "default": "Pending"}}}
    return {
        "type": "object",
        "properties": {
            "spec": {**open_object, "properties": {"size": {"type": "integer", "format": "int64"}}},
            "status": status,
        },
    }


def strict_schema():
    """What the cluster thinks of a Gizmo: less than kcp does."""
    status = schema_of()["properties"]["status"]
    spec = {"type": "object", "properties": {"size": {"type": "integer", "maximum": 1000}, "owner": {"type": "string"}}}
    return {"type": "object", "properties": {"spec": spec, "status": status}}


def names_of(gvr, kind):
    plural = gvr.split("/")[-1]
    return {"plural": plural, "singular": plural[:-1], "kind": kind, "listKind": f"{kind}List"}


def version_of(gvr, **schema):
    return {"name": gvr.split("/")[1], "served": True, "storage": True, "subresources": {} if gvr == PLAINS else {"status": {}}, "schema": schema}


def is_namespaced(gvr):
    return gvr not in (GADGETS, NAMESPACES)


def crd(gvr, kind=None, scope=None):
    """The type as a CustomResourceDefinition, for the cluster."""
    group, _, plural = gvr.split("/")
    scope = scope or ("Namespaced" if is_namespaced(gvr) else "Cluster")
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": names_of(gvr, kind or KIND_OF[gvr]),
            "versions": [version_of(gvr, openAPIV3Schema=strict_schema() if gvr == GIZMOS else schema_of(gvr))],
        },
    }


def api_resource_schema(gvr, kind=None, prefix="v1"):
    """The type as an APIResourceSchema, for kcp."""
    group, _, plural = gvr.split("/")
    return {
        "apiVersion": "apis.kcp.io/v1alpha1",
        "kind": "APIResourceSchema",
        "metadata": {"name": f"{prefix}.{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced" if is_namespaced(gvr) else "Cluster",
            "names": names_of(gvr, kind or KIND_OF[gvr]),
            "versions": [version_of(gvr, **schema_of(gvr))],
        },
    }

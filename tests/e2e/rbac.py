"""The rights of a syncer, as small as they may be: in the SyncTarget's workspace, in each export's workspace, in the cluster."""

RBAC = "rbac.authorization.k8s.io/v1"
SIX_VERBS = ["get", "list", "watch", "create", "patch", "delete"]
CLAIMED = {"configmaps", "secrets"}


def role(name, rules, ns=None):
    meta = {"name": name, "namespace": ns} if ns else {"name": name}
    return {"apiVersion": RBAC, "kind": "Role" if ns else "ClusterRole", "metadata": meta, "rules": rules}


def binding(name, role_name, subject, ns=None):
    meta = {"name": name, "namespace": ns} if ns else {"name": name}
    kind = "Role" if ns else "ClusterRole"
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role_name}
    return {"apiVersion": RBAC, "kind": kind + "Binding", "metadata": meta, "roleRef": ref, "subjects": [subject]}


def service_account(name, ns):
    return {"kind": "ServiceAccount", "name": name, "namespace": ns}


def user(name):
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}


def account(name, ns="default"):
    """A ServiceAccount and the Secret its token appears in."""
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": ns}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/service-account-token",
            "metadata": {"name": f"{name}-token", "namespace": ns, "annotations": {"kubernetes.io/service-account.name": name}},
        },
    ]


def for_target(syncer, target):
    """In the workspace of the SyncTarget."""
    subject = service_account(syncer, "default")
    own = {"apiGroups": ["workload.kcp.io"], "resourceNames": [target]}
    return [
        role(syncer, [
            {**own, "resources": ["synctargets"], "verbs": ["get", "list", "watch", "patch"]},
            {**own, "resources": ["synctargets/status"], "verbs": ["patch"]},
        ]),
        role(syncer, [{"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}], ns="default"),
        binding(syncer, syncer, subject, ns="default"),
        binding(syncer, syncer, subject),
        binding(f"{syncer}-access", "system:kcp:workspace:access", subject),
    ]


def for_export(syncer, export, target_cluster):
    """In the workspace of an export that is not the SyncTarget's own."""
    subject = user(f"system:kcp:serviceaccount:{target_cluster}:default:{syncer}")
    apis = {"apiGroups": ["apis.kcp.io"]}
    return [
        role(f"{syncer}-{export}", [
            {**apis, "resources": ["apiexports", "apiexportendpointslices"], "resourceNames": [export], "verbs": ["get", "list", "watch"]},
            {**apis, "resources": ["apiresourceschemas"], "verbs": ["get"]},
            {**apis, "resources": ["apiexports/content"], "resourceNames": [export], "verbs": ["get", "list", "watch", "patch"]},
        ]),
        binding(f"{syncer}-{export}", f"{syncer}-{export}", subject),
        binding(f"{syncer}-access", "system:kcp:workspace:access", subject),
    ]


def for_cluster(syncer, gvrs, claims=()):
    """In the physical cluster: namespace, account, role."""
    rules = [
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": SIX_VERBS},
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "watch"]},
    ]
    for gvr in gvrs:
        group, _, plural = gvr.split("/")
        rules.append({"apiGroups": [group], "resources": [plural], "verbs": SIX_VERBS})
    if claims:
        rules.append({"apiGroups": [""], "resources": list(claims), "verbs": SIX_VERBS})
    return (
        [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": syncer}}]
        + account(syncer, syncer)
        + [role(syncer, rules), binding(syncer, syncer, service_account(syncer, syncer))]
    )


def for_direct(user_name, gvrs):
    """Direct mode, in every workspace."""
    rules = [{"apiGroups": ["core.kcp.io"], "resources": ["logicalclusters"], "resourceNames": ["cluster"], "verbs": ["get"]}]
    for gvr in gvrs:
        group, _, plural = ("", *gvr.split("/")) if gvr.count("/") == 1 else gvr.split("/")
        rules.append({"apiGroups": [group], "resources": [plural], "verbs": ["get", "list", "watch", "patch"]})
        rules.append({"apiGroups": [group], "resources": [f"{plural}/status"], "verbs": ["patch"]})
    subject = user(user_name)
    return [
        role("syncer-direct", rules),
        binding("syncer-direct", "syncer-direct", subject),
        binding("syncer-direct-access", "system:kcp:workspace:access", subject),
    ]


PLURALS = {
    "Namespace": "v1/namespaces",
    "ServiceAccount": "v1/serviceaccounts",
    "Secret": "v1/secrets",
    "Role": f"{RBAC}/roles",
    "RoleBinding": f"{RBAC}/rolebindings",
    "ClusterRole": f"{RBAC}/clusterroles",
    "ClusterRoleBinding": f"{RBAC}/clusterrolebindings",
}


def install(cluster, objects):
    for item in objects:
        cluster.apply(PLURALS[item["kind"]], item)

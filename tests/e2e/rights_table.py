"""The rights that `syncerctl install` ships, as a table, and a way to take single ones away while everything runs."""

import contextlib

import rbac
from edge import TARGET
from objects import CONFIGMAPS, EVENTS, GADGETS, NAMESPACES, SYNCTARGETS, WIDGETS
from testbed import wait_for

READ = ["get", "list", "watch"]
ROLES, ROLES_IN = f"{rbac.RBAC}/clusterroles", f"{rbac.RBAC}/roles"
APIS = "apis.kcp.io/v1alpha2"

# place: {resource: (type, name that the request is for, verbs)}
TABLE = {
    "home": {
        "synctargets": (SYNCTARGETS, TARGET, [*READ, "patch"]),
        "synctargets/status": (SYNCTARGETS, TARGET, ["patch"]),
    },
    "events": {"events": (EVENTS, "e", ["create", "patch"])},
    "export": {
        "apiexports": (f"{APIS}/apiexports", "widgets", READ),
        "apiexportendpointslices": ("apis.kcp.io/v1alpha1/apiexportendpointslices", "widgets", READ),
        "apiresourceschemas": ("apis.kcp.io/v1alpha1/apiresourceschemas", "v1.widgets.example.dev", ["get"]),
        "apiexports/content": (WIDGETS, "w", [*READ, "patch"]),
    },
    "cluster": {
        "namespaces": (NAMESPACES, "n", rbac.SIX_VERBS),
        "nodes": ("v1/nodes", "n", ["list", "watch"]),
        "widgets": (WIDGETS, "w", rbac.SIX_VERBS),
        "gadgets": (GADGETS, "g", rbac.SIX_VERBS),
        "configmaps": (CONFIGMAPS, "c", rbac.SIX_VERBS),
    },
}
ROWS = [(place, resource, verb) for place, resources in TABLE.items() for resource, (_, _, verbs) in resources.items() for verb in verbs]


class Rights:
    """The roles of one installed SyncTarget, and what they allow."""

    def __init__(self, site):
        self.site = site
        self.roles = {
            "home": (site.home.api, ROLES, site.syncer, None),
            "events": (site.home.api, ROLES_IN, site.syncer, "default"),
            "export": (site.provider.api, ROLES, f"{site.syncer}-widgets", None),
            "cluster": (site.kube, ROLES, site.syncer, None),
        }
        self.shipped = {place: api.get(gvr, name, ns)["rules"] for place, (api, gvr, name, ns) in self.roles.items()}

    def rows(self):
        return {(place, resource, verb) for place, rules in self.shipped.items()
                for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}

    def set(self, place, rules):
        api, gvr, name, ns = self.roles[place]
        api.patch(gvr, name, {"rules": rules}, ns)

    @contextlib.contextmanager
    def without(self, *rows):
        """These rights are gone, and no others; they are back afterwards."""
        places = {place for place, _, _ in rows}
        for place in places:
            self.set(place, [left for rule in self.shipped[place] for left in less(rule, [row[1:] for row in rows if row[0] == place])])
        for row in rows:
            wait_for(lambda row=row: self.ask(*row) == 403, 10, f"{row} to be refused")
        yield
        for place in places:
            self.set(place, self.shipped[place])
        for row in rows:
            wait_for(lambda row=row: self.ask(*row) != 403, 10, f"{row} to be allowed again")

    def ask(self, place, resource, verb):
        """The status of the very request that the right is for, sent as the syncer. What is allowed fails later, for it is no good request."""
        site = self.site
        gvr, name, _ = TABLE[place][resource]
        sub = resource.partition("/")[2] if resource == "synctargets/status" else None
        ns = "default" if gvr in (EVENTS, WIDGETS, CONFIGMAPS) else None
        api = site.kube.with_token(site.cluster_token) if place == "cluster" else self.kcp(place, resource)
        fields = f"metadata.name={name}" if place in ("home", "export") and resource != "apiexports/content" else None
        if verb in ("list", "watch"):
            wrong = {"resourceVersion": "none"}
            path = api.path(gvr, fieldSelector=fields, watch="1" if verb == "watch" else None, **wrong)
            return api.raw("GET", path)[0]
        if verb == "create":
            return api.raw("POST", api.path(gvr, ns), b"{")[0]
        method = {"get": "GET", "patch": "PATCH", "delete": "DELETE"}[verb]
        path = api.path(gvr, ns, name if fields else "there-is-none", sub)
        return api.raw(method, path, b"{" if verb == "patch" else None, "application/merge-patch+json")[0]

    def kcp(self, place, resource):
        site = self.site
        api = (site.provider if place == "export" else site.home).api.with_token(site.kcp_token)
        if resource != "apiexports/content":
            return api
        slices = site.provider.api.get(TABLE["export"]["apiexportendpointslices"][0], "widgets")
        url = slices["status"]["endpoints"][0]["url"]
        return api.at("/" + url.split("/", 3)[3] + f"/clusters/{site.consumer.cluster}")


def less(rule, rights):
    """A rule without some of its rights, as one rule for each resource."""
    for resource in rule["resources"]:
        verbs = [verb for verb in rule["verbs"] if (resource, verb) not in rights]
        if verbs:
            yield {**rule, "resources": [resource], "verbs": verbs}

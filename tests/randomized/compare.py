"""The differences between the model and the two servers, as text."""

from objects import CONFIGMAPS, GADGETS, NAMESPACES, WIDGETS

from .model import OTHER_TARGET, SPACES, STATE

TYPES = (WIDGETS, GADGETS, CONFIGMAPS)


def key_of(item):
    return item["metadata"].get("namespace", ""), item["metadata"]["name"]


def without_marks(members):
    """Labels or annotations that go down: all but those below kcp.io (5.2)."""
    def internal(name):
        domain = name.partition("/")[0] if "/" in name else ""
        return domain == "kcp.io" or domain.endswith(".kcp.io")

    return {name: value for name, value in (members or {}).items() if not internal(name)}


class Snapshot:
    """Everything that the comparison needs, by a few lists."""

    def __init__(self, site, kube, places):
        self.site = site
        self.down = {gvr: {key_of(item): item for item in kube.list(gvr)} for gvr in (*TYPES, NAMESPACES)}
        self.up = {}
        for place in places:
            for gvr in TYPES:
                if place.bound or gvr == CONFIGMAPS:
                    self.up[place.tenant.cluster, gvr] = {key_of(item): item for item in place.tenant.api.list(gvr)}

    def of_ours(self, gvr):
        """What bears our key, by (namespace, name)."""
        return {key: item for key, item in self.down[gvr].items()
                if item["metadata"].get("labels", {}).get("internal.workload.kcp.io/cluster") == self.site.key}


class Comparison:
    """differences() is empty when model and servers agree; settle() then takes over what the servers have chosen."""

    def __init__(self, model, snapshot, ignored_tenants):
        self.model, self.snapshot, self.out = model, snapshot, []
        self.ignored_tenants = ignored_tenants  # ids of tenants that are no part of the model
        self.known = set()  # (gvr, namespace, name) in the cluster that the model explains

    def say(self, place, entry, text):
        self.out.append(f"{place.tenant.path} {entry.gvr.split('/')[-1]} {entry.ns}/{entry.name}: {text}")

    def up_of(self, place, entry):
        return self.snapshot.up.get((place.tenant.cluster, entry.gvr), {}).get((entry.ns, entry.name))

    def down_key(self, place, entry):
        return (place.tenant.namespace(entry.ns) if entry.ns else ""), entry.name

    def down_of(self, place, entry):
        """Our copy, or None; somebody else's object is none."""
        item = self.snapshot.down[entry.gvr].get(self.down_key(place, entry))
        if item is None:
            return None
        labels = item["metadata"].get("labels", {})
        return item if all(labels.get(name) == value for name, value in place.tenant.marks().items()) else None

    def differences(self):
        for name in self.model.common:
            self.compare_common(name)
        for place in self.model.places:
            for entry in place.every():
                self.compare_foreign(place, entry)
                if not place.paused:
                    self.compare_up(place, entry)
                    self.compare_down(place, entry)
                else:
                    self.compare_paused(place, entry)
            for ns in SPACES if not place.paused else ():
                self.compare_namespace(place, ns)
        self.compare_rest()
        return self.out

    # -- one object

    def compare_foreign(self, place, entry):
        if entry.foreign is None:
            return
        gvr, key = entry.gvr, self.down_key(place, entry)
        self.known.add((gvr, *key))
        seen = self.snapshot.down[gvr].get(key)
        if bare(seen) != bare(entry.foreign):
            self.say(place, entry, f"somebody's object was changed from {entry.foreign} to {seen}")

    def compare_paused(self, place, entry):
        """Nothing is written for a paused workspace. What had happened before is not known; what is there may have lost a label."""
        self.known.add((entry.gvr, *self.down_key(place, entry)))

    def compare_up(self, place, entry):
        up = self.up_of(place, entry)
        if not entry.exists:
            if up:
                self.say(place, entry, f"deleted, but still upstream: {brief(up)}")
            return
        if up is None:
            self.say(place, entry, "the tenant's object is gone")
            return
        if up["metadata"]["uid"] != entry.uid or "deletionTimestamp" in up["metadata"]:
            self.say(place, entry, f"the tenant's object was replaced or deleted: {brief(up)}")
        if up.get(entry.payload, {}) != entry.content:
            self.say(place, entry, f"upstream has {up.get(entry.payload)} in place of {entry.content}")
        held = self.snapshot.site.finalizer in up["metadata"].get("finalizers", [])
        if held != (self.model.asks(place, entry) and not entry.claimed):
            self.say(place, entry, "our finalizer is " + ("still there" if held else "missing"))

    def wanted(self, place, entry):
        if entry.common:
            return self.model.owners.get(entry.name) is place and self.model.wants(place, entry)
        return self.model.wants(place, entry)

    def compare_down(self, place, entry):
        down = self.down_of(place, entry)
        if not self.wanted(place, entry):
            if down:
                self.known.add((entry.gvr, *self.down_key(place, entry)))
                self.say(place, entry, f"has a copy that nobody asks for: {brief(down)}")
            return
        if down is None:
            self.say(place, entry, "has no copy")
            return
        self.known.add((entry.gvr, *self.down_key(place, entry)))
        meta = down["metadata"]
        if not same(down.get(entry.payload, {}), entry):
            self.say(place, entry, f"the copy has {down.get(entry.payload)} in place of {entry.content}")
        labels = {**without_marks(entry.labels), **place.tenant.marks()}
        annotations = without_marks(entry.annotations)
        if not entry.ns:
            annotations["kcp.io/namespace-locator"] = place.tenant.locator()
        if meta.get("labels", {}) != labels or meta.get("annotations", {}) != annotations:
            self.say(place, entry, f"the copy has labels {meta.get('labels')}, annotations {meta.get('annotations')}; wanted {labels}, {annotations}")
        if not (entry.replaceable or entry.late) and meta["uid"] != entry.copy:
            self.say(place, entry, f"the copy was replaced without a reason: {entry.copy} by {meta['uid']}")
        if not entry.claimed:
            self.compare_status(place, entry, down)

    def compare_status(self, place, entry, down):
        up = (self.up_of(place, entry) or {}).get("status")
        if entry.written and entry.written[0] == down["metadata"]["uid"] and down.get("status") != entry.written[1]:
            self.say(place, entry, f"the status in the cluster is {down.get('status')}, written was {entry.written[1]}")
        if down.get("status") and not entry.shared():
            if up != down["status"]:
                self.say(place, entry, f"status {up} upstream, {down['status']} in the cluster")
        elif up not in entry.statuses:
            self.say(place, entry, f"status {up} upstream comes from nowhere; possible are {entry.statuses}")

    def compare_common(self, name):
        """Of those that ask for a cluster-scoped name one has it: who had it before, if anybody."""
        claimants = [place for place in self.model.claimants(name) if place.entries[GADGETS, "", name].foreign is None]
        holders = [place for place in self.model.places if self.down_of(place, place.entries[GADGETS, "", name])]
        owner = self.model.owners.get(name)
        if owner in claimants and not owner.entries[GADGETS, "", name].late:
            if owner not in holders:
                self.out.append(f"{name}: {owner.tenant.path} had it and lost it")
        elif len(holders) == 1 and holders[0] in claimants:
            self.model.owners[name] = holders[0]
        elif claimants and not any(place.paused for place in self.model.places):
            self.out.append(f"{name}: wanted by {[place.tenant.path for place in claimants]}, held by {[place.tenant.path for place in holders]}")

    # -- namespaces, and what nobody explains

    def compare_namespace(self, place, ns):
        name = place.tenant.namespace(ns)
        seen = self.snapshot.down[NAMESPACES].get(("", name))
        marked = seen is not None and place.tenant.marks().items() <= seen["metadata"].get("labels", {}).items() \
            and seen["metadata"].get("annotations", {}).get("kcp.io/namespace-locator") == place.tenant.locator(ns)
        if self.model.uses(place, ns):
            if not marked or "deletionTimestamp" in seen["metadata"]:
                self.out.append(f"{place.tenant.path} namespace {ns}: {name} is not as it has to be: {brief(seen)}")
        elif seen is not None and ns not in place.visited:
            self.out.append(f"{place.tenant.path} namespace {ns}: {name} is still there: {brief(seen)}")

    def compare_rest(self):
        for gvr in TYPES:
            for key, item in self.snapshot.of_ours(gvr).items():
                tenant = item["metadata"]["labels"].get("kcp.io/tenant-id")
                if tenant not in self.ignored_tenants and (gvr, *key) not in self.known:
                    self.out.append(f"nobody knows the copy {gvr} {'/'.join(key)}: {brief(item)}")

    # -- agreement: what was chosen counts from now on

    def settle(self):
        for place in self.model.places:
            if place.paused:
                continue
            for entry in place.every():
                up, down = self.up_of(place, entry), self.down_of(place, entry)
                entry.going, entry.copy = False, down["metadata"]["uid"] if down else ""
                entry.late, entry.replaceable = entry.replaceable, down is None
                if down is None or down.get(entry.payload, {}) == entry.content:
                    entry.strays = set()
                if up is not None:
                    entry.statuses = [up.get("status")]
            place.unstable = {ns for ns in SPACES if not self.model.uses(place, ns)}
            place.visited = {ns for ns in place.visited if not self.model.uses(place, ns) or self.holds_foreign(place, ns)}

    @staticmethod
    def holds_foreign(place, ns):
        return any(entry.foreign for entry in place.every() if entry.ns == ns)


def bare(item):
    """Items of a list may lack what the list says for all."""
    return item and {name: value for name, value in item.items() if name not in ("kind", "apiVersion")}


def same(content, entry):
    return {name: value for name, value in content.items() if name in entry.content or name not in entry.strays} == entry.content


def brief(item):
    if item is None:
        return "absent"
    meta = {name: value for name, value in item["metadata"].items() if name not in ("managedFields", "creationTimestamp", "resourceVersion")}
    return {"metadata": meta, **{name: item[name] for name in ("spec", "data", "status") if name in item}}


def label_patch(site, marks):
    """State labels and the deletion annotation (4.5, 3.3) as a merge patch: those in `marks`, and none of the others."""
    labels = {STATE + site.key: "Sync" if "ours" in marks else None, STATE + OTHER_TARGET: "Sync" if "other" in marks else None}
    annotation = {f"deletion.internal.workload.kcp.io/{site.key}": "now" if "leave" in marks else None}
    return {"metadata": {"labels": labels, "annotations": annotation}}


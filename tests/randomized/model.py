"""What both sides have to look like when everything has come to rest. Nothing here speaks to a server."""

from dataclasses import dataclass, field

from objects import CONFIGMAPS, GADGETS, WIDGETS, is_namespaced

SPACES = ("default", "alpha")
OTHER_TARGET = "2someOtherTargetOfTheSameExport"
STATE = "state.workload.kcp.io/"
TAKEN = "taken"  # a cluster-scoped name that somebody in the cluster has
# No resource of one workspace has more than 20 objects: the guard against mass deletions has a suite of its own.
NAMES = {WIDGETS: [f"w{i}" for i in range(5)], CONFIGMAPS: [f"c{i}" for i in range(4)], GADGETS: [f"g{i}" for i in range(3)]}
MAX_DRIFTS = 3  # what is corrected more than five times in five minutes is contended, which has a test of its own


@dataclass
class Entry:
    """One name in one workspace: what the tenant asks for, and what we did to it on both sides."""

    gvr: str
    ns: str  # upstream; "" for what has none
    name: str
    content: dict = None  # spec or data; None: the tenant has no such object
    labels: dict = field(default_factory=dict)  # without those of 4.5
    annotations: dict = field(default_factory=dict)
    common: bool = False  # a cluster-scoped name that every tenant uses: the first one owns it
    uid: str = ""
    going: bool = False  # deleted by the tenant since the last quiet point
    marks: dict = field(default_factory=dict)  # state labels and the deletion annotation, by what they say
    statuses: list = field(default_factory=lambda: [None])  # what upstream may show while the copy says nothing
    written: tuple = None  # (uid of the copy, status) of the last status written in the cluster
    foreign: dict = None  # somebody's object in the place of the copy, exactly as it was made
    copy: str = ""  # uid of the copy at the last quiet point
    replaceable: bool = True  # something has happened since then that may replace the copy
    late: bool = True  # the same before that: the two sides may agree before a worker has seen that something went and came back
    drifts: int = 0
    strays: set = field(default_factory=set)  # members somebody changed in the copy: once upstream drops them, they are that somebody's

    @property
    def exists(self):
        return self.content is not None

    @property
    def claimed(self):
        return self.gvr == CONFIGMAPS

    @property
    def payload(self):
        return "data" if self.claimed else "spec"

    def away(self):
        """The object says itself that it is not for this target (4.5, 3.3)."""
        return "leave" in self.marks or ("other" in self.marks and "ours" not in self.marks)

    def shared(self):
        return "other" in self.marks and "ours" in self.marks

    def forget(self):
        """The tenant's object is gone, or was deleted."""
        self.content, self.labels, self.annotations, self.marks = None, {}, {}, {}
        self.uid, self.statuses, self.written, self.drifts = "", [None], None, 0
        self.replaceable = True

    def take(self, answer):
        self.uid = answer["metadata"]["uid"]


@dataclass
class Place:
    """One workspace."""

    tenant: object
    entries: dict = field(default_factory=dict)  # (gvr, ns, name) -> Entry
    bound: bool = True
    refused: bool = False  # bound while no new workspace was taken
    claims: bool = True
    paused: bool = False
    unstable: set = field(default_factory=set)  # upstream namespaces of which the downstream one may be on its way out
    visited: set = field(default_factory=set)  # those that held something foreign: by chance they stay
    nudge: bool = False  # what stood in the way is gone, which its worker may learn only minutes later

    def every(self, gvr=None):
        return [entry for entry in self.entries.values() if gvr in (None, entry.gvr)]


class Model:
    def __init__(self, tenants, stem):
        self.places = [Place(tenant) for tenant in tenants]
        self.common = [f"common-{n}-{stem}" for n in range(2)]
        self.cordoned = self.evicted = False
        self.owners = {}  # common name -> the place that had it at the last quiet point
        for place in self.places:
            for gvr, names in NAMES.items():
                for ns in SPACES if is_namespaced(gvr) else ("",):
                    for name in names:
                        # Cluster-scoped names are the tenant's own unless they are to meet.
                        self.add(place, gvr, ns, name if ns else f"{name}-{place.tenant.cluster}")
            self.add(place, GADGETS, "", f"{TAKEN}-{place.tenant.cluster}")
            for name in self.common:
                self.add(place, GADGETS, "", name).common = True

    @staticmethod
    def add(place, gvr, ns, name):
        place.entries[gvr, ns, name] = Entry(gvr, ns, name)
        return place.entries[gvr, ns, name]

    def served(self, place):
        return place.bound and not place.refused and not self.evicted

    def asks(self, place, entry):
        """The tenant's object is to have a copy, whatever stands in its place."""
        return entry.exists and self.served(place) and not entry.away() and (place.claims or not entry.claimed)

    def wants(self, place, entry):
        return self.asks(place, entry) and entry.foreign is None

    def claimants(self, name):
        return [place for place in self.places if self.asks(place, place.entries[GADGETS, "", name])]

    def blocked(self, place):
        """Something of it cannot be synced because of others."""
        for entry in place.every():
            if self.asks(place, entry) and (entry.foreign or (entry.common and self.owners.get(entry.name) is not place)):
                return True
        return False

    def uses(self, place, ns):
        """Does the downstream namespace of `ns` have to be there?"""
        return any(self.asks(place, entry) for entry in place.every() if entry.ns == ns)

    def leave(self, place):
        """All copies of a workspace go, or may have gone."""
        for entry in place.every():
            entry.replaceable = True
            entry.statuses.append(None)
        place.unstable |= set(SPACES)

    def release(self, name):
        """A common name may be free: whoever waits for it looks again."""
        self.owners.pop(name, None)
        for place in self.claimants(name):
            place.nudge = True

"""The random life of a site: operations on both sides of three workspaces, compared with a model whenever all has come to rest."""

import random
import time
from collections import Counter

from edge import when_served
from objects import CONFIGMAPS, GADGETS, NAMESPACES, WIDGETS, configmap, gadget, widget
from testbed import Timeout, wait_for

from . import objects_ops, site_ops
from .client import KeptAlive
from .compare import TYPES, Comparison, Snapshot, key_of
from .model import SPACES, TAKEN, Model

DEADLINE = 120  # s for a quiet point
MINUTE = 2  # s: what syncerd has to see for a minute (--test-minute)
BLOCK = 25  # operations between two quiet points
CLAIMED = "claimed.internal.apis.kcp.io/"  # kcp's own label: what a claim lets through
KCP_LATE = 3  # s
WEIGHTS = {  # in a thousand
    objects_ops.create: 200, objects_ops.update: 160, objects_ops.status: 170, objects_ops.delete: 90, objects_ops.relabel: 60,
    objects_ops.schedule: 30, objects_ops.drift: 80, objects_ops.status_up: 15, objects_ops.intrude: 35, objects_ops.withdraw: 25,
    site_ops.kill_worker: 25, site_ops.kill_supervisor: 12, site_ops.pause: 12, site_ops.resume: 14, site_ops.claims: 14, site_ops.unbind: 9,
    site_ops.bind: 20, site_ops.cordon: 6, site_ops.uncordon: 10, site_ops.evict: 4, site_ops.raze: 4, site_ops.unmark: 5,
}
ON_OBJECTS = [operation for operation in WEIGHTS if operation.__module__ == objects_ops.__name__]
SETTINGS = {"workers": {"backoffFirst": "50ms", "backoffMax": "500ms", "stableAfter": "1s"}, "sync": {"namespaceCleanDelay": "1s"}}


class Difference(AssertionError):
    """Model and servers do not agree. Says everything that is needed to see it again."""


class Run:
    """One site with three tenants to whom things happen, and a neighbour to whom nothing may happen."""

    def __init__(self, site, launch, seed, log=None):
        self.site, self.seed, self.log = site, seed, log
        self.kube = KeptAlive(site.kube)
        site.kube = self.kube
        tenants = site.tenants(4)
        for tenant in tenants:
            tenant.api = tenant.workspace.api = KeptAlive(tenant.api)
            tenant.kube = self.kube
            tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "alpha"}})
        *self.tenants, self.neighbour = tenants
        self.model = Model(self.tenants, site.uid[:8])
        self.history, self.counts, self.moot = [], Counter(), 0
        self.start_in, self.number, self.quiets, self.slowest, self.forgotten = None, 0, 0, 0.0, 0
        self.neighbours, self.neighbour_changed = None, True
        self.bystanders = {}
        self.syncerd = launch(site.config(**SETTINGS), start=False)
        self.prepare()
        self.start()
        self.quiet()

    # -- what is there besides

    def prepare(self):
        """Somebody's objects with a tenant's marks in a namespace of their own, cluster-scoped names that are taken, a neighbour's life."""
        ns = self.site.world.unique("bystander")
        self.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns}})
        for gvr, item in ((WIDGETS, widget("w0", ns=ns)), (CONFIGMAPS, configmap("c0", ns=ns))):
            item["metadata"]["labels"] = self.tenants[0].marks()
            self.bystanders[gvr, ns, item["metadata"]["name"]] = self.kube.create(gvr, item)
        for place in self.model.places:
            name = f"{TAKEN}-{place.tenant.cluster}"
            place.entries[GADGETS, "", name].foreign = self.kube.create(GADGETS, gadget(name, owner="somebody"))
        when_served(lambda: self.neighbour.create(gadget(f"calm-{self.neighbour.cluster}")))
        self.neighbour.create(widget("w0", text="calm"), widget("w1", ns="alpha"), configmap("c0"))

    def neighbours_state(self):
        """All that the neighbour has, on both sides, to the last digit."""
        up = [self.neighbour.api.list(gvr) for gvr in TYPES]
        return up, [self.neighbour.all_down(gvr) for gvr in (*TYPES, NAMESPACES)]

    # -- syncerd

    def start(self):
        self.start_in = None
        if not self.syncerd.alive():
            self.syncerd.start(arguments=("--test-minute", str(MINUTE)))

    def ctl(self, *words):
        self.start()
        return wait_for(lambda: self.ctl_once(*words), 60, f"syncerctl {' '.join(words)}")

    def ctl_once(self, *words):
        done = self.syncerd.ctl(*words, check=False)
        assert done.returncode == 0, f"{done.returncode} {done.stderr.strip()}"
        return True

    def ctl_when_known(self, verb, place):
        self.ctl(verb, place.tenant.cluster)

    def wait_barred(self, reason):
        """Until syncerd says so, and the second is over: times have whole seconds, and who was bound in that second is not new."""
        def told():
            seen = self.site.condition("Schedulable")
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            assert seen.get("status") == "False" and seen.get("reason", "").startswith(reason) and now > seen["lastTransitionTime"], f"{seen}"
            return True

        wait_for(told, 60, f"Schedulable=False ({reason})")

    def wait_schedulable(self):
        self.site.wait_condition("Schedulable", "True", timeout=60)

    # -- helpers of operations

    when_served = staticmethod(when_served)

    def leave(self, place):
        self.model.leave(place)
        for name in self.model.common:
            if self.model.owners.get(name) is place:
                self.model.release(name)

    def wait_nothing_down(self, place):
        """Until the cluster holds nothing of a workspace but what somebody else has marked."""
        def nothing():
            left = [(gvr, *key_of(item)) for gvr in (*TYPES, NAMESPACES) for item in place.tenant.all_down(gvr)]
            left = [key for key in left if key not in self.bystanders]
            assert not left, f"still there: {left}"
            return True

        wait_for(nothing, DEADLINE, f"everything of {place.tenant} to be gone from the cluster")

    def forget_mirrored(self):
        """At rest, in front of an eviction: a status that the copy shows goes with it, another one may."""
        snapshot = Snapshot(self.site, self.kube, self.model.places)
        comparison = Comparison(self.model, snapshot, {self.neighbour.id})
        for place in self.model.places:
            for entry in place.every():
                up, down = comparison.up_of(place, entry), comparison.down_of(place, entry)
                if up and down and down.get("status") and down["status"] == up.get("status") and not entry.shared():
                    entry.statuses = [None]

    def remove_abandoned(self, place):
        """Namespaces that a drain had to leave, because somebody's objects are in them, are in the way until somebody removes them."""
        for ns in SPACES:
            name = place.tenant.namespace(ns)
            seen = self.kube.find(NAMESPACES, name)
            if ns not in place.visited or seen is None or place.tenant.marks().items() <= seen["metadata"].get("labels", {}).items():
                continue
            self.kube.delete(NAMESPACES, name)
            wait_for(lambda: self.kube.find(NAMESPACES, name) is None, DEADLINE, f"the namespace {name} to be gone")
            for entry in place.every():
                if entry.ns == ns:
                    entry.foreign = None

    # -- running

    def once(self):
        """One operation. Its choices come from seed and number alone."""
        draw = random.Random(f"{self.seed}/{self.number}")
        operation = draw.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        place = draw.choice(self.model.places)
        entry = place.entries[draw.choice(sorted(place.entries))]
        if operation in ON_OBJECTS:
            if not objects_ops.reachable(place, entry):
                entry = draw.choice(place.every(CONFIGMAPS))
            done, what = operation(self, draw, place, entry), f"{entry.gvr.split('/')[-1]} {entry.ns}/{entry.name}"
        else:
            done, what = operation(self, draw, place), ""
        self.counts[operation.__name__] += 1
        self.moot += done is None
        self.history.append(f"{self.number:6} {place.tenant.path} {what} {done or f'({operation.__name__}: nothing to do)'}"[:200])
        self.write(self.history[-1])
        self.number += 1
        if self.start_in is not None:
            self.start_in -= 1
            if self.start_in < 0:
                self.start()

    def write(self, line):
        if self.log:
            print(f"{time.strftime('%H:%M:%S')} {line}", file=self.log, flush=True)

    def go(self, operations):
        while self.number < operations:
            try:
                self.once()
            except Difference:
                raise
            except (AssertionError, OSError, RuntimeError) as error:
                raise Difference(self.report([f"operation {self.number} failed: {error!r}"])) from error
            if self.number % BLOCK == 0 or self.number == operations:
                self.quiet()
        for place in self.model.places:
            site_ops.resume_one(self, place)
        self.quiet()

    def quiet(self):
        """Wait until model and servers agree."""
        self.start()
        for place in self.model.places:
            if place.nudge and not place.paused and self.model.served(place):
                self.ctl("restart", place.tenant.cluster)
                place.nudge = False
        began = self.began = time.monotonic()
        try:
            wait_for(self.agree, DEADLINE, "model and servers to agree")
        except Timeout as error:
            raise Difference(self.report(self.differences)) from error
        self.quiets += 1
        self.slowest = max(self.slowest, time.monotonic() - began)
        self.write(f"quiet after {time.monotonic() - began:.1f} s")

    def agree(self):
        comparison = Comparison(self.model, Snapshot(self.site, self.kube, self.model.places), {self.neighbour.id})
        comparison.known |= set(self.bystanders)
        if time.monotonic() - self.began > KCP_LATE:
            self.remind_kcp(comparison)
            self.began = time.monotonic()
        self.differences = comparison.differences() + self.compare_others() + self.compare_states()
        assert not self.differences, self.differences[0]
        comparison.settle()
        return True

    def remind_kcp(self, comparison):
        """When a claim is refused and accepted again at once, kcp forgets some objects: without its label nobody sees them through the
        export, until they change. Our part cannot be judged before."""
        for place in self.model.places:
            for entry in place.every(CONFIGMAPS):
                up = comparison.up_of(place, entry)
                if up is None or not self.model.asks(place, entry) or any(name.startswith(CLAIMED) for name in up["metadata"].get("labels", {})):
                    continue
                self.forgotten += 1
                place.tenant.patch(entry.gvr, entry.name, {"metadata": {"annotations": {"reminder.kcp.io/kcp": str(self.forgotten)}}}, entry.ns)
                self.write(f"{place.tenant.path} {entry.ns}/{entry.name}: forgotten by kcp")

    def compare_others(self):
        out = [f"a bystander was changed: {gvr} {ns}/{name}" for (gvr, ns, name), item in self.bystanders.items()
               if self.kube.find(gvr, name, ns) != item]
        if self.model.evicted:
            return out
        state = self.neighbours_state()
        if self.neighbour_changed:
            # Nothing is written any more once all copies are there; but the lists of one look are read one after the other.
            rests = [len(items) for items in state[1]] == [2, 1, 1, 2] and state == self.neighbours
            self.neighbours, self.neighbour_changed = state, not rests
            return out if rests else [*out, "the neighbour does not rest yet"]
        return out if state == self.neighbours else [*out, f"the neighbour was touched: {self.neighbours} became {state}"]

    def compare_states(self):
        """What syncerctl says about the workspaces."""
        out, views = [], {view["cluster"]: view for view in self.syncerd.ctl_json("workspaces")}
        for place in self.model.places:
            state = views.get(place.tenant.cluster, {}).get("state")
            wanted = self.wanted_states(place)
            if state not in wanted:
                out.append(f"{place.tenant.path} is {views.get(place.tenant.cluster)}, expected one of {wanted}")
        return out

    def wanted_states(self, place):
        if not place.bound:
            return (None,)
        if place.paused:
            return ("Paused",)
        if not self.model.served(place):
            return ("Refused", "Draining") if self.model.evicted else ("Refused",)
        return ("Degraded",) if self.model.blocked(place) or not place.claims else ("Syncing",)

    # -- telling

    def report(self, differences):
        lines = [f"seed {self.seed}, operation {self.number}: model and servers do not agree", *(f"  {text}" for text in differences[:40]),
                 f"again: tests/randomized/main.py --seed {self.seed} --ops {self.number}", f"log of syncerd: {self.syncerd.log}",
                 "the last operations:", *self.history[-100:]]
        for place in self.model.places:
            if self.syncerd.alive():
                lines.append(self.syncerd.ctl("dump", place.tenant.cluster, check=False).stdout)
        return "\n".join(lines)

    def summary(self):
        counts = ", ".join(f"{name} {count}" for name, count in self.counts.most_common())
        return (f"seed {self.seed}: {self.number} operations ({self.moot} had nothing to do), {self.quiets} quiet points, the slowest after "
                f"{self.slowest:.1f} s; {self.forgotten} times kcp had to be reminded of a claimed object; {counts}")

#!/usr/bin/python3
"""Measures syncerd beside the raw limit of the same servers, in one run, and prints one table. README.md explains the rows."""
import argparse
import contextlib
import os
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "e2e")]

import syncerd as product  # noqa: E402
from counting import Requests  # noqa: E402
from edge import Site  # noqa: E402
from measure import PAD, RawSync, Side, drive, mean_memory, memory, rawclient  # noqa: E402
from objects import NAMESPACES, WIDGETS, widget  # noqa: E402
from testbed import Testbed, wait_for  # noqa: E402
from world import World  # noqa: E402

ROUNDS = 4


def row(name, raw, own, unit, target="", held=None):
    """One line of the table; raw, held and own may be None. A ratio is only meaningful where both exist."""
    print(f"  {name:<52} {number(raw):>9} {number(held):>9} {number(own):>9} {unit:<7} {ratio(own, raw):>6} {ratio(own, held):>6}  {target}", flush=True)


def ratio(own, other):
    return f"{own / other:.2f}" if other and own is not None else ""


def number(value):
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def note(text):
    print(f"# {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


class Lane:
    """The minimal client in one workspace."""

    def __init__(self, bench, tenant, finalizer):
        self.bench, self.finalizer = bench, finalizer
        self.consumer, self.view = bench.consumer(tenant), bench.view(tenant)

    def down_sync(self):
        return RawSync(watch=self.view, watch_ns="default", write=self.bench.kube, write_ns="raw", finalizer=self.finalizer)

    def creates(self, prefix, count):
        with self.down_sync():
            return drive(self.consumer, "default", self.bench.kube, prefix, count)

    def statuses(self, prefix, count):
        with RawSync(watch=self.bench.kube, watch_ns="raw", write=self.view, write_ns="default", status=True):
            return drive(self.bench.kube, "raw", self.view, prefix, count, status_round=1)

    def bulk(self):
        with self.down_sync():
            return drive(self.consumer, "default", self.bench.kube, "held-bulk" if self.finalizer else "raw-bulk", self.bench.args.objects, 16, PAD)


class Own:
    """syncerd in one workspace, with what it asked of the servers and what its worker needed."""

    def __init__(self, bench, tenant, instance):
        self.bench, self.tenant, self.instance = bench, tenant, instance
        self.consumer = bench.consumer(tenant)
        instance.wait_state(tenant, "Syncing", 60)
        tenant.create(widget("first"))
        tenant.wait_down(WIDGETS, "first")
        self.changes, self.status_requests = 0, 0

    def settle(self):
        wait_for(lambda: self.instance.view(self.tenant).get("pending") == 0, 60, "nothing to be pending")
        return memory(self.instance.wait_worker(self.tenant))[1] * 1024

    def creates(self, prefix, count):
        return drive(self.consumer, "default", self.bench.kube, prefix, count)

    def statuses(self, prefix, count):
        requests = Requests(self.bench.site)
        result = drive(self.bench.kube, self.tenant.namespace(), self.consumer, prefix, count, status_round=1)
        self.status_requests += len(requests.up(cluster=self.tenant.cluster, resource="widgets"))
        self.changes += count
        return result

    def bulk(self):
        objects = self.bench.args.objects
        before, requests = self.settle(), Requests(self.bench.site)
        result = drive(self.consumer, "default", self.bench.kube, "own-bulk", objects, 16, PAD)
        after = self.settle()
        self.up = len(requests.up(cluster=self.tenant.cluster, resource="widgets")) / objects
        self.down = len(requests.down(resource="widgets")) / objects
        note("as many objects again")
        drive(self.consumer, "default", self.bench.kube, "own-more", objects, 16, PAD)
        self.object_bytes, self.further_bytes = (after - before) / objects, (self.settle() - after) / objects
        return result


class Bench:
    def __init__(self, bed, args):
        self.args = args
        self.bed = bed
        self.world = World(bed)
        self.world.install_target_type()
        self.world.install_crds(WIDGETS)
        self.directory = os.path.join(bed.directory, "bench")
        self.site = Site(self.world, self.directory, exports={"widgets": [WIDGETS]}, claims=())
        self.kube = Side(bed.kube.url, bed.kube.ca, bed.kube.ADMIN_TOKEN, self.directory)

    def consumer(self, tenant):
        """A tenant's workspace, as its owner sees it."""
        return Side(f"{self.bed.kcp.url}/clusters/{tenant.cluster}", self.bed.kcp.ca, self.bed.kcp.admin_token(), self.directory)

    def view(self, tenant):
        """The same through the virtual workspace, as a syncer sees it."""
        def url():
            slice_ = self.site.provider.api.find("apis.kcp.io/v1alpha1/apiexportendpointslices", "widgets") or {}
            return (slice_.get("status", {}).get("endpoints") or [{}])[0].get("url")

        return Side(f"{wait_for(url, 20, 'the endpoint')}/clusters/{tenant.cluster}", self.bed.kcp.ca, self.site.kcp_token, self.directory)

    # -- the three that are compared: the bare client, the same that holds each object first, syncerd

    def lanes(self, instance):
        """Each has a workspace of its own. syncerd writes nothing for the raw client's."""
        self.world.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "raw"}})
        raw = self.site.tenant()
        lanes = {"raw": Lane(self, raw, None), "held": Lane(self, raw, "bench.example.dev/held")}
        if instance:
            instance.wait_state(raw, "Syncing", 60)
            instance.ctl("pause", raw.path)
            lanes["own"] = Own(self, self.site.tenant(), instance)
        return lanes

    def latencies(self, lanes):
        """Rounds in turn, so that what else the machine does hits all alike; the median of the rounds counts."""
        results = {}
        for number_ in range(ROUNDS):
            for name, lane in lanes.items():
                note(f"round {number_ + 1} of {ROUNDS}: {name}")
                count = max(1, self.args.serial // ROUNDS)
                results.setdefault((name, "create"), []).append(lane.creates(f"{name}-{number_}", count))
                if name != "held":
                    results.setdefault((name, "status"), []).append(lane.statuses(f"{name}-{number_}", count))
        return {key: {field: statistics.median(result[field] for result in of_rounds) for field in ("p50_ms", "p99_ms")}
                for key, of_rounds in results.items()}

    def throughput(self, lanes):
        results = {}
        for name, lane in lanes.items():
            note(f"throughput: {name}")
            results[name] = lane.bulk()["per_s"]
        return results

    def launch(self):
        return product.Syncerd(os.path.join(self.directory, "syncerd"), self.site.config()).start()

    def restart(self, instance, tenant):
        """From exec to the first new object, with everything of before in sync."""
        note("syncerd: restart")
        instance.stop()
        tenant.create(widget("after"))
        started = time.monotonic()
        instance.start(ready=False)
        wait_for(lambda: tenant.down(WIDGETS, "after"), 120, "the new object")
        return time.monotonic() - started

    def crowd(self, instance, tenants, count):
        """Mean memory of `count` workers, idle and with objects."""
        note(f"syncerd: {count} workers")
        while len(tenants) < count:
            tenants += self.site.tenants(min(10, count - len(tenants)))
        for tenant in tenants[:count]:
            instance.wait_state(tenant, "Syncing", 120)
        return mean_memory([instance.wait_worker(tenant) for tenant in tenants[:count]])

    def load(self, instance, tenants):
        for tenant in tenants:
            drive(self.consumer(tenant), "default", self.kube, "load", self.args.objects, 16, PAD)
        for tenant in tenants:
            wait_for(lambda t=tenant: instance.view(t).get("pending") == 0, 60, "nothing to be pending")
        return mean_memory([instance.wait_worker(tenant) for tenant in tenants])


def report_speed(latencies, throughput):
    def values(change, field):
        return [latencies.get((name, change), {}).get(field) for name in ("raw", "own", "held")]

    for change, title, aim in (("create", "create to downstream", "<= 2x"), ("status", "status to kcp", "<= 1.5x")):
        for field in ("p50", "p99"):
            raw, own, held = values(change, f"{field}_ms")
            row(f"{title}, {field}", raw, own, "ms", aim if field == "p50" else "", held)
    row("throughput, objects of 2 KB", throughput["raw"], throughput.get("own"), "obj/s", ">= 0.7x", throughput["held"])


def report_own(own):
    row("requests per created object, kcp", 0, own.up, "", "1 (finalizer)", 1)
    row("requests per created object, cluster", 1, own.down, "", "1 (create)", 1)
    row("requests per status change, kcp", 1, own.status_requests / own.changes, "", "1 (patch)")
    row("bytes per synced object (private dirty)", None, own.object_bytes, "B", "<= 500")
    row("bytes per further object", None, own.further_bytes, "B")


def run(bench, args):
    print(f"  {'':<52} {'raw':>9} {'held':>9} {'syncerd':>9} {'':<7} {'/raw':>6} {'/held':>6}  aim")
    with contextlib.ExitStack() as stack:
        instance = None
        if not args.raw_only:
            instance = bench.launch()
            stack.callback(instance.end)
        lanes = bench.lanes(instance)
        latencies, throughput = bench.latencies(lanes), bench.throughput(lanes)
        report_speed(latencies, throughput)
        if args.raw_only:
            return
        report_own(lanes["own"])
        row(f"exec to first new object, {2 * args.objects} in sync", None, bench.restart(instance, lanes["own"].tenant), "s", "<= 2")
        tenants = []
        idle = [(count, bench.crowd(instance, tenants, count)) for count in args.workers]
        for count, (pss, dirty) in idle:
            row(f"memory per worker, {count} idle, PSS", None, pss / 1024, "MiB")
            row(f"memory per worker, {count} idle, private dirty", None, dirty / 1024, "MiB", "<= 2.5")
        for count in [count for count in args.workers if count <= args.loaded]:
            pss, dirty = bench.load(instance, tenants[:count])
            row(f"memory per worker, {count} with {args.objects} objects, PSS", None, pss / 1024, "MiB")
            row(f"memory per worker, {count} with {args.objects} objects, private dirty", None, dirty / 1024, "MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serial", type=int, default=200, help="changes made one after the other for the latencies")
    parser.add_argument("--objects", type=int, default=1000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--loaded", type=int, default=10, help="load objects into at most so many workers (50 takes long)")
    parser.add_argument("--raw-only", action="store_true", help="measure the servers alone")
    args = parser.parse_args()
    if not os.access(rawclient(), os.X_OK):
        sys.exit(f"bench: {rawclient()} is not built: cmake --build --preset release")
    with tempfile.TemporaryDirectory(prefix="syncerd-bench-") as directory, Testbed(os.path.join(directory, "bed")) as bed:
        if bed.kcp is None:
            sys.exit("bench: kcp is missing; tests/testbed/get-binaries.sh fetches it")
        run(Bench(bed, args), args)


if __name__ == "__main__":
    main()

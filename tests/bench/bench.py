#!/usr/bin/python3
"""Measures syncerd beside the raw limit of the same servers, in one run, and prints one table. README.md explains the rows."""
import argparse
import contextlib
import os
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

ROWS = []


def row(name, raw, own, unit, target=""):
    """One line of the table; raw or own may be None. The ratio is only meaningful where both exist."""
    ROWS.append((name, raw, own, unit, target))
    ratio = f"{own / raw:.2f}" if raw and own is not None else ""
    print(f"  {name:<52} {number(raw):>9} {number(own):>9} {unit:<7} {ratio:>6}  {target}", flush=True)


def number(value):
    return "-" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def note(text):
    print(f"# {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


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

    # -- the raw limit

    def raw(self):
        tenant = self.site.tenant()
        consumer, view = self.consumer(tenant), self.view(tenant)
        self.world.kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "raw"}})
        out = {}
        with RawSync(watch=view, write=self.kube, write_ns="raw"):
            note("raw: creates")
            out["create"] = drive(consumer, "default", self.kube, "raw-one", self.args.serial)
            note("raw: throughput")
            out["bulk"] = drive(consumer, "default", self.kube, "raw-bulk", self.args.objects, 16, PAD)
        with RawSync(watch=self.kube, watch_ns="raw", write=view, write_ns="default", status=True):
            note("raw: status")
            out["status"] = drive(self.kube, "raw", view, "raw-one", self.args.serial, status_round=1)
        return out

    # -- syncerd

    def launch(self):
        return product.Syncerd(os.path.join(self.directory, "syncerd"), self.site.config()).start()

    def own(self, instance, tenant):
        consumer = self.consumer(tenant)
        out = {}
        instance.wait_state(tenant, "Syncing", 60)
        tenant.create(widget("first"))
        tenant.wait_down(WIDGETS, "first")
        worker = instance.wait_worker(tenant)
        out["idle"] = memory(worker)
        note("syncerd: creates")
        out["create"] = drive(consumer, "default", self.kube, "own-one", self.args.serial)
        note("syncerd: throughput")
        before, requests = memory(worker), Requests(self.site)
        out["bulk"] = drive(consumer, "default", self.kube, "own-bulk", self.args.objects, 16, PAD)
        instance.wait_state(tenant, "Syncing")
        wait_for(lambda: instance.view(tenant).get("pending") == 0, 30, "nothing to be pending")
        out["up"] = len(requests.up(cluster=tenant.cluster, resource="widgets"))
        out["down"] = len(requests.down(resource="widgets"))
        out["loaded"] = memory(worker)
        out["object_bytes"] = (out["loaded"][1] - before[1]) * 1024 / self.args.objects
        note("syncerd: status")
        requests = Requests(self.site)
        out["status"] = drive(self.kube, tenant.namespace(), consumer, "own-one", self.args.serial, status_round=1)
        out["status_up"] = len(requests.up(cluster=tenant.cluster, resource="widgets"))
        return out

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


def latencies(raw, own):
    for quantile in ("p50", "p99"):
        row(f"create to downstream, {quantile}", raw["create"][f"{quantile}_ms"], own and own["create"][f"{quantile}_ms"], "ms",
            "<= 2x" if quantile == "p50" else "")
    for quantile in ("p50", "p99"):
        row(f"status to kcp, {quantile}", raw["status"][f"{quantile}_ms"], own and own["status"][f"{quantile}_ms"], "ms",
            "<= 1.5x" if quantile == "p50" else "")
    row(f"throughput, {raw['bulk']['count']} objects of 2 KB", raw["bulk"]["per_s"], own and own["bulk"]["per_s"], "obj/s", ">= 0.7x")


def report_own(own, objects, serial):
    row("requests per created object, kcp", 0, own["up"] / objects, "", "1 (finalizer)")
    row("requests per created object, cluster", 1, own["down"] / objects, "", "1 (create)")
    row("requests per status change, kcp", 1, own["status_up"] / serial, "", "1 (patch)")
    row("bytes per synced object (private dirty)", None, own["object_bytes"], "B", "<= 500")


def run(bench, args):
    print(f"  {'':<52} {'raw':>9} {'syncerd':>9} {'':<7} {'ratio':>6}  aim")
    raw = bench.raw()
    if args.raw_only:
        latencies(raw, None)
        return
    with contextlib.ExitStack() as stack:
        tenant = bench.site.tenant()
        instance = bench.launch()
        stack.callback(instance.end)
        own = bench.own(instance, tenant)
        latencies(raw, own)
        report_own(own, args.objects, args.serial)
        row(f"exec to first new object, {args.objects} in sync", None, bench.restart(instance, tenant), "s", "<= 2")
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

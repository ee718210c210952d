"""Fixtures: the servers (once), what every suite finds on them, one SyncTarget and one syncerd for each module."""

import os
import signal
import sys
import tempfile

import pytest
import syncerd as product
from edge import Site
from objects import GADGETS, GIZMOS, WIDGETS
from testbed import Testbed
from testbed.binaries import KCP_BINARIES, KUBE_BINARIES, SHARD_BINARIES, missing
from world import World

running = []  # every Syncerd of the present module, for the reports

# Two servers more than everything else needs: where they are not, that suite is no part of the run.
no_shards = missing(SHARD_BINARIES)
collect_ignore = ["test_sharded.py"] if no_shards else []


def pytest_report_header():
    lines = [f"syncerd: {product.BUILD}/bin"]
    if no_shards:
        lines.append(f"left out: test_sharded.py, because {' and '.join(no_shards)} cannot be found (tests/testbed/get-binaries.sh)")
    return lines


def pytest_collection_modifyitems(items):
    """Without the programs nothing here can run: say which one is missing, suite by suite."""
    reason = None
    absent = missing(KUBE_BINARIES + KCP_BINARIES)
    if absent:
        reason = f"{', '.join(absent)} not found (tests/testbed/get-binaries.sh fetches the servers)"
    elif not product.is_built():
        reason = f"syncerd is not built in {product.BUILD}/bin"
    if reason:
        for item in items:
            item.add_marker(pytest.mark.skip(reason=f"{item.module.__name__}: {reason}"))


@pytest.fixture(scope="session")
def bed():
    """The servers. SYNCERD_TESTBED_DIR keeps data and logs in a directory of your choice."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chosen = os.environ.get("SYNCERD_TESTBED_DIR")
    servers = Testbed(chosen or tempfile.mkdtemp(prefix="syncerd-e2e-"), keep=bool(chosen))
    servers.start()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def world(bed):
    made = World(bed)
    made.install_target_type()
    made.install_crds(WIDGETS, GADGETS, GIZMOS)
    return made


@pytest.fixture(scope="session")
def scratch(bed):
    """A function that makes a new directory beside the servers' logs: what failed tests leave is in one place."""
    count = iter(range(1, 10000))

    def make(stem):
        path = os.path.join(bed.directory, f"{stem}-{next(count)}")
        os.makedirs(path)
        return path

    return make


@pytest.fixture(scope="module")
def launch(scratch):
    """A function that makes a Syncerd for a configuration; all of them end with the module."""
    del running[:]

    def make(config, start=True):
        instance = product.Syncerd(scratch("syncerd"), config)
        running.append(instance)
        return instance.start() if start else instance

    yield make
    for instance in running:
        instance.end()
    reports = [instance.sanitizer_report() for instance in running]
    assert not any(reports), next(report for report in reports if report)


@pytest.fixture(scope="module")
def new_site(world, scratch):
    """A function that makes a SyncTarget with provider and accounts; see edge.Site."""

    def make(**options):
        return Site(world, scratch("site"), **options)

    return make


@pytest.fixture(scope="module")
def site(new_site):
    """The module's SyncTarget: export `widgets` (Widget, Gadget) that claims ConfigMaps."""
    return new_site()


@pytest.fixture(scope="module")
def syncerd(site, launch):
    """syncerd for the module's SyncTarget."""
    return launch(site.config())


@pytest.fixture(scope="module")
def pair(site, syncerd):
    """Two tenants of the module, both served."""
    tenants = site.tenants(2)
    for tenant in tenants:
        syncerd.wait_state(tenant, "Syncing")
    return tenants


@pytest.fixture(scope="module")
def tenant(pair):
    """The first of the module's two tenants."""
    return pair[0]


@pytest.fixture(autouse=True)
def sound():
    """No sanitizer report while a test ran, whatever the test itself looked at."""
    yield
    reports = [instance.sanitizer_report() for instance in running]
    assert not any(reports), next(report for report in reports if report)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """After a failure: the end of every syncerd's log, and where the servers' logs stay."""
    report = (yield).get_result()
    if report.failed:
        for instance in running:
            report.sections.append((f"syncerd log ({instance.log})", instance.tail()))
        servers = item.funcargs.get("bed") if hasattr(item, "funcargs") else None
        if servers is None:
            servers = getattr(item.funcargs.get("world"), "bed", None) if hasattr(item, "funcargs") else None
        if servers is not None:
            servers.keep = True
            report.sections.append(("testbed", f"logs are kept in {servers.directory}"))

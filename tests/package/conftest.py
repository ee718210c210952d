"""Fixtures: the machine (once), two versions of the package, the servers of tests/e2e, and the product as it is installed in there."""
import pytest
from inside import Edge, Service
from machine import Machine, Unable
from packages import build
from syncerd import BUILD, is_built
from testbed.binaries import KCP_BINARIES, KUBE_BINARIES, missing
from testbed.debian import NoDebian

from e2e.conftest import bed, scratch, world  # noqa: F401: fixtures

services = []


def pytest_collection_modifyitems(items):
    absent = missing(KUBE_BINARIES + KCP_BINARIES)
    reason = f"{', '.join(absent)} not found (tests/testbed/get-binaries.sh fetches the servers)" if absent else None
    if not reason and not is_built():
        reason = f"syncerd is not built in {BUILD}/bin"
    for item in items:
        if reason:
            item.add_marker(pytest.mark.skip(reason=f"{item.module.__name__}: {reason}"))


@pytest.fixture(scope="session")
def machine():
    """A Debian 12 that runs systemd, without the product."""
    made = Machine()
    try:
        try:
            made.probe()
        except (Unable, NoDebian, OSError) as error:
            pytest.skip(f"no booted Debian here: {error}")
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def debs(machine, tmp_path_factory):
    """The package of the build under test, and a later version of it."""
    return build(tmp_path_factory.mktemp("debs"))


@pytest.fixture(scope="session")
def service(machine):
    services.append(Service(machine))
    return services[0]


@pytest.fixture(scope="session")
def edge(machine, debs, world, scratch):  # noqa: F811
    return Edge(world, scratch("package"), machine)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """After a failure: what systemd and syncerd said."""
    report = (yield).get_result()
    for service in services if report.failed else ():
        done = service.machine.run("journalctl", "-n", "60", "--no-pager", "-u", "syncerd", check=False)
        report.sections.append(("journal of syncerd", done.stdout + done.stderr))

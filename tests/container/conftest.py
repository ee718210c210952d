"""Fixtures: podman with the image (once), and the servers of tests/e2e."""

import tempfile

import pytest
from engine import Engine, Unable
from syncerd import BUILD, is_built
from testbed.binaries import KCP_BINARIES, KUBE_BINARIES, missing
from testbed.debian import NoDebian

from e2e.conftest import bed, scratch, world  # noqa: F401: fixtures

engines = []


def pytest_collection_modifyitems(items):
    absent = missing(KUBE_BINARIES + KCP_BINARIES + ("kubectl",))
    reason = f"{', '.join(absent)} not found (tests/testbed/get-binaries.sh fetches the servers)" if absent else None
    if not reason and not is_built():
        reason = f"syncerctl is not built in {BUILD}/bin"
    for item in items:
        if reason and "bed" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason=f"{item.module.__name__}: {reason}"))


@pytest.fixture(scope="session")
def engine():
    """podman, on a machine that can run a container."""
    made = Engine(tempfile.mkdtemp(prefix="syncerd-box-"))
    try:
        made.probe()
        made.base()
        engines.append(made)
        yield made
    except (Unable, NoDebian) as error:
        pytest.skip(f"no containers here: {error}")
    finally:
        made.close()


@pytest.fixture(scope="session")
def image(engine):
    """The image, built from the Containerfile. A failure here is the product's."""
    engine.build()
    return "localhost/syncerd"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """After a failure: the end of each container's log."""
    report = (yield).get_result()
    for made in engines if report.failed else ():
        for name in made.attempt("ps", "--all", "--format", "{{.Names}}").split():
            report.sections.append((f"container {name}", made.attempt("logs", "--tail", "60", name)))

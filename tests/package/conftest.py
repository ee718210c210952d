import os
import pathlib

import pytest
from machine import Machine
from sim_suite.simulator import Simulator


def wanted(name):
    value = os.environ.get(name)
    if not value:
        pytest.exit(f"{name} is not set; see tests/package/README.md", returncode=2)
    return pathlib.Path(value)


@pytest.fixture(scope="session")
def debs():
    """The package, and a later version of it."""
    return wanted("SYNCERD_DEB"), wanted("SYNCERD_DEB_NEXT")


@pytest.fixture(scope="session")
def machine():
    made = Machine(wanted("SYNCERD_PACKAGE_ROOT"))
    try:
        yield made.boot()
    finally:
        made.stop()


@pytest.fixture(scope="session")
def sim():
    simulator = Simulator()
    yield simulator
    simulator.stop()

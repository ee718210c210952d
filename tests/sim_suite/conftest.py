import os
import pathlib
import shutil
import tempfile

import pytest

from .simulator import Simulator
from .syncer import DIRECT, Syncerd, has_products


@pytest.fixture
def place():
    """A directory with a short name: paths of Unix sockets are limited."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sy-"))
    yield directory
    if not os.environ.get("SYNCERD_KEEP"):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def sim(place):
    with open(place / "sim.log", "wb") as log:
        simulator = Simulator(log=log)
        yield simulator
        simulator.stop()


@pytest.fixture
def make_syncerd(sim, place):
    """A function that starts a syncerd; all of them must end in good order."""
    made = []

    def make(**options):
        if not has_products():
            pytest.skip("syncerd is not built")
        directory = place / str(len(made))
        directory.mkdir()
        made.append(Syncerd(directory, sim, **options))
        return made[-1].start()

    yield make
    for instance in made:
        instance.stop()
        instance.check_log()


@pytest.fixture
def syncerd(sim, make_syncerd):
    """syncerd with SyncTarget edge-1 and its three teams."""
    instance = make_syncerd()
    instance.wait_syncing("root:org:team-a", "root:org:team-b", "root:org:team-c")
    return instance


@pytest.fixture
def direct(sim, make_syncerd):
    """syncerd in direct mode for team-a alone: nothing but a worker's own requests."""
    instance = make_syncerd(mode=DIRECT)
    instance.wait_syncing("root:org:team-a")
    return instance

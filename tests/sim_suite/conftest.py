import json
import os
import pathlib
import shutil
import tempfile

import pytest

from .simulator import SEED, Simulator
from .syncer import DIRECT, Syncerd, has_products


def pytest_collection_modifyitems(items):
    """The long ones first, so that in a parallel run the others pass meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture
def place():
    """A directory with a short name: paths of Unix sockets are limited."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="sy-"))
    yield directory
    if not os.environ.get("SYNCERD_KEEP"):
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def sim(request, place):
    with open(place / "sim.log", "wb") as log:
        simulator = Simulator(log=log, seed=getattr(request.node, "sim_seed", SEED))
        yield simulator
        simulator.stop()


@pytest.fixture
def scoped_sim(request, place):
    """The simulator as fixture `sim`, with the cluster-scoped type Gadget beside Widget in the export and in the cluster."""
    seed = json.loads(SEED.read_text())
    for workspace in seed["kcp"]:
        for item in list(workspace["objects"]):
            if item["metadata"]["name"] == "v1.widgets.example.dev":
                workspace["objects"].insert(0, as_gadget(item))
            elif item["kind"] == "APIExport" and item["metadata"]["name"] == "widgets":
                item["spec"]["resources"].append(
                    {"name": "gadgets", "group": "example.dev", "schema": "v1.gadgets.example.dev", "storage": {"crd": {}}})
    seed["cluster"] += [as_gadget(item) for item in seed["cluster"] if item["metadata"]["name"] == "widgets.example.dev"]
    (place / "seed.json").write_text(json.dumps(seed))
    request.node.sim_seed = place / "seed.json"
    return request.getfixturevalue("sim")


def as_gadget(widget):
    text = json.dumps(widget).replace("widgets", "gadgets").replace("widget", "gadget").replace("Widget", "Gadget")
    return json.loads(text.replace('"Namespaced"', '"Cluster"'))


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

import pytest

from .simulator import Simulator


@pytest.fixture
def sim(tmp_path):
    with open(tmp_path / "sim.log", "wb") as log:
        simulator = Simulator(log=log)
        yield simulator
        simulator.stop()

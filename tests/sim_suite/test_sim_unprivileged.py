"""syncerd as a user without rights, as the service and the container run it."""
import os
import shutil

import pytest

from .simulator import binaries
from .world import TEAM, wait_for

NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user; then all other tests run without rights")
def test_nothing_is_missing_without_rights(sim, make_syncerd, place, monkeypatch):
    programs = place / "bin"  # the build tree may lie where others have no access
    programs.mkdir(mode=0o755)
    for name in ("syncerd", "syncer-worker", "syncerctl"):
        shutil.copy(binaries() / name, programs)
    monkeypatch.setenv("SYNCERD_BIN", str(programs))
    syncerd = make_syncerd(user=NOBODY)
    syncerd.wait_syncing(TEAM)
    wait_for(lambda: syncerd.workspace(TEAM).get("memoryBytes", 0) > 100_000, 10, "the memory of the worker")

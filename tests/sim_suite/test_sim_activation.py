"""A control socket that a service manager has opened: clients may come before syncerd, and the socket outlives it."""
import json
import os
import socket
import subprocess

import pytest

from .simulator import binaries
from .syncer import DIRECT, Syncerd, has_products
from .world import TEAM

# The manager's part of sd_listen_fds(3): the socket as descriptor 3, and for which process it is.
HAND_OVER = 'exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; exec "$@"'


@pytest.fixture
def manager(sim, place):
    """A listening socket where the configuration has it, and a function that starts syncerd with it."""
    if not has_products():
        pytest.skip("syncerd is not built")
    instance = Syncerd(place, sim, mode=DIRECT)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(instance.socket))
        listener.listen(8)

        def start(passed=listener):
            with open(instance.log, "ab") as log:
                instance.process = subprocess.Popen(
                    ["sh", "-c", HAND_OVER, "sh", str(binaries() / "syncerd"), "--config", str(instance.config)],
                    stdin=passed, stdout=log, stderr=log, start_new_session=True)
            return instance

        yield start
        instance.stop()
        instance.check_log()


def ask(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(20)
    client.connect(str(path))
    client.sendall(b'{"v":1,"id":1,"verb":"version","args":{}}\n')
    return client


def answer(client):
    with client, client.makefile() as lines:
        return json.loads(lines.readline())


def test_who_came_first_is_answered(manager, place):
    client = ask(place / "run" / "control.sock")  # nobody is there yet
    syncerd = manager()
    assert answer(client)["ok"]
    syncerd.wait_syncing(TEAM)
    assert "control socket" not in syncerd.log_tail(100)


def test_the_socket_stays_over_a_restart(manager, place):
    path = place / "run" / "control.sock"
    syncerd = manager()
    syncerd.wait_syncing(TEAM)
    inode = path.stat().st_ino
    syncerd.stop()
    assert path.stat().st_ino == inode
    client = ask(path)
    manager().wait_syncing(TEAM)
    assert answer(client)["ok"]
    assert path.stat().st_ino == inode


def test_only_the_supervisor_holds_it(manager, place):
    syncerd = manager()
    syncerd.wait_syncing(TEAM)
    inode = f"socket:[{listening_inode(syncerd.process.pid)}]"
    worker = syncerd.pids()[TEAM]
    assert inode not in [os.readlink(f"/proc/{worker}/fd/{fd}") for fd in os.listdir(f"/proc/{worker}/fd")]
    with open(f"/proc/{worker}/environ", "rb") as environment:
        assert b"LISTEN_" not in environment.read()


def listening_inode(pid):
    return os.readlink(f"/proc/{pid}/fd/3").removeprefix("socket:[").removesuffix("]")


def test_another_path_than_configured_is_named(manager, place):
    """It is served, since that is what the manager wants, but syncerctl would look elsewhere."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(place / "other.sock"))
        other.listen(8)
        syncerd = manager(other)
        assert answer(ask(place / "other.sock"))["ok"]
        text = syncerd.log_tail(100)
        assert "other.sock" in text and str(syncerd.socket) in text, text


def test_what_is_no_socket_is_refused(manager, place):
    with open(place / "file", "w+b") as file:
        syncerd = manager(file)
        assert syncerd.process.wait(20) == 3
        syncerd.process = None
        assert "descriptor 3 is not a listening Unix stream socket" in syncerd.log_tail()

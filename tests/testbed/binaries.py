"""Where the programs of the testbed come from."""

import os
import shutil

KUBE_BINARIES = ("etcd", "kube-apiserver", "kube-controller-manager")
KCP_BINARIES = ("kcp",)
SHARD_BINARIES = ("kcp-front-proxy", "cache-server")  # beside kcp, for several shards; nothing else needs them
ALL_BINARIES = KUBE_BINARIES + KCP_BINARIES + ("kubectl",)


class MissingBinary(Exception):
    """A program that the testbed needs is nowhere; str() tells where it was looked for."""


def search_path():
    """Directories in the order in which they are searched; $PATH comes last."""
    places = []
    if os.environ.get("SYNCERD_TESTBED"):
        places.append(os.environ["SYNCERD_TESTBED"])
    places.append(os.path.expanduser("~/.cache/syncerd-testbed"))
    return places + os.environ.get("PATH", os.defpath).split(os.pathsep)


def find_binary(name):
    """The path of an executable, or MissingBinary."""
    found = shutil.which(name, path=os.pathsep.join(search_path()))
    if not found:
        raise MissingBinary(f"{name} is in neither $SYNCERD_TESTBED, ~/.cache/syncerd-testbed nor $PATH; tests/testbed/get-binaries.sh fetches it")
    return found


def missing(names):
    """The names among `names` that are nowhere to be found."""
    absent = []
    for name in names:
        try:
            find_binary(name)
        except MissingBinary:
            absent.append(name)
    return absent

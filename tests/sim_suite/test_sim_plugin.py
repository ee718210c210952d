"""syncerctl as a plugin of kubectl: its name in messages, and what kubectl_complete-syncer answers to unfinished lines."""
import subprocess

import pytest

from .simulator import binaries
from .world import TEAM


def run(name, *words):
    return subprocess.run([str(binaries() / name), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def complete(*words):
    """The candidates, without their meanings, and the directive."""
    done = run("kubectl_complete-syncer", *words)
    assert done.returncode == 0 and done.stderr == "", done
    *candidates, directive = done.stdout.splitlines()
    return [line.partition("\t")[0] for line in candidates], directive


@pytest.mark.parametrize("words, wanted", [
    (("desc",), ["describe"]),
    (("",), ["status", "workspaces", "events", "explain", "install"]),
    (("describe", ""), ["workspace", "object"]),
    (("-s", "/nowhere", "install", "k"), ["kcp"]),
    (("loglevel", "w"), ["warning"]),
    (("explain", "MassDel"), ["MassDeletionHeld"]),
    (("status", "-o", "y"), ["yaml"]),
    (("--so",), ["--socket"]),
    (("--socket=/nowhere", "describe", "workspace", ""), []),
    (("describe", "workspace", "root:a", ""), []),
    (("no-such-command", ""), []),
], ids=" ".join)
def test_words(words, wanted):
    found, directive = complete(*words)
    assert directive == ":4" and set(found) >= set(wanted) and (len(wanted) > 3 or found == wanted), found


def test_a_file_is_for_the_shell_to_complete():
    assert complete("status", "--socket", "/r") == ([], ":0")
    assert complete()[1] == ":4"


def test_workspaces(syncerd):
    paths = ["root:org:team-a", "root:org:team-b", "root:org:team-c"]
    for words in (("describe", "workspace", ""), ("restart", "root:org"), ("loglevel", "debug", "root:"), ("describe", "object", "")):
        assert sorted(complete("--socket", syncerd.socket, *words)[0]) == paths
    assert complete("-s", syncerd.socket, "pause", TEAM[:-1] + "b") == (["root:org:team-b"], ":4")


def test_it_knows_its_name(tmp_path):
    """In usage and messages, so that what they say can be typed."""
    assert run("kubectl-syncer", "--help").stdout.startswith("Usage: kubectl syncer [OPTION...] COMMAND")
    assert "'kubectl syncer COMMAND --help'" in run("kubectl-syncer", "--help").stdout
    for words in (("describe",), ("drain",), ("install", "kcp")):
        assert run("kubectl-syncer", *words, "--help").stdout.startswith(f"Usage: kubectl syncer {' '.join(words)} ")
        assert run("syncerctl", *words, "--help").stdout.startswith(f"Usage: syncerctl {' '.join(words)} ")
    done = run("kubectl-syncer", "status", "--socket", str(tmp_path / "none.sock"))
    assert done.returncode == 6 and done.stderr.startswith("kubectl syncer: "), done
    assert run("kubectl-syncer", "no-such-verb").returncode == 2

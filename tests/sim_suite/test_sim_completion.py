"""The completions of bash and zsh, by their tabulator key, with a running syncerd; and what scripts read instead: names, and no colours."""
import os
import pathlib
import shutil
import subprocess

import pytest
from testbed.terminal import Terminal

from .simulator import ROOT, binaries
from .world import TEAM, Team, wait_for

TEAMS = [f"root:org:team-{letter}" for letter in "abc"]
COMPLETIONS = ROOT / "packaging" / "completions"
BASH_COMPLETION = pathlib.Path("/usr/share/bash-completion/bash_completion")
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], f". {BASH_COMPLETION}; . {COMPLETIONS}/syncerctl.bash"),
    "zsh": (["zsh", "-f", "-i"], f"fpath=({COMPLETIONS} $fpath); autoload -U compinit; compinit -D -u"),
}


@pytest.fixture(params=SHELLS)
def shell(request, place):
    """A shell at a prompt that has loaded the completion."""
    command, setup = SHELLS[request.param]
    if shutil.which(request.param) is None or (request.param == "bash" and not BASH_COMPLETION.exists()):
        pytest.skip(f"{request.param} or its completions are not installed")
    terminal = Terminal(*command, rows=50, columns=200, HOME=str(place), ZDOTDIR=str(place), PATH=f"{binaries()}:{os.environ['PATH']}", PS1="> ")
    terminal.type(f"PS1='%% '; {setup}; PS1='ready''> '\r".encode())
    terminal.wait(lambda lines: prompt(lines) == "ready>", "the prompt")
    yield terminal
    terminal.close()


def prompt(lines):
    """The line that is being typed."""
    return next((line for line in reversed(lines) if line.startswith("ready>")), "")


def complete(shell, typed, wanted):
    """Type and press the key; the line must become the wanted one."""
    shell.type(b"\x15" + typed.encode() + b"\t")
    shell.wait(lambda lines: prompt(lines) == f"ready> {wanted}", f"{typed!r} to become {wanted!r}")


def test_names_by_key(syncerd, shell):
    front = f"syncerctl -s {syncerd.socket}"
    complete(shell, f"{front} rest", f"{front} restart")
    complete(shell, f"{front} restart root:o", f"{front} restart root:org:team-")
    shell.type(b"\t\t")
    shell.wait(lambda lines: all(any(team[-6:] in line and not line.startswith("ready") for line in lines) for team in TEAMS), "the three to be shown")
    for words in ("describe workspace", "describe object", "loglevel debug", "events", "dump"):
        complete(shell, f"{front} {words} root:", f"{front} {words} root:org:team-")
    complete(shell, f"syncerctl resume --socket {syncerd.socket} root:org:team-b", f"syncerctl resume --socket {syncerd.socket} root:org:team-b")
    shell.type(b"\r")
    shell.wait(lambda lines: any("workspace root:org:team-b is syncing again" in line for line in lines), "what was completed to be run")
    shell.wait(lambda lines: prompt(lines) == "ready>", "the next prompt")
    complete(shell, "syncerctl explain MassDeletionH", "syncerctl explain MassDeletionHeld")
    complete(shell, "syncerctl top --sort rest", "syncerctl top --sort restarts")
    complete(shell, "syncerctl workspaces --output na", "syncerctl workspaces --output name")


def test_names_for_scripts(syncerd):
    assert sorted(syncerd.ctl("workspaces", "-o", "name").splitlines()) == TEAMS
    assert syncerd.ctl("top", "--interval", "200ms", "-o", "name").splitlines() == TEAMS
    assert syncerd.ctl("restart", "teama0000000000a", "-o", "name") == f"{TEAM}\n"
    assert syncerd.ctl("-o", "name", "describe", "workspace", "teama0000000000a") == f"{TEAM}\n"


def test_objects_for_scripts(sim, direct):
    """Each name of an object that fails is a key that describe takes."""
    team = Team(sim)
    team.create("w1", "w2", size=1)
    team.wait_down("w1", "w2", size=1)
    sim.cluster.fault("status:422", method="PATCH", path="/widgets/w1", query="force=true", times=-1)
    team.patch("w1", size=2)
    wait_for(lambda: direct.ctl("dump", TEAM, "-o", "name") == "widgets.example.dev/default/w1\n", 60, "the name of the object that fails")
    assert direct.ctl("describe", "object", TEAM, "widgets.example.dev/default/w1", "-o", "name") == "widgets.example.dev/default/w1\n"


def test_who_has_no_names_does_nothing(direct):
    for words in (("status",), ("version",), ("loglevel", "debug"), ("drain",), ("events", "-f")):
        done = subprocess.run([binaries() / "syncerctl", "-s", direct.socket, *words, "-o", "name"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)
        assert done.returncode == 2 and done.stdout == "" and "has no names" in done.stderr, done


@pytest.mark.parametrize("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
                         ids=["terminal", "NO_COLOR", "NO_COLOR empty", "dumb"])
def test_colours_are_for_terminals(syncerd, environment, coloured):
    assert "\x1b" not in syncerd.ctl("status")
    terminal = Terminal(binaries() / "syncerctl", "-s", syncerd.socket, "status", **{"NO_COLOR": None, **environment})
    try:
        assert terminal.wait_end() == 0 and (b"\x1b[" in terminal.raw) is coloured, terminal.raw
    finally:
        terminal.close()

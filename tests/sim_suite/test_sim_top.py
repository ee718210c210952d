"""syncerctl top: on a terminal, as text, and while syncerd is away."""
import json
import signal
import subprocess

import pytest
from testbed.terminal import Terminal

from .simulator import binaries
from .world import TEAM, Team, wait_for

TEAMS = [f"root:org:team-{letter}" for letter in "abc"]
ROWS_FROM = 4  # below summary, totals, keys and headings
KEYS = {"path": b"p", "rate": b"r", "lag": b"l", "memory": b"m", "restarts": b"s"}


@pytest.fixture
def top(place):
    """A function that starts top on a terminal."""
    made = []

    def start(instance, *options, **more):
        made.append(Terminal(binaries() / "syncerctl", "--socket", instance.socket, "top", "--interval", "200ms", *options, **more))
        return made[-1]

    yield start
    for terminal in made:
        terminal.close()


def row(lines, path):
    """The row of one workspace, by the headings: {"OBJECTS": "3"}."""
    heading = next((line for line in lines if line.startswith("WORKSPACE")), "").split()
    cells = next((line for line in lines if line.startswith(path)), "").split()
    return dict(zip(heading, cells)) if len(cells) == len(heading) else {}


def order(lines):
    return [line.split()[0] for line in lines if line.startswith("root:")]


def text(instance, *options, check=True):
    done = subprocess.run([binaries() / "syncerctl", "--socket", instance.socket, "top", "--interval", "200ms", *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=180, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done if not check else done.stdout


def test_a_terminal(sim, syncerd, top):
    terminal, team = top(syncerd), Team(sim)
    terminal.wait(lambda lines: order(lines) == TEAMS, "three rows by path")
    lines = terminal.lines()
    assert lines[0].startswith("syncerd ") and "SyncTarget edge-1" in lines[0] and "Workers 3 of 3 running" in lines[1]
    assert row(lines, TEAM)["PHASE"] == "Syncing" and row(lines, TEAM)["PRIVATE"].endswith("Mi"), lines
    number = 0

    def more(lines):
        nonlocal number
        team.create(f"w{number}")
        number += 1
        return float(row(lines, TEAM).get("WRITES/S", "-").replace("-", "0")) > 0 and row(lines, TEAM)["OBJECTS"] != "0"
    terminal.wait(more, "a rate")
    terminal.wait(lambda lines: row(lines, TEAM)["OBJECTS"] == str(number), "all objects counted")
    assert f"Objects {number}" in terminal.lines()[1]

    syncerd.ctl("restart", TEAMS[2])
    terminal.wait(lambda lines: row(lines, TEAMS[2]).get("RESTARTS") == "1" and row(lines, TEAMS[2])["PHASE"] == "Syncing", "the restart")
    assert row(terminal.lines(), TEAM)["RESTARTS"] == "0"
    for name, key in KEYS.items():
        terminal.type(key)
        terminal.wait(lambda lines, name=name: f"By {name}." in lines[2], f"rows by {name}")
    terminal.wait(lambda lines: order(lines) == [TEAMS[2], *TEAMS[:2]], "the restarted one on top")
    terminal.type(KEYS["path"])
    terminal.wait(lambda lines: order(lines) == TEAMS, "rows by path again")
    check_sizes(terminal)
    terminal.type(b"q")
    assert terminal.wait_end() == 0


def check_sizes(terminal):
    """Whatever the size: what fits is there, what does not is counted, and nothing runs over."""
    terminal.resize(6, 60)
    terminal.wait(lambda lines: lines[-1] == "2 more (0 above, 2 below)" and order(lines) == TEAMS[:1], "one row and the number of the others")
    terminal.type(b"\x1b[B")
    terminal.wait(lambda lines: order(lines) == TEAMS[1:2] and lines[-1] == "2 more (1 above, 1 below)", "the next row")
    terminal.type(b"\x1b[6~")
    terminal.wait(lambda lines: order(lines) == TEAMS[2:] and lines[-1] == "2 more (2 above, 0 below)", "the last row")
    terminal.type(b"\x1b[B\x1b[B\x1b[A")
    terminal.wait(lambda lines: order(lines) == TEAMS[1:2], "the row before the last")
    terminal.type(b"\x1b[5~\x1b[5~")
    terminal.wait(lambda lines: order(lines) == TEAMS[:1], "the first row")
    terminal.resize(3, 20)
    terminal.wait(lambda lines: lines[0].startswith("syncerd") and len(lines[0]) == 20, "a small screen")
    terminal.resize(30, 130)
    terminal.wait(lambda lines: order(lines) == TEAMS and set(row(lines, TEAM)) >= {"RSS", "REPORT"}, "a large screen with all columns")
    terminal.resize(30, 40)
    terminal.wait(lambda lines: order(lines) == TEAMS and set(row(lines, TEAM)) >= {"PHASE", "LAG"} and "RSS" not in row(lines, TEAM),
                  "a narrow screen with the columns that matter")


def test_syncerd_goes_away_and_comes_back(syncerd, top):
    terminal = top(syncerd)
    terminal.wait(lambda lines: order(lines) == TEAMS, "three rows")
    syncerd.stop()
    terminal.wait(lambda lines: lines[2].startswith("syncerd does not answer, trying again:"), "the trouble to be told")
    assert order(terminal.lines()) == TEAMS, "what was known last stays to be seen"
    terminal.type(KEYS["memory"])  # is taken although nobody answers
    terminal.resize(24, 100)
    syncerd.start()
    terminal.wait(lambda lines: "By memory." in lines[2] and sorted(order(lines)) == TEAMS and row(lines, TEAM).get("PHASE") == "Syncing",
                  "the rows of the new syncerd")
    assert terminal.process.poll() is None
    terminal.type(b"q")
    assert terminal.wait_end() == 0


def test_nobody_there_at_first(sim, place, top, make_syncerd):
    class Nobody:
        socket = place / "none.sock"
    terminal = top(Nobody)
    terminal.wait(lambda lines: "none.sock" in " ".join(lines), "the trouble to be told")
    terminal.type(b"q")
    assert terminal.wait_end() == 0


@pytest.mark.parametrize("how, status", [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGHUP, -signal.SIGHUP), (b"\x03", 0), (b"\x1c", -signal.SIGQUIT),
                                         ("count", 0)], ids=["term", "hup", "interrupt", "quit", "count"])
def test_every_end_restores_the_terminal(direct, top, how, status):
    terminal = top(direct, *(["--count", "2"] if how == "count" else []))
    terminal.wait(lambda lines: order(lines) == [TEAM], "a row")
    if isinstance(how, bytes):
        terminal.type(how)
    elif how != "count":
        terminal.process.send_signal(how)
    assert terminal.wait_end() == status


def test_as_text(sim, syncerd, top):
    lines = text(syncerd).splitlines()
    assert lines[0].startswith("syncerd ") and lines[1].startswith("Workers 3 of 3") and order(lines) == TEAMS
    assert row(lines, TEAM)["REQ/S"] != "-", "a rate needs two looks, and there were two"
    assert "\x1b" not in text(syncerd, "--once")
    wide = text(syncerd, "-o", "wide").splitlines()
    assert "CLUSTER" in wide[3] and "teama0000000000a" in wide[ROWS_FROM]
    syncerd.ctl("restart", TEAMS[1])
    wait_for(lambda: order(text(syncerd, "--sort", "restarts").splitlines()) == [TEAMS[1], TEAMS[0], TEAMS[2]], 60, "the restarted one on top")
    team, number = Team(sim), 0

    def busy():
        """Objects are made while it looks."""
        nonlocal number
        with subprocess.Popen([binaries() / "syncerctl", "--socket", syncerd.socket, "top", "--interval", "1", "--count", "2", "-o", "json"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                team.create(f"w{number}")
                number += 1
            samples = [json.loads(line) for line in process.stdout]
        assert process.returncode == 0 and len(samples) == 2
        found = [entry for sample in samples for entry in sample["list"] if entry["path"] == TEAM]
        return any((entry["writesPerSecond"] or 0) > 0 and (entry["requestsPerSecond"] or 0) > 0 for entry in found)
    wait_for(busy, 60, "rates of a workspace at work")


def test_where_no_screen_can_be(direct, top):
    """A terminal without a description, as where terminfo is not installed, or one that only prints lines."""
    for kind, words in (("no-such-terminal", "terminfo"), ("dumb", "cannot show a screen")):
        terminal = top(direct, TERM=kind)
        terminal.wait(lambda lines, words=words: order(lines) == [TEAM] and words in " ".join(lines), f"text on terminal {kind}")
        assert terminal.wait_end() == 0 and b"\x1b" not in terminal.raw
    gone = text(type("Nobody", (), {"socket": direct.directory / "none.sock"}), check=False)
    assert gone.returncode == 6 and "none.sock" in gone.stderr


@pytest.mark.parametrize("environment, colours", [({}, True), ({"NO_COLOR": "1"}, False)], ids=["colour", "plain"])
def test_colours(direct, top, environment, colours):
    direct.ctl("pause", TEAM)
    terminal = top(direct, NO_COLOR=environment.get("NO_COLOR"))
    terminal.wait(lambda lines: row(lines, TEAM).get("PHASE") == "Paused", "a paused workspace")
    line = next(index for index, line in enumerate(terminal.lines()) if line.startswith(TEAM))
    seen = {terminal.screen.buffer[line][column].fg for column in range(10)}
    assert (seen == {"brown"}) is colours and (seen == {"default"}) is not colours, seen

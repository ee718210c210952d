"""syncerctl diagnose: whole with a living syncerd, useful without one and with one that hangs; and its file."""
import contextlib
import io
import json
import os
import signal
import socket
import stat
import subprocess
import tarfile

from testbed.beside import Busy

from .simulator import binaries
from .world import CLUSTER, Team, wait_for

ALWAYS = {"manifest.json", "versions.json", "configuration.json", "credentials-kcp.json", "credentials-cluster.json", "machine.txt", "folders.txt"}
ANSWERS = {"status.json", "workspaces.json", "events.json", "metrics.txt", "healthz.txt", "readyz.txt", f"dumps/{CLUSTER}.json"}


def diagnose(syncerd, *words, path=None, text=True):
    """TMPDIR is the test's own, so that what is left there shows."""
    scratch = syncerd.directory / "tmp"
    scratch.mkdir(exist_ok=True)
    env = {**os.environ, "TMPDIR": str(scratch), **({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})}
    done = subprocess.run([str(binaries() / "syncerctl"), "diagnose", "--socket", str(syncerd.socket), "--config", str(syncerd.config), *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=text, timeout=120, check=False, env=env)
    assert list(scratch.iterdir()) == []
    return done


def unpack(data):
    """{name without the archive's folder: bytes}"""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        assert all(member.name.startswith("syncerd-diagnose-") and member.mode == 0o600 for member in members)
        return {member.name.partition("/")[2]: archive.extractfile(member).read() for member in members}


def shape(value):
    """The names of all members: what syncerd tells of itself is in the bundle whole."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None


def fake_program(folder, name, output):
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.out").write_text(output)
    (folder / name).write_text(f"#!/bin/sh\ncat {folder}/{name}.out\n")
    (folder / name).chmod(0o755)
    return folder


def fake_journal(syncerd, *entries):
    """Programs of that name that print these entries, and a unit."""
    folder = fake_program(syncerd.directory / "bin", "systemctl", "Id=syncerd.service\nActiveState=active\n")
    return fake_program(folder, "journalctl", "".join(json.dumps(entry) + "\n" for entry in entries))


def test_all_of_a_living_syncerd(sim, syncerd, place):
    Team(sim).create("w1", secretive="spec-value-1")
    Team(sim).wait_down("w1")
    bundle = place / "bundle.tar.gz"
    fake = fake_journal(syncerd, {"MESSAGE": "Started syncerd.service.", "SYSLOG_IDENTIFIER": "systemd", "__REALTIME_TIMESTAMP": "1795500000000000"})
    (syncerd.directory / "state" / "two\nlines").mkdir()
    (syncerd.directory / "state" / "two\nlines" / "below").touch()
    (syncerd.directory / "state" / "link").symlink_to(place)
    before = shape(syncerd.json("status"))
    done = diagnose(syncerd, "--output-file", str(bundle), "-o", "json", path=fake)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    files = unpack(bundle.read_bytes())
    processes = {f"processes/syncerd-{syncerd.process.pid}.txt", *(f"processes/worker-{pid}.txt" for pid in syncerd.pids().values())}
    assert set(files) >= ALWAYS | ANSWERS | processes | {"unit.txt", "journal.txt"}, sorted(files)
    manifest = json.loads(done.stdout)
    assert manifest.pop("writtenTo") == str(bundle) and manifest == json.loads(files["manifest.json"])
    assert manifest["missing"] == [] and {entry["name"] for entry in manifest["files"]} == set(files) - {"manifest.json"}
    assert json.loads(files["status.json"])["syncTarget"]["name"] == "edge-1" and json.loads(files["status.json"])["syncTarget"]["conditions"]
    assert {entry["path"] for entry in json.loads(files["workspaces.json"])} == set(syncerd.pids())
    assert shape(json.loads(files["status.json"])) in (before, shape(syncerd.json("status")))
    assert json.loads(files["status.json"])["upgrade"]["state"] == "Idle"
    assert {entry["binary"] for entry in json.loads(files["workspaces.json"])} == {"current"}
    assert json.loads(files["configuration.json"])["workers"].items() >= {
        "heartbeat": "1s", "heartbeatDeadline": "5s", "planDeadline": "30s", "startDeadline": "15s", "stopDeadline": "10s", "backoffFirst": "100ms",
        "backoffMax": "5m", "stableAfter": "1m", "maxSpawning": 4, "cpuWeight": 100, "program": str(binaries() / "syncer-worker")}.items()
    assert json.loads(files["credentials-kcp.json"])["user"] == "token"
    assert b"syncerd_" in files["metrics.txt"] and b"readyz" in files["readyz.txt"]
    assert str(syncerd.directory / "run" / "control.sock").encode() in files["folders.txt"]
    assert b"/state/two\\nlines/below\n" in files["folders.txt"] and b"two\nlines" not in files["folders.txt"]
    assert b"/state/link\n" in files["folders.txt"] and b"/state/link/" not in files["folders.txt"]
    assert b"Max open files" in files[f"processes/syncerd-{syncerd.process.pid}.txt"]
    assert b"systemd: Started syncerd.service." in files["journal.txt"] and b"ActiveState=active" in files["unit.txt"]
    for data in files.values():
        assert b"spec-value-1" not in data and b"simulated" not in data


def test_nothing_is_overwritten_unasked(sim, syncerd, place):
    bundle = place / "bundle.tar.gz"
    bundle.write_text("precious")
    done = diagnose(syncerd, "--output-file", str(bundle))
    assert done.returncode == 1 and "--force replaces it" in done.stderr and bundle.read_text() == "precious"
    assert diagnose(syncerd, "--output-file", str(bundle), "--force").returncode in (0, 3)
    assert "status.json" in unpack(bundle.read_bytes()) and [path.name for path in place.glob("bundle*")] == ["bundle.tar.gz"]
    folder = place / "folder"
    assert diagnose(syncerd, "--output-dir", str(folder)).returncode in (0, 3)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and (folder / "dumps" / f"{CLUSTER}.json").exists()
    again = diagnose(syncerd, "--output-dir", str(folder), "--force")
    assert again.returncode == 1 and "exists already; name one that does not" in again.stderr
    assert diagnose(syncerd, "--output-dir", str(folder), "--output-file", "-").returncode == 2
    assert diagnose(syncerd, "--output-file", str(place / "no" / "where")).returncode == 1
    assert "status.json" in unpack(diagnose(syncerd, "--output-file", "-", text=False).stdout)


def test_without_a_syncerd(sim, syncerd, place):
    syncerd.stop()
    done = diagnose(syncerd, "--output-file", str(place / "bundle.tar.gz"))
    assert done.returncode == 3, done
    for name in ("status.json", "workspaces.json", "events.json", "dumps", "metrics.txt", "processes"):
        assert f"missing: {name}: " in done.stderr, done.stderr
    files = unpack((place / "bundle.tar.gz").read_bytes())
    assert set(files) >= ALWAYS and not set(files) & ANSWERS
    assert {entry["name"] for entry in json.loads(files["manifest.json"])["missing"]} >= {"status.json", "healthz.txt"}
    syncerd.config.write_text("kind: [")
    done = diagnose(syncerd, "--output-file", str(place / "second.tar.gz"))
    assert done.returncode == 3 and "missing: configuration.json: " in done.stderr, done


def test_a_syncerd_that_hangs(sim, syncerd, place):
    """Its processes are found all the same, and the time is bounded."""
    pids = syncerd.pids().values()
    os.kill(syncerd.process.pid, signal.SIGSTOP)
    try:
        done = diagnose(syncerd, "--output-file", str(place / "bundle.tar.gz"), "--timeout", "20s")
    finally:
        os.kill(syncerd.process.pid, signal.SIGCONT)
    assert done.returncode == 3 and "no answer within" in done.stderr, done
    files = unpack((place / "bundle.tar.gz").read_bytes())
    assert set(files) >= {f"processes/syncerd-{syncerd.process.pid}.txt", *(f"processes/worker-{pid}.txt" for pid in pids)}
    assert b"stopped" in files[f"processes/syncerd-{syncerd.process.pid}.txt"]
    wait_for(lambda: syncerd.workspaces(), 60, "it to answer again")


def drip(server, over):
    """Answers that come byte by byte and have no end."""
    server.settimeout(0.05)
    while not over.is_set():
        with contextlib.suppress(OSError), server.accept()[0] as client:
            while not over.wait(0.05):
                client.sendall(b"x")


def test_metrics_without_an_end(sim, syncerd, place):
    with socket.create_server(("127.0.0.1", 0)) as server:
        other = place / "other.yaml"
        other.write_text(syncerd.config.read_text() + f"metrics: {{listen: 127.0.0.1:{server.getsockname()[1]}}}\n")
        with Busy(lambda over: drip(server, over)):
            done = diagnose(syncerd, "--config", str(other), "--timeout", "3s", "--output-file", str(place / "bundle.tar.gz"))
    assert done.returncode == 3 and "missing: metrics.txt: " in done.stderr and "raise --timeout" in done.stderr, done
    assert set(unpack((place / "bundle.tar.gz").read_bytes())) >= ALWAYS


def test_what_a_journal_may_not_tell(sim, syncerd, place):
    """Messages about objects, values that servers quote, credentials in URLs, tokens; in each form of log."""
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2lnbmF0dXJl"
    head = "2026-11-24T05:45:00.123Z warning cluster=1abc"
    fake = fake_journal(
        syncerd,
        {"MESSAGE": f"{head} resource=widgets.example.dev object=default/web reason=Invalid: spec-value-1"},
        {"MESSAGE": json.dumps({"time": "t", "level": "warning", "object": "default/json", "reason": "Invalid", "message": "spec-value-2"})},
        {"MESSAGE": "root:org:team widgets.example.dev default/native: spec-value-3", "SYNCERD_OBJECT": "default/native", "SYNCERD_REASON": "Invalid"},
        {"MESSAGE": f"{head}: spec.size: Invalid value: spec-value-4: too large"},
        {"MESSAGE": f"{head}: the proxy http://user:spec-value-5@proxy:3128 is away"},
        {"MESSAGE": f"{head}: refused with {token} in hand"},
        {"MESSAGE": [1, 2, 3]}, {"MESSAGE": '{"message": "spec-value-6"'}, {"MESSAGE": "free(): invalid pointer", "UNKNOWN": "spec-value-7"})
    done = diagnose(syncerd, "--output-dir", str(place / "bundle"), path=fake)
    assert done.returncode == 0, done.stderr
    text = (place / "bundle" / "journal.txt").read_text()
    for kept in ("object=default/web reason=Invalid: [left out]", "default/json", "object=default/native reason=Invalid: [left out]",
                 "spec.size: Invalid value: [left out]", "http://[left out]@proxy:3128 is away", "refused with [left out] in hand", "free(): invalid pointer"):
        assert kept in text, text
    assert len(text.splitlines()) == 9 and "spec-value" not in text and token not in text, text

"""What can be measured about a running syncerd and the minimal client."""
import json
import os
import re
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WIDGETS = "/apis/example.dev/v1alpha1/widgets"
PAD = 1900  # bytes of padding that make an object of 2 KB


def rawclient():
    folder = os.environ.get("SYNCERD_BIN") or os.path.join(ROOT, "build", os.environ.get("SYNCERD_BUILD", "release"), "bin")
    return os.path.join(folder, "rawclient")


class Side:
    """One server as rawclient needs it: URL prefix, CA file, token file."""

    def __init__(self, url, ca, token, directory):
        self.url, self.ca = url, ca
        with tempfile.NamedTemporaryFile("w", dir=directory, suffix=".token", delete=False) as file:
            file.write(token + "\n")
            self.token = file.name

    def collection(self, ns=None):
        return self.url + (WIDGETS if ns is None else WIDGETS.replace("/widgets", f"/namespaces/{ns}/widgets"))

    def options(self, kind, ns=None):
        return [f"--{kind}-url", self.collection(ns), f"--{kind}-ca", self.ca, f"--{kind}-token", self.token]


def drive(write, write_ns, watch, prefix, count, concurrency=1, pad=64, status_round=None):
    """Make changes at `write`, see their effect at `watch`; the result is rawclient's line."""
    command = [rawclient(), *write.options("write", write_ns), *watch.options("watch"), "--prefix", prefix, "--count", str(count),
               "--concurrency", str(concurrency), "--pad", str(pad)]
    if status_round is not None:
        command += ["--status", "--round", str(status_round)]
    done = subprocess.run([*command, "drive"], capture_output=True, text=True, timeout=400, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"rawclient drive: {done.stderr[-500:]}")
    return json.loads(done.stdout)


class RawSync:
    """The minimal syncer, while it runs."""

    def __init__(self, watch, write, write_ns, watch_ns=None, status=False, finalizer=None):
        command = [rawclient(), *write.options("write", write_ns), *watch.options("watch", watch_ns), *(["--status"] if status else []),
                   *(["--finalizer", finalizer] if finalizer else []), "sync"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)

    def __enter__(self):
        if self.process.stdout.readline().strip() != "ready":
            raise RuntimeError("rawclient sync did not start")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def memory(pid):
    """(PSS, private dirty) in KiB."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        text = file.read()
    return tuple(int(re.search(rf"^{field}: +(\d+) kB", text, re.M)[1]) for field in ("Pss", "Private_Dirty"))


def mean_memory(pids):
    values = [memory(pid) for pid in pids]
    return tuple(sum(value[i] for value in values) / len(values) for i in (0, 1))

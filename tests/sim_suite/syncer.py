"""Run syncerd against the simulator."""
import json
import os
import pathlib
import subprocess

from testbed.waiting import Timeout, wait_for

from .simulator import binaries, kubeconfig

CONFIG = """apiVersion: config.syncerd.io/v1alpha1
kind: SyncerConfiguration
kcp:
  kubeconfig: {directory}/kcp.kubeconfig
cluster:
  kubeconfig: {directory}/cluster.kubeconfig
{mode}
workers:
{workers}
sync:
  namespaceCleanDelay: 1s
{sync}
stateDirectory: {directory}/state
runtimeDirectory: {directory}/run
log: {{level: {level}}}
"""

SYNC_TARGET = """syncTarget:
  workspace: root:edge
  name: edge-1"""

DIRECT = """direct:
  name: site-7
  uid: 0b6f8b1e-3c3e-4c0e-8d35-0a3b0a6f3b21
  workspaces: [root:org:team-a]
  resources:
  - {group: example.dev, version: v1alpha1, resource: widgets}"""

WORKERS = {"heartbeat": "1s", "heartbeatDeadline": "5s", "backoffFirst": "100ms"}


class Syncerd:
    """One syncerd with its own directory; stop() checks that it ends in good order and leaves no process behind."""

    def __init__(self, directory, sim, mode=SYNC_TARGET, level="info", user=None, minute=None, sync="", binary=None, **workers):
        self.directory = pathlib.Path(directory)
        self.sim = sim
        self.process = None
        self.user = user
        self.binary = binary or binaries() / "syncerd"
        self.options = ["--test-minute", str(minute)] if minute else []
        for name in ("state", "run"):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        kubeconfig(self.directory / "kcp.kubeconfig", sim.kcp.url + "/clusters/root:edge")
        kubeconfig(self.directory / "cluster.kubeconfig", sim.cluster.url)
        self.config = self.directory / "syncerd.yaml"
        self.log = self.directory / "syncerd.log"
        lines = "\n".join(f"  {key}: {value}" for key, value in {**WORKERS, **workers}.items())
        self.config.write_text(CONFIG.format(directory=self.directory, mode=mode, workers=lines, level=level, sync=sync))
        self.socket = self.directory / "run" / "control.sock"

    def identity(self):
        """Arguments for Popen: run as another user, who then owns the directory and may pass through the one above."""
        if self.user is None:
            return {}
        self.directory.parent.chmod(0o711)
        for path in (self.directory, *self.directory.rglob("*")):
            os.chown(path, self.user, self.user)
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(self.binary), "--config", str(self.config), *self.options], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True, **self.identity())
        return self

    def stop(self, seconds=20):
        if self.process is None:
            return
        process, self.process = self.process, None
        pids = [w["pid"] for w in self.workspaces() if w.get("pid")] if process.poll() is None and self.socket.exists() else []
        process.terminate()
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"syncerd did not end within {seconds} s of SIGTERM") from None
        wait_for(lambda: not any(self.is_worker(pid) for pid in pids), 5, "all workers to end")
        assert code == 0, f"syncerd ended with {code}:\n{self.log_tail()}"

    def kill(self):
        process, self.process = self.process, None
        process.kill()
        process.wait()

    @staticmethod
    def is_worker(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/comm").read_text().startswith("syncer-worker"[:15])
        except OSError:
            return False

    def log_tail(self, lines=40):
        return "".join(self.log.read_text(errors="replace").splitlines(keepends=True)[-lines:])

    def check_log(self):
        """No sanitizer's finding in any process."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        for mark in ("Sanitizer", "runtime error:"):
            assert mark not in text, text[text.index(mark) - 200:][:3000]

    def ctl(self, *words, check=True):
        done = subprocess.run([str(binaries() / "syncerctl"), "--socket", str(self.socket), *words], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=20, check=False)
        if check:
            assert done.returncode == 0, f"syncerctl {' '.join(words)}: {done.returncode}\n{done.stderr}{self.log_tail()}"
        return done.stdout

    def json(self, *words):
        return json.loads(self.ctl(*words, "--output", "json"))

    def workspaces(self):
        try:
            return self.json("workspaces") or []
        except (AssertionError, ValueError):
            return []

    def workspace(self, path):
        for entry in self.workspaces():
            if path in (entry.get("path"), entry.get("cluster")):
                return entry
        return None

    def pids(self):
        return {entry["path"]: entry["pid"] for entry in self.workspaces() if entry.get("pid")}

    def wait_syncing(self, *paths, seconds=20):
        def ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"syncerd ended with {self.process.returncode}:\n{self.log_tail()}")
            states = {w.get("path"): w.get("state") for w in self.workspaces()}
            return all(states.get(path) == "Syncing" for path in paths)
        try:
            wait_for(ready, seconds, f"{', '.join(paths)} to be Syncing")
        except Timeout as error:
            raise AssertionError(f"{error}\nworkspaces: {self.workspaces()}\n{self.log_tail()}") from None


def downstream_widgets(sim, name=None):
    """Copies in the cluster, as {(original cluster, original namespace, name): object}."""
    places = {}
    for namespace in sim.cluster.list("/api/v1/namespaces"):
        locator = namespace["metadata"].get("annotations", {}).get("kcp.io/namespace-locator")
        if locator:
            places[namespace["metadata"]["name"]] = json.loads(locator)
    copies = {}
    for item in sim.cluster.list("/apis/example.dev/v1alpha1/widgets"):
        place = places.get(item["metadata"]["namespace"])
        if place and name in (None, item["metadata"]["name"]):
            copies[place["cluster"], place["namespace"], item["metadata"]["name"]] = item
    return copies


def has_products():
    return all(os.access(binaries() / name, os.X_OK) for name in ("syncerd", "syncer-worker", "syncerctl"))

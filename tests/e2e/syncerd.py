"""syncerd under test: started from the build tree, watched from outside, never trusted."""

import json
import os
import re
import signal
import socket
import subprocess

import yaml
from testbed import wait_for
from testbed.process import Process
from world import ROOT

SANITIZER = re.compile(r"(ERROR|WARNING): (Address|Leak|Thread|Memory|UndefinedBehavior)Sanitizer|runtime error: |Assertion .* failed")
BUILD = os.path.join(ROOT, "build", os.environ.get("SYNCERD_BUILD", "release"))  # a preset, or the absolute path of a build tree


def program(name):
    return os.path.join(BUILD, "bin", name)


def is_built():
    return all(os.access(program(name), os.X_OK) for name in ("syncerd", "syncer-worker", "syncerctl"))


def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def exists(pid):
    """True while a process runs; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Syncerd:
    """One syncerd with its own directory for configuration, state, sockets and log."""

    def __init__(self, directory, config):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self.config_file = os.path.join(directory, "syncerd.yaml")
        self.socket = os.path.join(directory, "control.sock")
        self.log = os.path.join(directory, "syncerd.log")
        self.notify = None
        self.process = None
        self.pids_seen = set()
        self.write_config(config)

    def write_config(self, config):
        self.config = {
            "control": {"socket": self.socket},
            "stateDirectory": os.path.join(self.directory, "state"),
            "runtimeDirectory": os.path.join(self.directory, "run"),
            "log": {"level": os.environ.get("SYNCERD_LOG", "info"), "format": "text"},
            **config,
        }
        for name in ("state", "run"):
            os.makedirs(os.path.join(self.directory, name), mode=0o700, exist_ok=True)
        with open(self.config_file, "w") as file:
            yaml.safe_dump(self.config, file, sort_keys=False)

    # -- life

    def start(self, ready=True, arguments=(), env=None, prefix=()):
        """prefix: a command that runs syncerd, such as unshare."""
        path = os.path.join(self.directory, "notify.sock")
        if os.path.exists(path):
            os.unlink(path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(path)
        self.notify.setblocking(False)
        self.notified = []
        env = {
            **(env or {}),
            "NOTIFY_SOCKET": path,
            "ASAN_OPTIONS": "abort_on_error=1:detect_leaks=1",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }
        argv = [*prefix, program("syncerd"), "--config", self.config_file, *arguments]
        self.process = Process("syncerd", argv, self.log, env=env).start()
        if ready:
            self.wait_ready()
        return self

    def notifications(self):
        while True:
            try:
                self.notified += self.notify.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.notified

    def wait_ready(self, timeout=30):
        def ready():
            assert self.process.alive(), f"syncerd exited with {self.process.popen.returncode}:\n{self.tail()}"
            return "READY=1" in self.notifications()

        wait_for(ready, timeout, "syncerd to report READY=1")

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process is not None and self.process.alive()

    def workers(self):
        """pids of the worker processes."""
        pids = [pid for pid in children(self.pid) if exists(pid)]
        self.pids_seen.update(pids)
        return pids

    def stop(self, timeout=20):
        """SIGTERM; the exit status. Fails when it takes too long or when a worker stays."""
        if not self.alive():
            return self.process.popen.returncode if self.process else None
        workers = self.workers()
        self.process.signal(signal.SIGTERM)
        status = self.process.wait(timeout)
        wait_for(lambda: not any(exists(pid) for pid in workers), 5, f"workers {workers} to be gone with syncerd")
        self.notify.close()
        return status

    def kill(self):
        """SIGKILL to the supervisor alone."""
        self.workers()
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(5)

    def end(self):
        """Whatever it does: gone afterwards."""
        if self.process is None:
            return
        if self.alive():
            self.workers()
            self.process.stop(15)
        for pid in self.pids_seen:
            if exists(pid) and self.is_worker(pid):
                os.kill(pid, signal.SIGKILL)

    @staticmethod
    def is_worker(pid):
        try:
            return os.path.basename(os.readlink(f"/proc/{pid}/exe")) == "syncer-worker"
        except OSError:
            return False

    def restart(self):
        self.stop()
        return self.start()

    def hup(self):
        self.process.signal(signal.SIGHUP)

    # -- syncerctl

    def ctl(self, *args, check=True):
        """Run syncerctl; returns its standard output."""
        done = subprocess.run(
            [program("syncerctl"), args[0], "--socket", self.socket, *args[1:]], capture_output=True, text=True, timeout=30, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"syncerctl {' '.join(args)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout if check else done

    def ctl_json(self, *args):
        return json.loads(self.ctl(*args, "--output", "json"))

    def view(self, workspace):
        """What `syncerctl workspaces` says about one workspace, or {}."""
        for entry in self.ctl_json("workspaces"):
            if entry["cluster"] == workspace.cluster:
                return entry
        return {}

    def worker_of(self, workspace):
        """The pid of a workspace's worker, or None."""
        return self.view(workspace).get("pid") or None

    def wait_worker(self, workspace, other_than=None, timeout=20):
        def running():
            pid = self.worker_of(workspace)
            return pid if pid and pid != other_than and exists(pid) else None

        return wait_for(running, timeout, f"a worker of {workspace}" + (f" other than {other_than}" if other_than else ""))

    def wait_no_worker(self, workspace, timeout=60):
        wait_for(lambda: not self.worker_of(workspace), timeout, f"the worker of {workspace} to leave")

    def wait_state(self, workspace, state, timeout=30):
        """Until `syncerctl workspaces` shows this state (Syncing, Degraded, ...)."""
        def matches():
            seen = self.view(workspace)
            assert seen.get("state") == state, f"{seen or 'not listed'}"
            return seen

        return wait_for(matches, timeout, f"{workspace} to be {state}")

    # -- log

    def text(self):
        try:
            with open(self.log, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def tail(self, lines=60):
        return "\n".join(self.text().splitlines()[-lines:])

    def wait_log(self, text, timeout=20):
        wait_for(lambda: text in self.text(), timeout, f"{text!r} in the log of syncerd")

    def sanitizer_report(self):
        """What a sanitizer had to say, or None."""
        found = SANITIZER.search(self.text())
        return self.text()[found.start():found.start() + 4000] if found else None

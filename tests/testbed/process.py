"""Child processes that never outlive the tests."""

import atexit
import ctypes
import os
import random
import signal
import socket
import subprocess
import threading

from .waiting import wait_for

_running = {}  # pid -> Process; what atexit has to end
_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1
_claims = []  # sockets whose names are the ports this process has taken


def free_ports(count):
    """Ports on 127.0.0.1 nobody listens on, below the range the kernel hands out to clients, so that a restart finds them free again.
    Between the look and the server's start another run may look too: a name in the abstract space of Unix sockets says that one is taken."""
    ports = []
    while len(ports) < count:
        port = random.randint(12000, 31000)
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0syncerd-testbed-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        ports.append(port)
    return ports


class Process:
    """One program with its log file. Start it from the main thread: it dies together with the thread that started it."""

    def __init__(self, name, argv, log, env=None, cwd=None, pass_fds=()):
        self.name = name
        self.argv = argv
        self.log = log
        self.env = env or {}
        self.cwd = cwd
        self.pass_fds = pass_fds
        self.popen = None

    def start(self):
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{self.name} has to be started from the main thread")
        parent = os.getpid()

        def die_with_parent():
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.env},
                cwd=self.cwd,
                pass_fds=self.pass_fds,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        _running[self.popen.pid] = self
        return self

    @property
    def pid(self):
        return self.popen.pid

    def alive(self):
        return self.popen is not None and self.popen.poll() is None

    def wait(self, timeout):
        """The exit status; negative for a signal, as subprocess has it."""
        wait_for(lambda: self.popen.poll() is not None, timeout, f"{self.name} (pid {self.pid}) to exit")
        _running.pop(self.pid, None)
        return self.popen.returncode

    def signal(self, number):
        if self.alive():
            self.popen.send_signal(number)

    def stop(self, timeout=10):
        """SIGTERM, and SIGKILL to the whole process group when that takes too long. Returns the exit status."""
        if self.popen is None:
            return None
        self.signal(signal.SIGTERM)
        try:
            self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            pass
        return self.kill()

    def kill(self):
        """SIGKILL to the process and to whatever is left in its group."""
        if self.popen is None:
            return None
        if self.pid in _running:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.popen.wait()
        _running.pop(self.pid, None)
        return self.popen.returncode

    def log_tail(self, lines=40):
        try:
            with open(self.log, errors="replace") as log:
                return "".join(log.readlines()[-lines:])
        except FileNotFoundError:
            return ""


@atexit.register
def kill_all():
    for process in list(_running.values()):
        process.kill()

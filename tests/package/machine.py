"""A Debian that was booted with systemd-nspawn, and commands in it. It shares the host's network, so that it reaches the servers of the testbed."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from testbed.debian import debian
from testbed.waiting import PATIENCE, Timeout, wait_for

PROGRAMS = ("systemd-nspawn", "nsenter", "mmdebstrap", "cpack", "dpkg-deb", "dpkg-shlibdeps", "file")
CLEAN = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", "DEBIAN_FRONTEND=noninteractive"]


class Unable(Exception):
    """This machine cannot boot that one; str() says why."""


class Machine:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="syncerd-package-"))
        self.root = self.directory / "root"
        self.process = None

    def probe(self):
        """Boot, before the product is in it; Unable, NoDebian or OSError when this machine cannot do that."""
        absent = [name for name in PROGRAMS if not shutil.which(name)]
        if absent:
            raise Unable(f"{', '.join(absent)} not found (packaging/install-deps package-test)")
        if os.geteuid() != 0:
            raise Unable("not root")
        self.unpack(debian("package-base", ["--include=systemd,systemd-sysv,dbus"]))
        try:
            self.boot()
        except (AssertionError, subprocess.TimeoutExpired) as error:
            raise Unable(f"systemd does not boot in systemd-nspawn: {' '.join(str(error).split())[-400:]}") from None
        done = self.run("apt-get", "update", "-qq", "-o", "APT::Update::Error-Mode=any", check=False, timeout=120)
        if done.returncode != 0:
            raise Unable(f"no mirror: apt-get update: {' '.join(done.stderr.split())[-300:]}")
        return self

    def unpack(self, image):
        self.root.mkdir()
        try:
            subprocess.run(["tar", "-C", self.root, "-xf", image, "--exclude=./dev/*"], check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            raise Unable(f"{image}: {error.stderr.decode(errors='replace')[-200:]}") from None
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)

    def boot(self):
        with open(self.directory / "console", "wb") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--directory", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)

        def up():
            if self.process.poll() is not None:
                raise Unable(f"systemd-nspawn: status {self.process.returncode}: {self.console()[-300:]}")
            return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

        try:
            wait_for(up, 30, "the machine to be up")
        except Timeout as error:
            raise Unable(f"{error}: {self.console()[-300:]}") from None

    def console(self):
        return (self.directory / "console").read_text(errors="replace")

    def leader(self):
        """pid 1 of the machine, seen from here."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = path.read_text().split() if path.exists() else []
        return pids[0] if pids else None

    def run(self, *command, check=True, timeout=180):
        leader = self.leader()
        if leader is None:
            assert self.process.poll() is None, self.console()[-2000:]
            return subprocess.CompletedProcess(command, 1, "", "not up yet")
        done = subprocess.run(["nsenter", "-t", leader, "-m", "-u", "-i", "-n", "-p", "--", *CLEAN, *map(str, command)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout * PATIENCE, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    def out(self, *command, check=True):
        return self.run(*command, check=check).stdout.strip()

    def show(self, unit, what):
        return self.out("systemctl", "show", "-P", what, unit)

    def mode(self, path):
        """Such as "750 root syncerd"."""
        return self.out("stat", "-c", "%a %U %G", path)

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def stop(self):
        if self.process is not None:
            leader = self.leader()
            if leader:
                os.kill(int(leader), signal.SIGRTMIN + 4)  # systemd: power off
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

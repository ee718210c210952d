"""A Debian that was booted with systemd-nspawn, and commands in it. It shares the host's network, so that it reaches the simulator."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from testbed.waiting import wait_for


class Machine:
    def __init__(self, image):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="syncerd-package-"))
        self.root = self.directory / "root"
        self.root.mkdir()
        self.process = None
        subprocess.run(["tar", "-C", self.root, "-xf", image, "--exclude=./dev/*"], check=True)
        (self.root / "usr/sbin/policy-rc.d").unlink(missing_ok=True)
        # The mirror of this machine is the mirror of that one.
        for part in ("apt.conf.d", "sources.list.d"):
            for file in pathlib.Path("/etc/apt", part).iterdir():
                if file.name.startswith(("99", "debian")):
                    shutil.copy(file, self.root / "etc/apt" / part)

    def boot(self):
        with open(self.directory / "console", "wb") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--directory", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True)
        wait_for(lambda: self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded"), 60,
                 "the machine to be up")
        return self

    def leader(self):
        """pid 1 of the machine, seen from here."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids = path.read_text().split() if path.exists() else []
        return pids[0] if pids else None

    def run(self, *command, check=True, timeout=180):
        leader = self.leader()
        if leader is None:
            assert self.process.poll() is None, (self.directory / "console").read_text(errors="replace")[-2000:]
            return subprocess.CompletedProcess(command, 1, "", "not up yet")
        clean = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "SYSTEMD_PAGER=", "DEBIAN_FRONTEND=noninteractive"]
        done = subprocess.run(["nsenter", "-t", leader, "-m", "-u", "-i", "-n", "-p", "--", *clean, *command], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done

    def show(self, unit, what):
        return self.run("systemctl", "show", "-P", what, unit).stdout.strip()

    def path(self, inside):
        return self.root / inside.lstrip("/")

    def stop(self):
        if self.process is None:
            return
        leader = self.leader()
        if leader:
            os.kill(int(leader), signal.SIGRTMIN + 4)  # systemd: power off
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

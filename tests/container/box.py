"""A container that syncerd runs in."""

import json
import os
import signal

from syncerd import Syncerd, children
from testbed import wait_for

UID = 65532


def status_of(pid):
    """/proc/PID/status as a dict."""
    with open(f"/proc/{pid}/status") as file:
        return {key: value.split() for key, _, value in (line.partition(":") for line in file)}


def kib(pid, what):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(f"{what}:"))


class Box(Syncerd):
    """Everything of Syncerd that asks; only how it is started, stopped and asked is another."""

    def __init__(self, engine, name="syncerd"):
        self.engine, self.name = engine, name

    def run(self, options, image="syncerd", arguments=()):
        self.engine("run", "--detach", "--name", self.name, *options, image, *arguments)
        return self

    def inspect(self, what):
        return json.loads(self.engine("inspect", "--type", "container", "--format", "{{json " + what + "}}", self.name))

    @property
    def pid(self):
        """The pid of syncerd as the host sees it."""
        pid = self.inspect(".State.Pid")
        assert pid, f"{self.name} is not running:\n{self.tail()}"
        return pid

    def workers(self):
        return [pid for pid in children(self.pid) if status_of(pid)["State"][0] not in "ZX"]

    def worker_of(self, workspace):
        inner = super().worker_of(workspace)
        return next((pid for pid in children(self.pid) if inner and status_of(pid)["NSpid"][-1] == str(inner)), None)

    def zombies(self):
        return [pid for pid in children(self.pid) if status_of(pid)["State"][0] == "Z"]

    def ctl(self, *args, check=True):
        done = self.engine("exec", self.name, "syncerctl", *args, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"syncerctl {' '.join(args)}: status {done.returncode}: {done.stderr.strip()}")
        return done.stdout if check else done

    def hup(self):
        self.engine("kill", "--signal", "HUP", self.name)

    def stop(self, timeout=60):
        """As an engine does: SIGTERM to process 1, SIGKILL when it takes longer than that. The exit status."""
        self.engine("stop", "--time", timeout, self.name)
        assert self.inspect(".State.Status") == "exited" and not self.inspect(".State.OOMKilled")
        return self.inspect(".State.ExitCode")

    def remove(self):
        self.engine("rm", "--force", "--time", "0", self.name)

    def text(self):
        done = self.engine("logs", self.name, check=False)
        return done.stdout + done.stderr

    # -- what the kernel says

    def check_confined(self, memory):
        """Every process: the user, no capability, no way to get one, seccomp; process 1 is syncerd, its root cannot be written to; the limit holds."""
        assert status_of(self.pid)["NSpid"][-1] == "1" and os.path.basename(os.readlink(f"/proc/{self.pid}/exe")) == "syncerd"
        for pid in [self.pid, *self.workers()]:
            status = status_of(pid)
            assert status["Uid"] == status["Gid"] == [str(UID)] * 4, status
            assert all(int(status[name][0], 16) == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")), status
            assert status["NoNewPrivs"] == ["1"] and status["Seccomp"] == ["2"]
        with open(f"/proc/{self.pid}/mountinfo") as file:
            root = next(line.split() for line in file if line.split()[4] == "/")
        assert "ro" in root[5].split(","), root
        assert self.inspect(".HostConfig.Memory") == memory and self.limit() == memory

    def limit(self):
        """The limit of the cgroup, of either version."""
        with open(f"/proc/{self.pid}/cgroup") as file:
            groups = dict(line.strip().split(":", 2)[1:] for line in file)
        if "memory" in groups:
            path = f"/sys/fs/cgroup/memory{groups['memory']}/memory.limit_in_bytes"
        else:
            path = f"/sys/fs/cgroup{groups['']}/memory.max"
        with open(path) as file:
            return int(file.read())

    def show_memory(self, title, limit):
        """Print what the processes hold, and compare the sum with the limit."""
        pids = [self.pid, *self.workers()]
        pss = [kib(pid, "Pss") for pid in pids]
        rows = [f"{'syncerd' if pid == pids[0] else 'worker'} rss {kib(pid, 'Rss')} KiB, pss {own} KiB" for pid, own in zip(pids, pss)]
        print(f"{title}: {'; '.join(rows)}; together {sum(pss)} KiB of {limit >> 10} KiB")
        assert sum(pss) << 10 < limit / 2

    # -- what every container has to do

    def check_main_job(self, tenant, gvr, item, phase):
        """Down, and status up."""
        tenant.create(item)
        name = item["metadata"]["name"]
        tenant.wait_down(gvr, name, timeout=60)
        tenant.set_status_down(gvr, name, {"phase": phase})
        tenant.wait_up(gvr, name, lambda up: up.get("status") == {"phase": phase}, timeout=60)

    def check_killed_worker(self, tenant):
        """It is reaped and started again, alone."""
        others = set(self.workers())
        victim = self.wait_worker(tenant)
        os.kill(victim, signal.SIGKILL)
        self.wait_worker(tenant, other_than=victim, timeout=60)
        wait_for(lambda: not os.path.exists(f"/proc/{victim}") and not self.zombies(), 60, "the killed worker to be reaped")
        self.wait_state(tenant, "Syncing", timeout=60)
        assert others - {victim} <= set(self.workers())

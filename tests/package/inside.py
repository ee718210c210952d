"""The product in the machine: its service as systemd and syncerctl see it, and a SyncTarget that was set up by the commands of README.md."""
import json
import pathlib
import re

from edge import Tenant, when_served
from installed import Installed
from objects import GVR_OF, WIDGETS
from testbed.waiting import wait_for
from world import ROOT

ADMIN = "/root/.kube"


def readme_commands(heading):
    """The commands of the first block below a heading of README.md."""
    text = pathlib.Path(ROOT, "README.md").read_text()
    found = re.search(rf"^### {re.escape(heading)}\n.*?^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no block of commands below {heading!r}"
    return found[1].replace("\\\n", " ").splitlines()


class Edge(Installed):
    """The SyncTarget root:edge edge-1, whose accounts an operator makes from within the machine."""

    def __init__(self, world, directory, machine):
        self.world, self.directory, self.kube, self.machine = world, directory, world.kube, machine
        self.exports, self.claims = {"widgets": [WIDGETS]}, ()
        self.home, self.provider = world.workspaces("edge", "provider", exact=True)
        self.provider.offer("widgets", [WIDGETS], ())
        machine.path(ADMIN).mkdir(mode=0o700)
        for source, name in ((world.bed.kcp.kubeconfig, "kcp-admin.kubeconfig"), (world.bed.kube.kubeconfig, "config")):
            machine.path(f"{ADMIN}/{name}").write_text(pathlib.Path(source).read_text())

        self.teams = world.workspaces("team", "team")
        for team in self.teams:
            team.bind(self.provider, "widgets", wait=False)
        for team in self.teams:
            team.wait_bound("widgets")

    def create(self, item):
        """Create an object in each workspace."""
        for team in self.teams:
            when_served(lambda team=team: team.api.create(GVR_OF[item["kind"]], item))

    def tenants(self):
        """The workspaces, as the SyncTarget's uid tells where their objects are."""
        return [Tenant(self, team) for team in self.teams]


class Service:
    def __init__(self, machine):
        self.machine = machine

    @property
    def pid(self):
        return int(self.machine.show("syncerd.service", "MainPID"))

    def restarts(self):
        return int(self.machine.show("syncerd.service", "NRestarts"))

    def workspaces(self):
        done = self.machine.run("syncerctl", "workspaces", "--output", "json", check=False)
        return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []

    def wait_syncing(self, teams):
        """Until each of the workspaces is synced; their workers' pids."""
        wanted = sorted(team.path for team in teams)

        def ready():
            entries = self.workspaces()
            assert sorted(entry["path"] for entry in entries if entry["state"] == "Syncing") == wanted, f"workspaces: {entries}"
            return {entry["path"]: entry["pid"] for entry in entries}

        return wait_for(ready, 60, f"{wanted} to be synced")

    def journal(self, *matches):
        """The entries of the journal that match, as dicts."""
        text = self.machine.out("journalctl", "--output", "json", "--no-pager", *matches, check=False)
        return [json.loads(line) for line in text.splitlines()]

    def wait_journal(self, text, *matches, timeout=60):
        wait_for(lambda: any(text in str(entry["MESSAGE"]) for entry in self.journal(*matches)), timeout, f"{text!r} in the journal {matches}")

    def process(self, pid):
        """/proc/PID/status as a dict."""
        lines = self.machine.out("cat", f"/proc/{pid}/status").splitlines()
        return {key: value.split() for key, _, value in (line.partition(":") for line in lines)}

    def memory(self, pid):
        """RSS and PSS in KiB."""
        lines = dict(line.split(":", 1) for line in self.machine.out("cat", f"/proc/{pid}/smaps_rollup").splitlines()[1:])
        return tuple(int(lines[name].split()[0]) for name in ("Rss", "Pss"))


def check_main_job(edge, item):
    """Down from each workspace, and status up."""
    edge.create(item)
    gvr, name = GVR_OF[item["kind"]], item["metadata"]["name"]
    for tenant in edge.tenants():
        tenant.wait_down(gvr, name, timeout=60)
        tenant.set_status_down(gvr, name, {"phase": "Ready"})
    for tenant in edge.tenants():
        tenant.wait_up(gvr, name, lambda up: up.get("status", {}).get("phase") == "Ready", timeout=60)

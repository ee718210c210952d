"""Short names for what the suites do over and over again."""
import time

from testbed.waiting import holds_for, wait_for

from .simulator import CT_MERGE, WIDGETS, widget, widgets
from .syncer import downstream_widgets

TEAM = "root:org:team-a"
CLUSTER = "teama0000000000a"
WIDGET_LISTS = "/v1alpha1/widgets"  # "/widgets" alone is also in the path of everything that is read through the export of that name


class Team:
    """team-a as seen from both sides."""

    def __init__(self, sim):
        self.sim = sim
        self.api = sim.kcp.at(TEAM)

    def create(self, *names, **spec):
        for name in names:
            self.api.call("POST", widgets(), widget(name, **spec))

    def patch(self, name, **spec):
        return self.api.call("PATCH", widgets(name=name), {"spec": spec}, CT_MERGE)

    def delete(self, name):
        self.api.call("DELETE", widgets(name=name))

    def up(self, name):
        return self.api.get(widgets(name=name))

    def copies(self):
        """{name: object in the cluster}"""
        return {name: item for (cluster, _, name), item in downstream_widgets(self.sim).items() if cluster == CLUSTER}

    def down(self, name):
        return self.copies().get(name)

    def path_down(self, name):
        return widgets(self.down(name)["metadata"]["namespace"], name)

    def set_status(self, name, **status):
        self.sim.cluster.call("PATCH", self.path_down(name) + "/status", {"status": status}, CT_MERGE)

    def wait_down(self, *names, seconds=20, **spec):
        def there():
            copies = self.copies()
            return all(name in copies and all(copies[name]["spec"].get(k) == v for k, v in spec.items()) for name in names)
        wait_for(there, seconds, f"{names} in the cluster with {spec}")

    def wait_gone(self, name, seconds=20):
        wait_for(lambda: name not in self.copies() and self.up(name) is None, seconds, f"{name} to be gone on both sides")

    def wait_status(self, name, seconds=20, **status):
        wait_for(lambda: (self.up(name).get("status") or {}).items() >= status.items(), seconds, f"status {status} of {name} in kcp")


def wait_hit(server, count=1, seconds=20):
    """Until the first fault was met so often."""
    wait_for(lambda: server.hits()[0] >= count, seconds, f"the fault to be met {count} times")


def settle(sim, seconds=1.0):
    """Until no request by syncerd or a worker came for a moment; the counters then start anew."""
    last, since = None, time.monotonic()

    def quiet():
        nonlocal last, since
        now = (sim.kcp.requests(), sim.cluster.requests())
        if now != last:
            last, since = now, time.monotonic()
        return time.monotonic() - since > seconds
    wait_for(quiet, 30, "quiet")
    sim.kcp.forget_requests()
    sim.cluster.forget_requests()


def stays(condition, what, seconds=1.5):
    holds_for(condition, seconds, what)


__all__ = ["CLUSTER", "TEAM", "WIDGETS", "WIDGET_LISTS", "Team", "settle", "stays", "wait_for", "wait_hit"]

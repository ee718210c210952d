"""SIGHUP: what a changed file does to processes that run, and that a refused one changes nothing."""
import json
import os
import signal

from testbed.waiting import wait_for

from .simulator import CT_MERGE, kubeconfig
from .world import Team, stays

TEAMS = ("root:org:team-a", "root:org:team-b", "root:org:team-c")
TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
DONE = "configuration and credentials read again"
REFUSED = "reload refused"


def start(make_syncerd, **options):
    syncerd = make_syncerd(**options)
    syncerd.wait_syncing(*TEAMS)
    return syncerd


def reload(syncerd, *changes, word=DONE):
    text = syncerd.config.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    syncerd.config.write_text(text)
    before = len(syncerd.log.read_text())
    os.kill(syncerd.process.pid, signal.SIGHUP)
    wait_for(lambda: word in syncerd.log.read_text()[before:], 10, f"{word!r} in the log")
    return before


def test_a_shorter_heartbeat_kills_nobody(make_syncerd):
    syncerd = start(make_syncerd, heartbeat="4s", heartbeatDeadline="10s")
    before = syncerd.pids()
    reload(syncerd, ("heartbeat: 4s", "heartbeat: 1s"), ("heartbeatDeadline: 10s", "heartbeatDeadline: 2s"))

    def renewed():
        now = syncerd.pids()
        return len(now) == 3 and not set(now.values()) & set(before.values())
    wait_for(renewed, 20, "all workers to be restarted")
    syncerd.wait_syncing(*TEAMS)
    stays(lambda: all(w["state"] == "Syncing" and w["restarts"] == 1 and w["lastExit"] == "" for w in syncerd.workspaces()),
          "each worker restarted once and in order", 5)


def test_log_level_by_message_and_format_by_restart(sim, make_syncerd):
    syncerd = start(make_syncerd)
    before = syncerd.pids()
    mark = reload(syncerd, ("level: info", "level: debug"))
    Team(sim).create("seen")
    wait_for(lambda: any("seen" in line and "debug" in line and "syncer-worker" not in line for line in syncerd.log.read_text()[mark:].splitlines()),
             10, "a worker's line at level debug")
    assert syncerd.pids() == before
    mark = reload(syncerd, ("level: debug", "level: info, format: json"))

    def workers_speak_json():
        lines = [json.loads(line) for line in syncerd.log.read_text()[mark:].splitlines() if line.startswith("{")]
        return {line.get("cluster") for line in lines} >= {"teama0000000000a"} and set(syncerd.pids().values()).isdisjoint(before.values())
    wait_for(workers_speak_json, 20, "restarted workers and JSON lines")
    syncerd.wait_syncing(*TEAMS)


def test_another_cluster_is_refused(sim, make_syncerd):
    syncerd = start(make_syncerd)
    before = syncerd.pids()
    kubeconfig(syncerd.directory / "cluster.kubeconfig", "http://127.0.0.1:9")
    reload(syncerd, word="the cluster's server has changed from")
    team = Team(sim)
    team.create("after")
    team.wait_down("after")
    assert syncerd.pids() == before


def test_what_a_running_syncerd_cannot_change_is_named(make_syncerd):
    syncerd = start(make_syncerd)
    reload(syncerd, ("name: edge-1", "name: edge-2"), word="syncTarget has changed: restart syncerd for that")
    reload(syncerd, ("name: edge-2", "name: edge-1"))


def test_refused_half_way_means_refused(sim, make_syncerd):
    """A good change for kcp and a bad one for the cluster: kcp's client must go on as before. Its new proxy would swallow everything."""
    syncerd = start(make_syncerd)
    for name, more in (("kcp", {"proxy-url": "http://127.0.0.1:9"}), ("cluster", {"tls-server-name": "no host name"})):
        path = syncerd.directory / f"{name}.kubeconfig"
        config = json.loads(path.read_text())
        config["clusters"][0]["cluster"].update(more)
        path.write_text(json.dumps(config))
    reload(syncerd, word=REFUSED)
    edge = sim.kcp.at("root:edge")
    edge.call("PATCH", TARGET, {"spec": {"unschedulable": True}}, CT_MERGE)

    def written():
        target = edge.get(TARGET)
        return target["status"]["observedGeneration"] == target["metadata"]["generation"]
    wait_for(written, 10, "the status to be written")
    syncerd.wait_syncing(*TEAMS)

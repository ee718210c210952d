"""syncerctl against a running syncerd."""

import json
import os
import stat
import subprocess

import pytest
import yaml
from objects import GADGETS, GIZMOS, WIDGETS, gizmo, widget
from syncerd import program
from testbed import wait_for
from testbed.binaries import find_binary


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"widgets": [WIDGETS, GADGETS, GIZMOS]})


def test_status(site, syncerd, pair):
    site.wait_condition("Ready", "True")
    status = syncerd.ctl_json("status")
    assert status["syncTarget"]["name"] == "edge-1" and status["syncTarget"]["key"] == site.key
    assert status["syncTarget"]["cluster"] == site.home.cluster
    assert status["upstream"]["reachable"] is True and status["downstream"]["reachable"] is True
    assert status["workspaces"]["total"] == 2
    text = syncerd.ctl("status")
    assert "edge-1" in text and site.key in text


def test_json_and_yaml_say_the_same(syncerd, pair):
    def still(entries):
        return [{name: value for name, value in entry.items() if name in ("path", "cluster", "pid", "state", "objects", "restarts")} for entry in entries]

    as_json = json.loads(syncerd.ctl("workspaces", "-o", "json"))
    as_yaml = yaml.safe_load(syncerd.ctl("workspaces", "-o", "yaml"))
    assert still(as_json) == still(as_yaml)


def test_workspaces(syncerd, pair):
    entries = {entry["cluster"]: entry for entry in syncerd.ctl_json("workspaces")}
    assert set(entries) == {tenant.cluster for tenant in pair}
    for tenant in pair:
        entry = entries[tenant.cluster]
        assert entry["path"] == tenant.path and entry["state"] == "Syncing" and entry["pid"] in syncerd.workers()
        assert entry["memoryBytes"] > 0 and entry["restarts"] == 0
    table = syncerd.ctl("workspaces").splitlines()
    assert table[0].split()[:4] == ["WORKSPACE", "CLUSTER", "PID", "STATE"]
    wide = syncerd.ctl("workspaces", "--output", "wide").splitlines()
    assert len(wide[0].split()) > len(table[0].split()) and len(wide) == 3


def test_objects_are_counted(syncerd, tenant):
    before = syncerd.view(tenant)["objects"]
    tenant.create(widget("counted"))
    tenant.wait_down(WIDGETS, "counted")
    wait_for(lambda: syncerd.view(tenant)["objects"] == before + 1, 20, "one object more")


def test_restart_one(syncerd, pair):
    """By path and by logical cluster; the other workspace's process is not touched."""
    for name in ("path", "cluster"):
        victim, other = (syncerd.wait_worker(tenant) for tenant in pair)
        syncerd.ctl("restart", getattr(pair[0], name))
        syncerd.wait_worker(pair[0], other_than=victim)
        assert syncerd.worker_of(pair[1]) == other


def test_pause_and_resume(site, syncerd, tenant):
    syncerd.wait_state(tenant, "Syncing")
    pid = syncerd.worker_of(tenant)
    syncerd.ctl("pause", tenant.path)
    syncerd.wait_state(tenant, "Paused")
    site.wait_phase(tenant, "Paused", "PausedByOperator")
    tenant.create(widget("paused"))
    site.kube.list(WIDGETS)
    assert tenant.down(WIDGETS, "paused") is None
    syncerd.ctl("resume", tenant.path)
    tenant.wait_down(WIDGETS, "paused")
    assert syncerd.worker_of(tenant) == pid


def test_loglevel(syncerd, tenant):
    syncerd.ctl("loglevel", "debug", tenant.path)
    size = len(syncerd.text())
    tenant.create(widget("talkative"))
    tenant.wait_down(WIDGETS, "talkative")
    wait_for(lambda: "talkative" in syncerd.text()[size:], 10, "the object's name in the log")
    syncerd.ctl("loglevel", "info")


def test_events(site, syncerd, tenant):
    tenant.create(widget("makes-namespace"))
    tenant.wait_down(WIDGETS, "makes-namespace")
    site.kube.create(WIDGETS, widget("foreign", ns=tenant.namespace()))
    follower = subprocess.Popen([program("syncerctl"), "events", "--socket", syncerd.socket, "-f", "-o", "json"], stdout=subprocess.PIPE, text=True)
    try:
        tenant.create(widget("foreign"))
        wait_for(lambda: any("foreign" in event["object"] for event in syncerd.ctl_json("events")), 20, "the event")
        event = next(event for event in syncerd.ctl_json("events") if "foreign" in event["object"])
        assert event["cluster"] == tenant.cluster and event["resource"].startswith("widgets") and event["type"] == "Warning"
        os.set_blocking(follower.stdout.fileno(), False)
        wait_for(lambda: "foreign" in (follower.stdout.readline() or ""), 10, "the follower to print it")
    finally:
        follower.kill()
        follower.wait()
        follower.stdout.close()


def test_dump(syncerd, tenant):
    tenant.create(widget("looked-at"))
    down = tenant.wait_down(WIDGETS, "looked-at")
    for key in ("default/looked-at", "widgets.example.dev/default/looked-at"):
        assert down["metadata"]["uid"] in syncerd.ctl("dump", tenant.path, key)
    assert "looked-at" in syncerd.ctl("dump", tenant.path, "default/looked-at", "-o", "json")


def described(syncerd, tenant, key):
    """The one object of this key as `describe object` gives it."""
    return syncerd.ctl_json("describe", "object", tenant.path, key)["objects"][0]


def test_describe_an_object_in_step(syncerd, tenant):
    tenant.create(widget("told"))
    down = tenant.wait_down(WIDGETS, "told")
    wait_for(lambda: described(syncerd, tenant, "default/told")["inStep"], 60, "the object in step")
    text = syncerd.ctl("describe", "object", tenant.path, "widgets.example.dev/default/told")
    for part in ("in step", tenant.path, f"{tenant.namespace()}/told", down["metadata"]["uid"], "with our finalizer", "No events."):
        assert part in text, text
    story = described(syncerd, tenant, "default/told")
    assert story["reason"] == "" and story["appliedGeneration"] == 1 and story["downstream"]["presence"] == "present", story


def test_describe_what_is_not_synced(site, syncerd, tenant):
    """Foreign in the cluster, and refused by it: the reason, the server's words, what to do, and the workspace that has both."""
    tenant.create(widget("first"))
    tenant.wait_down(WIDGETS, "first")
    site.kube.create(WIDGETS, widget("theirs", ns=tenant.namespace()))
    tenant.create(widget("theirs"), gizmo("too-big", size=2000))
    for key, reason, words in (("default/theirs", "ForeignObject", ""), ("default/too-big", "Invalid", "2000")):
        wait_for(lambda key=key, reason=reason: syncerd.ctl("describe", "object", tenant.path, key, check=False).returncode == 0
                 and described(syncerd, tenant, key)["reason"] == reason and described(syncerd, tenant, key)["message"], 60, reason)
        story = described(syncerd, tenant, key)
        assert not story["inStep"] and words in story["message"] and story["meaning"] and story["action"], story
        assert story["events"][-1]["object"] == key, story
        text = syncerd.ctl("describe", "object", tenant.path, key)
        assert "not in step" in text and reason in text and story["action"] in text, text
    assert described(syncerd, tenant, "default/theirs")["downstream"]["presence"] == "foreign"
    syncerd.wait_state(tenant, "Degraded")
    text = syncerd.ctl("describe", "workspace", tenant.cluster)
    for part in (tenant.path, "Degraded", "To do:", f"pid {syncerd.worker_of(tenant)}", "widgets.example.dev", "gizmos.other.dev", "too-big"):
        assert part in text, text
    story = syncerd.ctl_json("describe", "workspace", tenant.path)
    assert story["cluster"] == tenant.cluster and story["meaning"] and {event["object"] for event in story["events"]} >= {"default/theirs", "default/too-big"}
    tenant.patch(GIZMOS, "too-big", {"spec": {"size": 20}})
    tenant.wait_down(GIZMOS, "too-big")
    wait_for(lambda: described(syncerd, tenant, "default/too-big")["inStep"], 60, "the corrected object in step")


def test_describe_what_is_not_there(syncerd, tenant):
    tenant.create(widget("there"))
    tenant.wait_down(WIDGETS, "there")
    for args, status, words in ((("workspace", "root:nobody"), 5, "no workspace root:nobody is served here"),
                                (("object", "root:nobody", "default/there"), 5, "no workspace root:nobody is served here"),
                                (("object", tenant.path, "default/nothing"), 5, "object default/nothing is not known here"),
                                (("object", tenant.path, "apples.example.dev/default/there"), 5, "resource apples.example.dev is not synced here"),
                                (("object", tenant.path), 2, "object WORKSPACE KEY")):
        done = syncerd.ctl("describe", *args, check=False)
        assert done.returncode == status and words in done.stderr and done.stdout == "", (args, done)


def test_things_that_do_not_exist(syncerd, tenant):
    for args in (("restart", "root:nobody"), ("dump", "root:nobody"), ("pause", "nobody")):
        done = syncerd.ctl(*args, check=False)
        assert done.returncode not in (0, 2) and "nobody" in done.stderr, (args, done)
    assert syncerd.ctl("loglevel", "loud", check=False).returncode != 0
    assert syncerd.ctl("no-such-verb", check=False).returncode != 0


def kubectl(*args):
    """The real kubectl, with the build's programs in its path, as after an installation."""
    env = {**os.environ, "PATH": f"{os.path.dirname(program('syncerctl'))}:{os.environ['PATH']}"}
    done = subprocess.run([find_binary("kubectl"), *args], capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == 0, done
    return done.stdout


def test_as_a_plugin_of_kubectl(syncerd, pair):
    """kubectl finds it, passes its options on, and completes commands and workspaces with it."""
    assert "edge-1" in kubectl("syncer", "status", "--socket", syncerd.socket)
    assert "Usage: kubectl syncer describe" in kubectl("syncer", "describe", "--help")
    assert "describe\t" in kubectl("__complete", "syncer", "desc")
    listed = kubectl("__complete", "syncer", "--socket", syncerd.socket, "describe", "workspace", "").splitlines()
    assert sorted(listed[:-1]) == sorted(tenant.path for tenant in pair) and listed[-1] == ":4", listed


def test_without_a_syncerd(tmp_path):
    done = subprocess.run([program("syncerctl"), "status", "--socket", str(tmp_path / "none.sock")], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0 and "none.sock" in done.stderr


def test_the_socket_is_private(syncerd):
    mode = os.stat(syncerd.socket).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600

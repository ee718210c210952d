"""syncerctl watch-heartbeat: what a syncerd that was killed cannot say, a small service near kcp says, with the rights of its own role."""

import os
import signal
import subprocess

import pytest
import rbac
import yaml
from edge import TARGET, account_token
from syncerd import program
from testbed import ApiError, wait_for
from testbed.servers import write_kubeconfig
from testbed.waiting import holds_for

ROLE = os.path.join(os.path.dirname(__file__), "..", "..", "packaging", "kcp", "heartbeat-watch.yaml")
WATCHER = "syncerd-heartbeat-watch"


@pytest.fixture
def watcher(site, tmp_path):
    """Start the service with a ServiceAccount that has the shipped role and no more."""
    with open(ROLE) as file:
        rbac.install(site.home.api, list(yaml.safe_load_all(file)))
    bed, started = site.world.bed, []
    kubeconfig = write_kubeconfig(str(tmp_path / "watch.kubeconfig"), f"{bed.kcp.url}/clusters/{site.home.cluster}", bed.kcp.ca,
                                  account_token(site.home.api, WATCHER, "default"))

    def start(*args):
        command = [program("syncerctl"), "watch-heartbeat", "--workspace", site.home.path, "--kubeconfig", kubeconfig, "--interval", "1s", *args]
        with open(tmp_path / "watch.log", "a") as log:
            started.append(subprocess.Popen(command, stdout=log, stderr=log))
        return started[-1]

    start.text = lambda: (tmp_path / "watch.log").read_text()
    yield start
    for process in started:
        process.kill()
        process.wait()


def stale(site):
    """As if the last beat had been two minutes ago: nobody waits for it in a test."""
    site.home.api.set_status("workload.kcp.io/v1alpha1/synctargets", TARGET, {"lastSyncerHeartbeatTime": "2026-01-01T00:00:00Z"})


def test_a_killed_syncerd(site, launch, watcher):
    syncerd = launch(site.config())
    site.wait_condition("Ready", "True")
    process = watcher("--all")
    syncerd.kill()
    kept = {condition["type"]: condition for condition in site.status()["conditions"]}
    stale(site)
    said = site.wait_condition("HeartbeatHealthy", "False", "ErrorHeartbeat")
    assert said["severity"] == "Warning" and said["message"] == "no heartbeat for 60 s"
    site.wait_condition("Ready", "Unknown", "ErrorHeartbeat", message="HeartbeatHealthy: no heartbeat")
    now = {condition["type"]: condition for condition in site.status()["conditions"]}
    assert list(now) == list(kept)
    assert all(now[name] == kept[name] for name in kept if name not in ("Ready", "HeartbeatHealthy")), "the others stay as they were"
    assert TARGET in watcher.text() and "no heartbeat since 2026-01-01T00:00:00Z" in watcher.text()

    # Once is enough; and only syncerd itself makes it True again, with the watcher at its side.
    version = site.target()["metadata"]["resourceVersion"]
    holds_for(lambda: site.target()["metadata"]["resourceVersion"] == version, 2, "no second write")
    syncerd.start(arguments=("--take-over",))
    site.wait_condition("HeartbeatHealthy", "True", "HeartbeatFresh")
    site.wait_condition("Ready", "True")
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    assert syncerd.stop() == 0


def test_a_stopped_syncerd_has_said_it_itself(site, launch, watcher):
    syncerd = launch(site.config())
    site.wait_condition("Ready", "True")
    assert syncerd.stop() == 0
    watcher("--name", TARGET)
    stale(site)
    version = site.target()["metadata"]["resourceVersion"]
    holds_for(lambda: site.target()["metadata"]["resourceVersion"] == version, 3, "no write")
    assert site.condition("HeartbeatHealthy")["reason"] == "SyncerStopped"


def test_without_the_right_to_list(site, watcher):
    """It says so once, goes on, and is back when the right is."""
    role = ("rbac.authorization.k8s.io/v1/clusterroles", WATCHER)
    rules = site.home.api.get(*role)["rules"]
    site.home.api.patch(*role, {"rules": rules[1:]})
    process = watcher("--all")
    wait_for(lambda: "cannot be listed" in watcher.text() and "forbidden" in watcher.text(), 30, "the refusal to be said")
    site.home.api.patch(*role, {"rules": rules})
    wait_for(lambda: "can be listed again" in watcher.text(), 90, "the watcher to be back")
    assert process.poll() is None and watcher.text().count("cannot be listed") == 1


def test_without_the_right_to_write(site, launch, watcher):
    """It says once whose status it cannot write, goes on, and writes it when the right is back."""
    syncerd = launch(site.config())
    site.wait_condition("Ready", "True")
    role = ("rbac.authorization.k8s.io/v1/clusterroles", WATCHER)
    rules = site.home.api.get(*role)["rules"]
    site.home.api.patch(*role, {"rules": [rule for rule in rules if rule.get("resources") != ["synctargets/status"]]})
    account = site.home.api.with_token(account_token(site.home.api, WATCHER, "default"))
    wait_for(lambda: is_refused(account), 30, "the right to be gone")
    syncerd.kill()
    stale(site)
    process = watcher("--all")
    wait_for(lambda: f"SyncTarget {TARGET}: its status cannot be written: " in watcher.text() and "forbidden" in watcher.text(), 30, "the refusal to be said")
    assert site.condition("HeartbeatHealthy")["status"] == "True"
    holds_for(lambda: is_said_once(watcher.text()), 4, "nothing at the next looks")
    site.home.api.patch(*role, {"rules": rules})
    site.wait_condition("HeartbeatHealthy", "False", "ErrorHeartbeat", timeout=90)
    assert process.poll() is None


def is_said_once(text):
    """One line, and another one only for another answer of the server."""
    said = [line for line in text.splitlines() if "its status cannot be written" in line]
    return said and all(line != after for line, after in zip(said, said[1:]))


def is_refused(account):
    try:
        account.set_status("workload.kcp.io/v1alpha1/synctargets", TARGET, {})
    except ApiError as error:
        return error.status == 403
    return False

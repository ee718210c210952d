"""Metrics and health over HTTP: what they say while a site lives, breaks and recovers; what they cost; direct mode."""
import os
import signal
import socket
import subprocess
import time

from testbed.metrics import ask, scrape
from testbed.waiting import wait_for

from .simulator import binaries
from .syncer import DIRECT
from .world import CLUSTER, TEAM, Team

TEAMS = {TEAM, "root:org:team-b", "root:org:team-c"}


def place_of(syncerd):
    return syncerd.directory / "run" / "metrics.sock"


def ready(syncerd, path="/readyz"):
    code, text, _ = ask(place_of(syncerd), path)
    return code, text


def answers(syncerd):
    """It listens: between the start and that there is no socket, then for a moment one that refuses."""
    try:
        return ready(syncerd)[0] in (200, 503)
    except OSError:
        return False


def wait_ready(syncerd):
    wait_for(lambda: answers(syncerd) and ready(syncerd) == (200, "ok\n"), 30, "readyz to be ok")


def set_metrics(syncerd, text):
    syncerd.config.write_text(syncerd.config.read_text() + f"metrics: {text}\n")


def test_a_working_site(sim, syncerd):
    team = Team(sim)
    team.create("w1", "w2")
    team.wait_down("w1", "w2")
    wait_ready(syncerd)
    assert os.stat(place_of(syncerd)).st_mode & 0o7777 == 0o660
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_worker_objects_synced", cluster=CLUSTER) == 2, 20, "both objects to be counted")
    seen = scrape(place_of(syncerd))
    assert seen.value("syncerd_ready") == 1 and seen.value("syncerd_config_last_reload_successful") == 1
    assert seen.value("syncerd_workspaces", phase="Syncing") == 3 and seen.value("syncerd_workspaces_summed") == 0
    assert {labels["path"] for labels, up in seen.all("syncerd_worker_up") if up == 1} == TEAMS
    assert seen.value("syncerd_condition", type="Ready", status="True") == 1
    assert seen.value("syncerd_condition", type="Ready", status="False") == 0
    assert seen.all("syncerd_condition_info", type="WorkersReady")[0][0]["reason"] == "AllWorkersReady"
    assert seen.value("syncerd_resources", state="Accepted") >= 1
    assert seen.value("syncerd_server_up", side="upstream") == 1 and seen.value("syncerd_server_up", side="downstream") == 1
    info = seen.all("syncerd_synctarget_info")[0][0]
    assert info["name"] == "edge-1" and info["path"] == "root:edge"
    assert seen.value("syncerd_worker_writes_total", cluster=CLUSTER, side="downstream") >= 2
    assert seen.value("syncerd_worker_requests_total", cluster=CLUSTER, side="upstream") > 0
    assert seen.value("syncerd_worker_memory_bytes", cluster=CLUSTER) > 100000
    assert seen.value("syncerd_worker_namespaces", cluster=CLUSTER) == 1
    assert seen.value("process_open_fds") > 5 and seen.value("process_resident_memory_bytes") > 1e6
    code, text, _ = ask(place_of(syncerd), "/readyz?verbose")
    assert code == 200 and "[+]SyncerReady ok\n" in text and text.endswith("readyz check passed\n")
    assert ready(syncerd, "/readyz/kcp") == (200, "ok\n") and ready(syncerd, "/readyz/nothing")[0] == 404
    assert ready(syncerd, "/healthz") == (200, "ok\n")
    assert ask(place_of(syncerd), "/metrics", "POST")[0] == 405 and ask(place_of(syncerd), "/nothing")[0] == 404


def test_cells_as_labels(sim, syncerd):
    sim.kcp.at("root:edge").call("PATCH", "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1", {"spec": {"cells": {
        "topology.example.dev/zone": 'a"b\\c\nd', "topology_example_dev_zone": "second", "rack": "r1"}}}, "application/merge-patch+json")
    wait_for(lambda: "cell_rack" in scrape(place_of(syncerd)).all("syncerd_synctarget_info")[0][0], 20, "the cells to be shown")
    info = scrape(place_of(syncerd)).all("syncerd_synctarget_info")[0][0]
    assert info["cell_rack"] == "r1" and info["cell_topology_example_dev_zone"] in ('a"b\\c\nd', "second")


def test_a_worker_is_restarted(syncerd):
    before = scrape(place_of(syncerd)).value("syncerd_worker_restarts_total", cluster=CLUSTER)
    os.kill(syncerd.workspace(TEAM)["pid"], signal.SIGKILL)
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_worker_restarts_total", cluster=CLUSTER) == before + 1, 20, "the restart to be counted")
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_worker_up", cluster=CLUSTER) == 1, 20, "the worker to be up")
    assert ready(syncerd)[0] == 200


def test_kcp_is_away_and_comes_back(sim, syncerd):
    wait_ready(syncerd)
    sim.kcp.fault("status:503", agent="sync", times=-1)
    sim.kcp.post("close-watches")
    wait_for(lambda: ready(syncerd)[0] == 503, 30, "readyz to say 503")
    wait_for(lambda: "[-]kcp failed: " in ready(syncerd)[1], 30, "readyz to name kcp")
    assert "[+]cluster ok\n" in ready(syncerd)[1] and ready(syncerd)[1].endswith("readyz check failed\n")
    # That kcp is away is no reason to start syncerd again.
    assert ready(syncerd, "/healthz") == (200, "ok\n")
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_server_up", side="upstream") == 0, 10, "the metric to follow")
    assert scrape(place_of(syncerd)).value("syncerd_ready") == 0
    sim.kcp.clear_faults()
    wait_ready(syncerd)
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_ready") == 1, 10, "the metric to follow")


def test_the_cluster_is_away(sim, syncerd):
    wait_ready(syncerd)
    sim.cluster.fault("status:503", agent="sync", times=-1)
    sim.cluster.post("close-watches")
    wait_for(lambda: "[-]cluster failed: " in ready(syncerd)[1], 60, "readyz to name the cluster")
    assert "[+]kcp ok\n" in ready(syncerd)[1]
    sim.cluster.clear_faults()
    wait_ready(syncerd)


def test_the_socket_of_control_is_lost(syncerd):
    """What only another start can mend fails the liveness check, with its reason."""
    os.unlink(syncerd.socket)
    code, text = ready(syncerd, "/healthz")
    assert code == 503 and f"[-]control-socket failed: {syncerd.socket} is gone" in text


def test_more_workspaces_than_series(syncerd):
    """The bound counts from the reload on; the others are one series, and nothing of them is lost in the sums."""
    whole = scrape(place_of(syncerd))
    set_metrics(syncerd, "{maxWorkspaces: 1}")
    syncerd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_workspaces_summed") == 2, 20, "the bound to count")
    seen = scrape(place_of(syncerd))
    assert len(seen.all("syncerd_workspace_info")) == 1
    assert seen.value("syncerd_worker_up", cluster="other") == 1
    assert len(seen.all("syncerd_worker_up")) == 2
    assert sum(value for _, value in seen.all("syncerd_worker_memory_bytes")) > 0.5 * sum(value for _, value in whole.all("syncerd_worker_memory_bytes"))
    assert seen.value("syncerd_workspaces", phase="Syncing") == 3


def test_a_refused_reload_is_shown(syncerd):
    before = scrape(place_of(syncerd)).value("syncerd_config_last_reload_success_timestamp_seconds")
    good = syncerd.config.read_text()
    set_metrics(syncerd, "{listen: nowhere}")
    syncerd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_config_last_reload_successful") == 0, 20, "the refusal to be shown")
    assert scrape(place_of(syncerd)).value("syncerd_config_last_reload_success_timestamp_seconds") == before
    syncerd.config.write_text(good + "metrics: {listen: '127.0.0.1:9'}\n")
    syncerd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "metrics.listen has changed: restart syncerd for that" in syncerd.log.read_text(), 20, "another address to be refused")
    syncerd.config.write_text(good)
    syncerd.process.send_signal(signal.SIGHUP)
    wait_for(lambda: scrape(place_of(syncerd)).value("syncerd_config_last_reload_successful") == 1, 20, "the good one to be taken")


def test_on_tcp_and_switched_off(make_syncerd, sim):
    syncerd = make_syncerd()
    syncerd.wait_syncing(*TEAMS)
    syncerd.stop()
    assert not place_of(syncerd).exists()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    good = syncerd.config.read_text()
    set_metrics(syncerd, f"{{listen: '127.0.0.1:{port}'}}")
    syncerd.start()
    syncerd.wait_syncing(*TEAMS)
    assert scrape(f"127.0.0.1:{port}").value("syncerd_workspaces", phase="Syncing") == 3
    syncerd.stop()
    syncerd.config.write_text(good + "metrics: {listen: ''}\n")
    syncerd.start()
    syncerd.wait_syncing(*TEAMS)
    assert not place_of(syncerd).exists()


def run_briefly(syncerd, *options):
    """syncerd with the present configuration, which must end by itself: its exit code and its log."""
    done = subprocess.run([str(binaries() / "syncerd"), "--config", str(syncerd.config), *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stderr


def test_places_that_cannot_be(make_syncerd, tmp_path):
    """What keeps it from listening is said at the check, or at the latest at the start, with the name of the key."""
    syncerd = make_syncerd()
    syncerd.wait_syncing(*TEAMS)
    syncerd.stop()
    good = syncerd.config.read_text()
    set_metrics(syncerd, f"{{listen: 'unix:{tmp_path}/nowhere/m.sock'}}")
    code, log = run_briefly(syncerd, "--check-config")
    assert code == 3 and "metrics.listen: the directory of" in log
    with socket.create_server(("127.0.0.1", 0)) as taken:
        syncerd.config.write_text(good)
        set_metrics(syncerd, f"{{listen: '127.0.0.1:{taken.getsockname()[1]}'}}")
        assert run_briefly(syncerd, "--check-config")[0] == 0
        code, log = run_briefly(syncerd)
        assert code == 1 and "metrics.listen 127.0.0.1:" in log and "somebody else listens there" in log


def test_others_than_loopback_are_warned_of(make_syncerd):
    syncerd = make_syncerd()
    syncerd.wait_syncing(*TEAMS)
    syncerd.stop()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    set_metrics(syncerd, f"{{listen: '0.0.0.0:{port}'}}")
    syncerd.start()
    syncerd.wait_syncing(*TEAMS)
    assert "can read the names and states of workspaces" in syncerd.log.read_text()
    assert ask(f"127.0.0.1:{port}", "/healthz")[0] == 200


def test_asking_often_costs_little(syncerd):
    wait_ready(syncerd)
    begun = time.monotonic()
    texts = {ask(place_of(syncerd), "/metrics")[1] for _ in range(50)}
    assert len(texts) <= 2 + (time.monotonic() - begun) / 0.5


def test_nobody_holds_up_the_work(sim, syncerd):
    """More silent connections than there are places: syncing goes on, and who waits is served in the end."""
    held = []
    for _ in range(60):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(place_of(syncerd)))
        held.append(connection)
    team = Team(sim)
    team.create("meanwhile")
    team.wait_down("meanwhile", seconds=10)
    for connection in held:
        connection.close()
    wait_ready(syncerd)
    assert syncerd.json("status")["workspaces"]["ready"] == 3


def test_another_syncer_serves(sim, syncerd, make_syncerd):
    """Who waits for the other one, from the start or since it was taken over, is not ready, and says nothing of conditions that are not its own."""
    wait_ready(syncerd)
    waiting = make_syncerd()
    wait_for(lambda: answers(waiting) and "[-]synctarget failed: " in ready(waiting)[1], 20, "the second to say that it waits")
    assert ready(waiting)[0] == 503 and ready(waiting, "/healthz")[0] == 200
    assert not scrape(place_of(waiting)).all("syncerd_condition") and scrape(place_of(waiting)).value("syncerd_ready") == 0
    waiting.stop()
    waiting.options.append("--take-over")
    waiting.start()
    wait_ready(waiting)
    wait_for(lambda: "[-]synctarget failed: " in ready(syncerd)[1], 20, "the first to have noticed")
    wait_for(lambda: not scrape(place_of(syncerd)).all("syncerd_condition"), 10, "its conditions to be gone")
    assert scrape(place_of(waiting)).value("syncerd_condition", type="Ready", status="True") == 1


def test_direct_mode(sim, make_syncerd):
    syncerd = make_syncerd(mode=DIRECT)
    syncerd.wait_syncing(TEAM)
    wait_ready(syncerd)
    seen = scrape(place_of(syncerd))
    assert seen.all("syncerd_instance_info")[0][0]["mode"] == "Direct"
    assert seen.value("syncerd_worker_up", path=TEAM) == 1 and not seen.all("syncerd_condition") and not seen.all("syncerd_synctarget_info")


def test_direct_mode_without_its_workspace(sim, make_syncerd):
    """That kcp answers is not enough: nothing of what is configured can be served."""
    syncerd = make_syncerd(mode=DIRECT.replace(TEAM, "root:org:nobody"))
    wait_for(lambda: answers(syncerd), 10, "an answer")
    wait_for(lambda: "[-]workers failed: " in ready(syncerd)[1] and "[+]cluster ok" in ready(syncerd)[1], 20, "readyz to say so")
    wait_for(lambda: "nobody" in ready(syncerd)[1], 20, "the workspace to be named")
    assert ready(syncerd)[0] == 503 and ready(syncerd, "/healthz")[0] == 200

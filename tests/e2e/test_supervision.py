"""Processes: killed, hung, restarted, reloaded; servers that go away and come back."""

import json
import os
import shutil
import signal

import pytest
from objects import WIDGETS, widget
from syncerd import exists, program
from testbed import wait_for
from testbed.servers import write_kubeconfig


@pytest.fixture(scope="module")
def syncerd(site, launch):
    return launch(site.config(workers={"heartbeat": "1s", "heartbeatDeadline": "4s", "backoffFirst": "200ms"}))


def still_works(*tenants, name):
    for tenant in tenants:
        tenant.create(widget(name))
    for tenant in tenants:
        tenant.wait_down(WIDGETS, name, timeout=60)


def pids(syncerd, pair):
    return [syncerd.wait_worker(tenant) for tenant in pair]


def test_exactly_one_worker_for_each_workspace(syncerd, pair):
    assert sorted(syncerd.workers()) == sorted(pids(syncerd, pair))


def test_a_killed_worker_is_replaced_alone(site, syncerd, pair):
    victim, other = pids(syncerd, pair)
    os.kill(victim, signal.SIGKILL)
    syncerd.wait_worker(pair[0], other_than=victim)
    still_works(*pair, name="after-kill")
    assert syncerd.worker_of(pair[1]) == other
    assert syncerd.view(pair[0])["restarts"] >= 1
    site.wait_phase(pair[0], "Syncing")


def test_a_hung_worker_is_replaced_alone(site, syncerd, pair):
    victim, other = pids(syncerd, pair)
    os.kill(victim, signal.SIGSTOP)
    syncerd.wait_worker(pair[0], other_than=victim, timeout=30)
    assert not exists(victim)
    assert syncerd.view(pair[0])["lastExit"] == "WorkerHung"
    still_works(*pair, name="after-hang")
    assert syncerd.worker_of(pair[1]) == other


def test_restart_by_the_operator(syncerd, pair):
    victim, other = pids(syncerd, pair)
    syncerd.ctl("restart", pair[0].path)
    syncerd.wait_worker(pair[0], other_than=victim)
    wait_for(lambda: not exists(victim), 20, "the old worker to be gone")
    still_works(*pair, name="after-restart")
    assert syncerd.worker_of(pair[1]) == other


def test_secrets_are_in_neither_arguments_nor_environment(site, syncerd, pair):
    secrets = [site.kcp_token.encode(), site.cluster_token.encode()]
    for pid in [syncerd.pid, *pids(syncerd, pair)]:
        for file in ("cmdline", "environ"):
            with open(f"/proc/{pid}/{file}", "rb") as text:
                content = text.read()
            assert not any(secret in content for secret in secrets), f"/proc/{pid}/{file}"
    assert site.kcp_token not in syncerd.text() and site.cluster_token not in syncerd.text()


def test_a_worker_holds_nothing_that_is_not_its_own(syncerd, pair):
    """No listening control socket, no configuration, no state directory of the supervisor, no boot message of another worker."""
    for pid in pids(syncerd, pair):
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        files = [link for link in links if link.startswith(syncerd.directory) and link != syncerd.log]
        assert not files, files
        assert len([link for link in links if "memfd" in link]) <= 1, links
        assert len(links) < 40, links


def put_worker(syncerd, script=None):
    """As a package does: the name is given to another file."""
    path = os.path.join(syncerd.directory, "syncer-worker")
    if script is None:
        shutil.copy2(program("syncer-worker"), path + ".new")
    else:
        with open(path + ".new", "w") as file:
            file.write(script)
        os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)
    return path


def wait_upgrade(syncerd, state):
    wait_for(lambda: syncerd.ctl_json("status")["upgrade"]["state"] == state, 120, f"the upgrade to be {state}")
    return syncerd.ctl_json("status")["upgrade"]


def test_another_worker_program_comes_one_by_one_or_not_at_all(site, syncerd, pair):
    """Good, bad and good again; with the bad one all go on with the old one, and the status is written all the time."""
    before = pids(syncerd, pair)
    workers = {**syncerd.config["workers"], "program": put_worker(syncerd), "upgradeStable": "300ms"}
    syncerd.write_config({**syncerd.config, "workers": workers})
    syncerd.hup()
    wait_for(lambda: set(pids(syncerd, pair)).isdisjoint(before), 120, "all to be restarted")
    assert wait_upgrade(syncerd, "Idle")["oldWorkers"] == 0
    after = pids(syncerd, pair)
    still_works(*pair, name="after-upgrade")

    put_worker(syncerd, "#!/bin/sh\nexec sleep 600\n")
    beat = site.status()["lastSyncerHeartbeatTime"]
    syncerd.hup()
    canary = wait_for(lambda: [tenant for tenant in pair if tenant.path in json.dumps(syncerd.ctl_json("status")["upgrade"])], 60, "the canary")
    still_works(*(tenant for tenant in pair if tenant not in canary), name="during-upgrade")
    wait_for(lambda: site.status()["lastSyncerHeartbeatTime"] != beat, 60, "the heartbeat")
    upgrade = wait_upgrade(syncerd, "Stopped")
    assert "HandshakeFailed" in upgrade["message"] and upgrade["oldWorkers"] >= 1
    site.wait_condition("WorkersReady", "False", "UpgradeStopped", timeout=60)
    assert site.condition("Ready")["status"] == "True"
    wait_for(lambda: site.events("UpgradeStopped"), 30, "the Event")
    assert [syncerd.wait_worker(tenant) == pid for tenant, pid in zip(pair, after)].count(True) == 1
    still_works(*pair, name="after-bad-upgrade")

    put_worker(syncerd)
    syncerd.hup()
    wait_for(lambda: set(pids(syncerd, pair)).isdisjoint(after), 60, "all to have the good one")
    wait_upgrade(syncerd, "Idle")
    site.wait_condition("WorkersReady", "True", timeout=60)


def test_reload_keeps_the_processes(site, syncerd, pair):
    before = [syncerd.pid, *pids(syncerd, pair)]
    config = {**syncerd.config, "log": {"level": "debug", "format": "text"}}
    syncerd.write_config(config)
    syncerd.hup()
    wait_for(lambda: "READY=1" in syncerd.notifications()[-3:] or "reload" in syncerd.text(), 20, "the reload to be reported")
    still_works(*pair, name="after-reload")
    assert [syncerd.pid, *pids(syncerd, pair)] == before


def test_reload_with_a_broken_file_changes_nothing(syncerd, pair):
    before = [syncerd.pid, *pids(syncerd, pair)]
    with open(syncerd.config_file) as file:
        good = file.read()
    with open(syncerd.config_file, "a") as file:
        file.write("unknownKey: 1\n")
    syncerd.hup()
    syncerd.wait_log("unknownKey")
    with open(syncerd.config_file, "w") as file:
        file.write(good)
    still_works(*pair, name="after-bad-reload")
    assert [syncerd.pid, *pids(syncerd, pair)] == before


def test_new_credentials_reach_running_workers(site, syncerd, pair):
    """The kubeconfig gets another token; SIGHUP hands it to the workers, and the old one may be withdrawn."""
    before = pids(syncerd, pair)
    bed = site.world.bed
    fresh = site.kube.token_for(site.syncer, ns=site.syncer)
    write_kubeconfig(site.cluster_kubeconfig, bed.kube.url, bed.kube.ca, fresh)
    syncerd.hup()
    still_works(*pair, name="new-token")
    assert pids(syncerd, pair) == before
    site.kube.delete("v1/secrets", f"{site.syncer}-token", site.syncer)
    still_works(*pair, name="old-token-withdrawn")
    assert pids(syncerd, pair) == before


def test_the_cluster_restarts(site, syncerd, pair):
    before = pids(syncerd, pair)
    kube = site.world.bed.kube
    for tenant in pair:
        tenant.create(widget("lives-through"))
    for tenant in pair:
        tenant.wait_down(WIDGETS, "lives-through")
    uids = [tenant.down(WIDGETS, "lives-through")["metadata"]["uid"] for tenant in pair]
    kube.stop_apiserver()
    for tenant in pair:
        tenant.create(widget("made-meanwhile"))
    site.wait_condition("SyncerReady", "False", "DownstreamUnreachable", timeout=60)
    kube.start_apiserver()
    for tenant in pair:
        tenant.wait_down(WIDGETS, "made-meanwhile", timeout=90)
    site.wait_condition("Ready", "True", timeout=60)
    assert [tenant.down(WIDGETS, "lives-through")["metadata"]["uid"] for tenant in pair] == uids
    assert pids(syncerd, pair) == before


def test_kcp_restarts(site, syncerd, pair):
    before = pids(syncerd, pair)
    uids = [tenant.down(WIDGETS, "lives-through")["metadata"]["uid"] for tenant in pair]
    site.world.bed.kcp.restart()
    still_works(*pair, name="after-kcp")
    site.wait_condition("Ready", "True", timeout=90)
    assert [tenant.down(WIDGETS, "lives-through")["metadata"]["uid"] for tenant in pair] == uids
    assert pids(syncerd, pair) == before


def test_workers_die_with_a_killed_supervisor(syncerd, pair):
    workers = pids(syncerd, pair)
    syncerd.kill()
    wait_for(lambda: not any(exists(pid) for pid in workers), 5, "the workers to be gone")
    syncerd.start()
    for tenant in pair:
        syncerd.wait_state(tenant, "Syncing")
    still_works(*pair, name="after-supervisor-kill")


def test_a_second_syncerd_on_the_same_state_is_refused(syncerd, pair, launch):
    second = launch(syncerd.config, start=False)
    second.write_config({**syncerd.config, "control": {"socket": second.socket}})
    second.start(ready=False)
    assert second.process.wait(20) > 0
    assert syncerd.alive() and pids(syncerd, pair)


def test_an_orderly_end(site, syncerd, pair):
    """SIGTERM: workers leave, objects stay, the SyncTarget says that nobody is at work, the socket is gone."""
    workers = pids(syncerd, pair)
    uids = [tenant.down(WIDGETS, "lives-through")["metadata"]["uid"] for tenant in pair]
    assert syncerd.stop() == 0
    assert not any(exists(pid) for pid in workers)
    assert site.condition("HeartbeatHealthy")["reason"] == "SyncerStopped"
    assert site.condition("Ready")["status"] == "False"
    assert [tenant.down(WIDGETS, "lives-through")["metadata"]["uid"] for tenant in pair] == uids
    assert not os.path.exists(syncerd.socket)

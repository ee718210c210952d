"""Inputs of Ready that only the simulator can break: kcp refuses one kind of request while the SyncTarget can still be written.

What real servers can show is in tests/e2e/test_ready.py; tests/README.md has all of them.
"""
import pytest

from .simulator import CT_MERGE
from .world import wait_for, wait_hit

TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
EXPORT = "/apis/apis.kcp.io/v1alpha2/apiexports/widgets"
BINDINGS = "/clusters/*/apis/apis.kcp.io/v1alpha2/apibindings"
DEADLINE = 60


def conditions(sim):
    """{type: (status, severity, reason, message)}"""
    status = (sim.kcp.at("root:edge").get(TARGET) or {}).get("status") or {}
    return {c["type"]: (c["status"], c.get("severity"), c["reason"], c["message"]) for c in status.get("conditions", [])}


def is_said(sim, kind, status, severity, reason, message):
    """The condition, and Ready as its summary: Info leaves it as it was."""
    def said():
        now = conditions(sim).get(kind, (None, None, None, ""))
        assert now[:3] == (status, severity, reason) and message in now[3], now
        return now
    now = wait_for(said, DEADLINE, f"{kind} {reason}")
    summary = ("True", None, "AsExpected", "") if severity == "Info" else (status, severity, reason, f"{kind}: {now[3] or reason}")
    wait_for(lambda: conditions(sim)["Ready"] == summary, DEADLINE, f"Ready to be {summary}, not {conditions(sim).get('Ready')}")


def all_true(sim):
    wait_for(lambda: conditions(sim) and all(c[0] == "True" for c in conditions(sim).values()), DEADLINE, "all conditions to be True again")


@pytest.mark.parametrize("fault,severity,reason,message", [
    ("status:401", "Error", "UpstreamUnauthorized", "kcp refuses the credentials for a virtual workspace: http"),
    ("status:500", "Warning", "UpstreamDegraded", "a virtual workspace cannot be read: http")], ids=["401", "500"])
def test_a_virtual_workspace(sim, syncerd, fault, severity, reason, message):
    """It refuses the credentials, or answers with errors."""
    all_true(sim)
    sim.kcp.fault(fault, method="GET", path=BINDINGS, agent="syncerd", times=-1)
    sim.kcp.post("close-watches")
    is_said(sim, "SyncerReady", "False", severity, reason, message)
    sim.kcp.clear_faults()
    all_true(sim)


def test_exports_cannot_be_read(sim, syncerd):
    """An answer that may be another one soon is not waited for in the spec's name: Unknown, with the exports."""
    all_true(sim)
    sim.kcp.fault("status:503", method="GET", path="/apiexports", agent="syncerd", times=-1)
    sim.kcp.post("close-watches")
    is_said(sim, "APIImporterReady", "Unknown", None, "Pending", "root:provider:widgets")
    sim.kcp.clear_faults()
    all_true(sim)


def test_nobody_knows_yet_which_workspaces_there_are(sim, make_syncerd):
    """At the start: no worker is missed before the bindings have been read."""
    sim.kcp.fault("status:503", method="GET", path=BINDINGS, agent="syncerd", times=-1)
    make_syncerd()
    wait_hit(sim.kcp)
    wait_for(lambda: conditions(sim).get("WorkersReady", ())[:3] == ("Unknown", None, "Starting"), DEADLINE, "WorkersReady to be unknown")
    is_said(sim, "SyncerReady", "False", "Warning", "UpstreamDegraded", "a virtual workspace cannot be read: http")
    sim.kcp.clear_faults()
    all_true(sim)


def test_an_export_that_is_too_large(sim, syncerd):
    """One provider's doing. It may claim more than can be synced, within the limit."""
    all_true(sim)
    provider = sim.kcp.at("root:provider")
    claims = provider.get(EXPORT)["spec"].get("permissionClaims", [])
    more = [{"group": "claimed.dev", "resource": f"r{number}", "verbs": ["get"]} for number in range(600)]
    provider.call("PATCH", EXPORT, {"spec": {"permissionClaims": claims + more}}, CT_MERGE)
    is_said(sim, "APIImporterReady", "False", "Info", "ExportTooLarge", "root:provider:widgets offers more resources or claims than are supported")
    provider.call("PATCH", EXPORT, {"spec": {"permissionClaims": claims}}, CT_MERGE)
    all_true(sim)


def upstream(syncerd):
    return syncerd.json("status")["upstream"]


def test_a_status_that_is_refused(sim, syncerd):
    """Everything that is watched goes on with the credentials of its beginning: without this, nobody would say for an hour what is wrong."""
    all_true(sim)
    sim.kcp.fault("status:401", method="PATCH", path="/synctargets", agent="syncerd", times=-1)
    wait_for(lambda: "refuses the SyncTarget's status: " in upstream(syncerd)["message"], DEADLINE, "syncerctl status to say it")
    assert upstream(syncerd)["reachable"] is False and "renew the credentials in the kubeconfig for kcp" in upstream(syncerd)["message"]
    sim.kcp.clear_faults()
    wait_for(lambda: upstream(syncerd) == {**upstream(syncerd), "reachable": True, "message": ""}, DEADLINE, "kcp to be well again")


def test_what_is_said_of_kcp_is_its_present_trouble(sim, syncerd):
    """First it does not answer, then it refuses the credentials, then it is well."""
    all_true(sim)
    for fault, word in (("status:503", "503"), ("status:401", "renew the credentials in the kubeconfig for kcp")):
        sim.kcp.clear_faults()
        sim.kcp.fault(fault, path="/synctargets", agent="syncerd", times=-1)
        sim.kcp.post("close-watches")
        wait_for(lambda word=word: word in upstream(syncerd)["message"], DEADLINE, f"syncerctl status to say {word}, not {upstream(syncerd)}")
    sim.kcp.clear_faults()
    wait_for(lambda: upstream(syncerd)["reachable"] and not upstream(syncerd)["message"], DEADLINE, "kcp to be well again")
    all_true(sim)


@pytest.mark.long
def test_a_watch_of_the_synctarget_that_says_nothing(sim, syncerd):
    """It stays open and brings neither events nor bookmarks, for 150 s: then all is read anew. Meanwhile the answers to heartbeats, which go on,
    have what the watch does not bring: no reader takes syncerd for dead, and no order waits for long."""
    all_true(sim)
    edge = sim.kcp.at("root:edge")
    sim.kcp.fault("mute", method="GET", query="watch", path="/synctargets", agent="syncerd", times=-1)
    sim.kcp.post("close-watches")
    wait_hit(sim.kcp)
    edge.call("PATCH", TARGET, {"spec": {"unschedulable": True}}, CT_MERGE)
    wait_for(lambda: conditions(sim)["Schedulable"][2] == "Cordoned", DEADLINE, "the order behind the dead watch to be seen")

    def lists():
        return sum(row["count"] for row in sim.kcp.request_rows()
                   if row["method"] == "GET" and row["path"].endswith("/synctargets") and not row["watch"] and row["userAgent"].startswith("sync"))
    before = lists()
    wait_for(lambda: lists() > before, 300, "the SyncTarget to be read anew")
    assert conditions(sim)["Ready"][0] == "True" and "cannot be read" not in syncerd.log.read_text()
    sim.kcp.clear_faults()
    sim.kcp.post("close-watches")
    edge.call("PATCH", TARGET, {"spec": {"unschedulable": False}}, CT_MERGE)
    all_true(sim)

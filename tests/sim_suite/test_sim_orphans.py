"""`syncerctl orphans` against servers that are slow to agree: long lists, lists that are forgotten, objects that change meanwhile."""
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from .simulator import CT_MERGE, binaries, kubeconfig, widget, widgets
from .world import TEAM, Team, wait_hit

HOME = "root:edge"
TARGET = "/apis/workload.kcp.io/v1alpha1/synctargets/edge-1"
NAMES = [f"w-{i}" for i in range(12)]


def orphans(syncerd, *words):
    kcp, cluster = (kubeconfig(syncerd.directory / f"{side}-admin.kubeconfig", server.url)
                    for side, server in (("kcp", syncerd.sim.kcp), ("cluster", syncerd.sim.cluster)))
    return subprocess.run([str(binaries() / "syncerctl"), "orphans", "--kubeconfig", str(kcp), "--cluster-kubeconfig", str(cluster), *words],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False)


def leave(sim, syncerd):
    """Copies of NAMES whose SyncTarget was removed by force; its uid."""
    team = Team(sim)
    team.create(*NAMES)
    team.wait_down(*NAMES, seconds=60)
    syncerd.kill()
    home = sim.kcp.at(HOME)
    uid = home.get(TARGET)["metadata"]["uid"]
    home.call("PATCH", TARGET, {"metadata": {"finalizers": None}}, CT_MERGE)
    home.call("DELETE", TARGET)
    assert home.get(TARGET) is None
    return team, uid


def count(done, uid):
    """{resource: objects} of the one group, which is gone."""
    groups = json.loads(done.stdout)["orphans"]
    assert [(group["uid"], group["state"]) for group in groups] == [(uid, "gone")], done.stdout + done.stderr
    return {name: entry["objects"] for name, entry in groups[0]["resources"].items()}


def test_a_list_that_is_too_large_and_one_that_is_forgotten(sim, syncerd):
    """Smaller pages, and from the start: each object is counted once."""
    _, uid = leave(sim, syncerd)
    sim.cluster.fault("status:413", method="GET", path="/widgets", query="limit=500", agent="syncerctl", times=-1)
    sim.cluster.fault("status:413", method="GET", path="/widgets", query="limit=62", agent="syncerctl", times=-1)
    sim.cluster.fault("status:410", method="GET", path="/widgets", query="continue=", agent="syncerctl", times=1)
    done = orphans(syncerd, "-o", "json")
    assert done.returncode == 0, done.stderr
    assert count(done, uid) == {"namespaces": 1, "widgets.example.dev": len(NAMES)}
    assert sim.cluster.hits()[2] == 1


def test_an_object_that_changes_meanwhile(sim, syncerd):
    team, uid = leave(sim, syncerd)
    sim.cluster.fault("status:409", method="DELETE", path="/widgets/w-3", agent="syncerctl", times=2)
    sim.cluster.fault("status:409", method="DELETE", path="/widgets/w-4", agent="syncerctl", times=-1)
    done = orphans(syncerd, "--delete", "--uid", uid)
    assert done.returncode == 1 and "w-4 changes all the time" in done.stderr and "1 namespace is left" in done.stderr, done.stderr
    assert "11 objects deleted" in done.stdout and list(team.copies()) == ["w-4"]
    sim.cluster.clear_faults()
    done = orphans(syncerd, "--delete", "--uid", uid)
    assert done.returncode == 0 and "2 objects deleted" in done.stdout, done.stdout + done.stderr
    assert orphans(syncerd).stdout == "No orphans.\n"


def test_an_object_that_was_made_anew_is_another_one(sim, syncerd):
    """While the first deletion is under way, another copy is replaced by somebody's own object of that name."""
    team, uid = leave(sim, syncerd)
    sim.cluster.fault("slow", method="DELETE", path="/widgets/w-", agent="syncerctl", delayMs=8000)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(orphans, syncerd, "--delete", "--uid", uid)
        wait_hit(sim.cluster, seconds=60)
        path = team.path_down("w-9")
        ns = path.split("/")[5]
        sim.cluster.call("DELETE", path)
        made = sim.cluster.call("POST", widgets(ns), widget("w-9", ns))
        done = running.result()
    assert done.returncode == 3 and f"namespace {ns} is left because of widgets.example.dev/w-9" in done.stderr, done
    assert "11 objects deleted" in done.stdout and sim.cluster.get(path)["metadata"]["uid"] == made["metadata"]["uid"]
    assert list(team.copies()) == ["w-9"]


def test_a_type_that_cannot_be_read(sim, syncerd):
    team, uid = leave(sim, syncerd)
    sim.cluster.fault("status:503", method="GET", path="/widgets", agent="syncerctl", times=-1)
    done = orphans(syncerd, "-o", "json")
    assert done.returncode == 3 and count(done, uid) == {"namespaces": 1}
    assert "incomplete: widgets.example.dev cannot be read" in done.stderr
    assert [entry["what"] for entry in json.loads(done.stdout)["unread"]] == ["widgets.example.dev"]
    done = orphans(syncerd, "--delete", "--uid", uid)
    assert done.returncode == 3 and "1 namespace is left" in done.stderr and len(team.copies()) == len(NAMES)


def test_kcp_that_does_not_answer_proves_nothing(sim, syncerd):
    team, uid = leave(sim, syncerd)
    for action in ("status:403", "status:503"):
        sim.kcp.fault(action, method="GET", path="/synctargets/", agent="syncerctl", times=-1)
        listed = orphans(syncerd, "-o", "json")
        assert listed.returncode == 3 and json.loads(listed.stdout)["orphans"][0]["state"] == "unknown", listed
        refused = orphans(syncerd, "--delete", "--uid", uid)
        assert refused.returncode == 1 and "nobody can tell" in refused.stderr and len(team.copies()) == len(NAMES)
        sim.kcp.clear_faults()
    assert orphans(syncerd, "--delete", "--uid", uid, "--force").returncode == 0
    assert not team.copies() and sim.kcp.at(TEAM).get("/apis/example.dev/v1alpha1/namespaces/default/widgets/w-1")

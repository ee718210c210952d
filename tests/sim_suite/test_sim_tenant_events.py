"""Events on the tenant's own object: posted once, raised by the next worker, and on the SyncTarget where the tenant's workspace takes none."""
import itertools
import json
import time

import pytest

from .simulator import CT_MERGE, SEED, widget, widgets
from .test_sim_reload import reload
from .world import CLUSTER, TEAM, Team, settle, wait_for

EVENTS = "/api/v1/namespaces/default/events"
CLAIM = {"group": "", "resource": "events", "verbs": ["create", "get", "patch"]}
ASKED = "  tenantEvents: true\n  optionalClaims: [events]"
NEIGHBOUR = "root:org:team-b"


@pytest.fixture(autouse=True)
def claims(request, place):
    """The simulator with a claim on Events: team-a and team-b accept it, team-c refuses it."""
    seed = json.loads(SEED.read_text())
    for workspace in seed["kcp"]:
        for item in workspace["objects"]:
            if item["metadata"]["name"] == "widgets" and item["kind"] in ("APIExport", "APIBinding"):
                state = "Rejected" if workspace["path"].endswith("c") else "Accepted"
                more = {"state": state, "selector": {"matchAll": True}} if item["kind"] == "APIBinding" else {}
                item["spec"]["permissionClaims"].append({**CLAIM, **more})
    (place / "seed.json").write_text(json.dumps(seed))
    request.node.sim_seed = place / "seed.json"


@pytest.fixture
def syncerd(sim, make_syncerd):
    instance = make_syncerd(sync=ASKED)
    instance.wait_syncing("root:org:team-a", "root:org:team-b", "root:org:team-c")
    return instance


def events(sim, workspace, reason=None):
    return [event for event in sim.kcp.at(workspace).list(EVENTS) if reason in (None, event["reason"])]


def foreign(sim, workspace=TEAM, cluster=CLUSTER, name="w1"):
    """A failure to tell of: somebody else's object in the place of the copy. Returns the tenant's object."""
    api = sim.kcp.at(workspace)
    api.call("POST", widgets(), widget("first"))

    def namespace():
        places = [item["metadata"] for item in sim.cluster.list("/api/v1/namespaces")]
        return [place["name"] for place in places if cluster in place.get("annotations", {}).get("kcp.io/namespace-locator", "")]

    wait_for(namespace, 20, "the namespace")
    sim.cluster.call("POST", widgets(namespace()[0]), widget(name, namespace()[0], owner="somebody"))
    return api.call("POST", widgets(), widget(name))


def wait_event(sim, workspace, count=1):
    wait_for(lambda: [event["count"] for event in events(sim, workspace, "ForeignObject")] == [count], 30, f"the Event in {workspace}, counted {count}")
    return events(sim, workspace, "ForeignObject")[0]


def test_it_stands_on_the_object_and_is_raised(sim, syncerd):
    made = foreign(sim)
    event = wait_event(sim, TEAM)
    about = event["involvedObject"]
    assert (about["apiVersion"], about["kind"], about["namespace"], about["name"]) == ("example.dev/v1alpha1", "Widget", "default", "w1")
    assert about["uid"] == made["metadata"]["uid"] and about["resourceVersion"]
    assert event["type"] == "Warning" and event["source"] == {"component": "syncerd"} and "left alone" in event["message"]
    assert "ForeignObject" in syncerd.ctl("events", TEAM), "the operator sees it all the same"
    syncerd.ctl("restart", TEAM)
    again = wait_event(sim, TEAM, 2)
    assert again["metadata"]["uid"] == event["metadata"]["uid"] and again["firstTimestamp"] == event["firstTimestamp"]
    assert not events(sim, "root:edge", "ForeignObject"), "the tenant was told, nobody else has to be"
    assert not events(sim, NEIGHBOUR) and not events(sim, "root:provider")


def test_a_refused_claim_leaves_it_on_the_target(sim, syncerd):
    sim.kcp.forget_requests()
    foreign(sim, "root:org:team-c", "teamc0000000000c")
    told = wait_event(sim, "root:edge")
    assert told["involvedObject"]["kind"] == "SyncTarget" and "team-c" in told["message"]
    assert not events(sim, "root:org:team-c")
    assert not sim.kcp.requests(agent="syncer-worker", method="POST"), "who did not consent is not even asked"
    assert not events(sim, "root:edge", "EventsRefused")


def test_without_the_right_it_says_so_once(sim, syncerd):
    sim.kcp.fault("status:403", method="POST", path=f"{CLUSTER}{EVENTS}", agent="syncer-worker", times=-1)
    foreign(sim)
    assert "w1" in wait_event(sim, "root:edge")["message"]
    wait_for(lambda: events(sim, "root:edge", "EventsRefused"), 20, "the refusal to be told")
    assert "root:provider:widgets" in events(sim, "root:edge", "EventsRefused")[0]["message"]
    team = Team(sim)
    sim.cluster.call("POST", widgets(team.down("first")["metadata"]["namespace"]),
                     widget("w2", team.down("first")["metadata"]["namespace"], owner="somebody"))
    team.create("w2")
    wait_for(lambda: len(events(sim, "root:edge", "ForeignObject")) == 2, 20, "the second one on the SyncTarget")
    assert sim.kcp.hits()[0] == 1, "no second request while it is refused"
    assert not events(sim, TEAM)


@pytest.mark.parametrize("action", ["status:500", "drop", "garbage"])
def test_a_server_that_fails_costs_no_event(sim, syncerd, action):
    sim.kcp.fault(action, method="POST", path=f"{CLUSTER}{EVENTS}", agent="syncer-worker", times=-1)
    foreign(sim)
    if action != "garbage":  # a lie about what was done is believed: an Event is a courtesy
        wait_event(sim, "root:edge")
    wait_for(lambda: "ForeignObject" in syncerd.ctl("events", TEAM), 20, "the event")
    assert not events(sim, "root:edge", "EventsRefused")


def test_an_event_of_that_name_which_is_not_ours(sim, syncerd):
    """A tenant may make what it likes in its workspace: it does not become ours, and nothing is lost."""
    foreign(sim)
    event = wait_event(sim, TEAM)
    path = f"{EVENTS}/{event['metadata']['name']}"
    sim.kcp.at(TEAM).call("PATCH", path, {"involvedObject": {"uid": "another"}, "count": 2000000000000}, CT_MERGE)
    syncerd.ctl("restart", TEAM)
    wait_event(sim, "root:edge")
    assert sim.kcp.at(TEAM).get(path)["count"] == 2000000000000


def test_off_by_default_and_never_a_resource(sim, make_syncerd):
    """The claim alone changes nothing; and with the option nothing more is asked as long as nothing fails."""
    syncerd = make_syncerd()
    syncerd.wait_syncing("root:org:team-a", "root:org:team-b")
    sim.kcp.at(TEAM).call("POST", EVENTS, {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "own"}, "reason": "Own"})
    foreign(sim)
    wait_event(sim, "root:edge")
    assert [event["reason"] for event in events(sim, TEAM)] == ["Own"]
    assert not sim.kcp.requests(agent="syncer-worker", path="/events") and not sim.cluster.requests(path="/events")


def test_an_object_in_step_costs_nothing_more(sim, syncerd):
    team = Team(sim)
    team.create("w0")
    team.wait_down("w0")
    settle(sim)
    team.create("w1")
    team.wait_down("w1")
    made = [server.requests(agent="syncer-worker", watch=False) for server in (sim.kcp, sim.cluster)]
    assert made == [1, 1], made


def test_what_the_cluster_forbids_is_said_in_both_places(sim, syncerd):
    """The server's words name accounts of the cluster: those who run it have them, the tenant does not."""
    sim.cluster.fault("status:403", method="POST", path="/widgets", agent="syncer-worker", times=-1)
    made = Team(sim).api.call("POST", widgets(), widget("w1"))
    wait_for(lambda: events(sim, "root:edge", "Unauthorized"), 30, "the Event on the SyncTarget")
    wait_for(lambda: events(sim, TEAM, "Unauthorized"), 30, "the Event on the object")
    event = events(sim, TEAM, "Unauthorized")[0]
    assert event["involvedObject"]["uid"] == made["metadata"]["uid"]
    assert "Who runs the cluster" in event["message"] and "simulator" not in event["message"]
    assert "simulator" in events(sim, "root:edge", "Unauthorized")[0]["message"]


def test_a_flood_is_bounded(sim, syncerd):
    """Ten at once, then one in 15 s: the rest goes where the supervisor has its own bound."""
    began = time.monotonic()
    foreign(sim)
    team = Team(sim)
    namespace = team.down("first")["metadata"]["namespace"]
    names = [f"many-{number}" for number in range(40)]
    for name in names:
        sim.cluster.call("POST", widgets(namespace), widget(name, namespace, owner="somebody"))
    team.create(*names)
    wait_for(lambda: events(sim, "root:edge", "ForeignObject"), 30, "the first one that is above")
    wait_for(lambda: syncerd.workspace(TEAM)["reason"] == "ForeignObjects", 20, "the workspace to be shown as such")
    wait_for(lambda: len(events(sim, TEAM)) >= 10, 20, "the first ten on the objects")
    assert len(events(sim, TEAM)) <= 11 + (time.monotonic() - began) / 15


def test_a_reload_turns_it_on_and_off(sim, make_syncerd):
    """Another plan for the same worker."""
    syncerd = make_syncerd()
    syncerd.wait_syncing(TEAM)
    foreign(sim)
    wait_event(sim, "root:edge")
    pid, numbers, team = syncerd.pids()[TEAM], itertools.count(2), Team(sim)
    namespace = team.down("first")["metadata"]["namespace"]

    def next_one_in(place):
        """A plan arrives when it arrives: one more object fails."""
        name = f"w{next(numbers)}"
        sim.cluster.call("POST", widgets(namespace), widget(name, namespace, owner="somebody"))
        team.create(name)
        wait_for(lambda: f"default/{name}" in syncerd.ctl("events", TEAM), 20, f"{name} to be told")
        return [event for event in events(sim, place, "ForeignObject") if name in json.dumps(event)]

    reload(syncerd, ("sync:\n", f"sync:\n{ASKED}\n"))
    wait_for(lambda: next_one_in(TEAM), 60, "an Event on the object")
    reload(syncerd, (f"{ASKED}\n", ""))
    wait_for(lambda: next_one_in("root:edge"), 60, "an Event on the SyncTarget again")
    assert syncerd.pids()[TEAM] == pid

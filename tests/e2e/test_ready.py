"""Truthful Ready: every input of it is broken once, and the right condition says the right thing within its time; healed, Ready is True again.

The table INPUTS has what a running site can show: what is broken, the condition that says so with status, severity, reason and message, and
how long that may take by supervisor/timings.h. Ready then is the summary of syncerd-rules(7) 8.3: it takes over status, severity and reason, with
"<type>: " before the message; False with Info and Schedulable leave it True. All other conditions stay as they were.

What is broken at other places is in tests/README.md, "Ready's inputs and their tests": no reason is without a test, which `unit.ready` checks.
"""

import os
import re
import signal
import time
from typing import NamedTuple

import pytest
import rbac
from connect_proxy import Proxy, through
from objects import CRDS, EXPORTS, GADGETS, KIND_OF, SCHEMAS, WIDGETS, api_resource_schema, crd, gadget, widget
from testbed import wait_for
from testbed.metrics import ask, scrape
from world import ROOT

MINUTE = 5  # --test-minute: what must last a minute, such as an export that is no longer named
LACKING = "lacking.dev/v1/gizmos"  # a type that the cluster does not serve
KIND_OF[LACKING] = "Gizmo"
SLICES = "apis.kcp.io/v1alpha1/apiexportendpointslices"
ASKERS = (f"{rbac.RBAC}/clusterrolebindings", "system:basic-user")  # who may ask for access reviews
DEAD = "https://127.0.0.1:9"  # nobody listens there


def timings():
    """The waiting times of supervisor/timings.h in seconds."""
    with open(os.path.join(ROOT, "supervisor", "timings.h")) as file:
        return {name: int(ms) / 1000 for name, ms in re.findall(r"\.(\w+)_ms = (\d+)", file.read())}


TIMES = timings()
AT_ONCE = 30  # a few requests, on a busy machine
LASTING = TIMES["unready"] + AT_ONCE  # a server that does not answer, a worker that is not ready: for 5 s it is no news
ASKED = TIMES["probe"] + AT_ONCE  # the cluster is asked for what it serves, with the credentials of the moment


class Input(NamedTuple):
    breaks: object  # a function that breaks it, and returns one that heals it
    condition: str
    says: tuple  # status, severity, reason
    message: str
    seconds: float
    serves: bool = False  # the second tenant is served all the while
    beside: tuple = ()  # other conditions that are not True meanwhile


ERROR, WARNING, INFO = (("False", "Error"), ("False", "Warning"), ("False", "Info"))


class Stage:
    """A site with two tenants whose syncerd reaches both servers through proxies."""

    def __init__(self, site, launch):
        self.site = site
        self.proxies = {"kcp": Proxy("up", "secret-of-up"), "cluster": Proxy("down", "secret-of-down")}
        config = site.config(**{side: {"kubeconfig": through(site, side, proxy)} for side, proxy in self.proxies.items()},
                             workers={"heartbeat": "1s", "heartbeatDeadline": "3s", "backoffFirst": "1m"})
        self.syncerd = launch(config, start=False)
        self.start()
        self.tenants = site.tenants(2)

    def start(self):
        self.syncerd.start(arguments=("--test-minute", str(MINUTE)))

    def reload(self, side, **user):
        through(self.site, side, self.proxies[side], **user)
        self.syncerd.hup()

    def well(self):
        """Both tenants are served, and Ready is True as all the rest."""
        for tenant in self.tenants:
            self.syncerd.wait_state(tenant, "Syncing", timeout=60)
        self.site.wait_condition("Ready", "True", "AsExpected", timeout=60)
        wait_for(lambda: all(status == "True" for status, *_ in self.told().values()), 60, "all conditions to be True")

    def told(self):
        """{type: (status, severity, reason)} of all conditions."""
        return {c["type"]: (c["status"], c.get("severity"), c["reason"]) for c in self.site.status()["conditions"]}

    def metrics(self):
        return os.path.join(self.syncerd.directory, "run", "metrics.sock")

    def serve(self, *exports):
        self.site.patch_target({"spec": {"supportedAPIExports": self.site.supported(*exports)}})

    def urls(self):
        return [endpoint["url"] for endpoint in self.site.provider.api.get(SLICES, "widgets")["status"]["endpoints"]]

    def set_urls(self, urls):
        self.site.provider.api.set_status(SLICES, "widgets", {"endpoints": [{"url": url} for url in urls]})


@pytest.fixture(scope="module")
def stage(site, launch):
    made = Stage(site, launch)
    yield made
    for proxy in made.proxies.values():
        proxy.close()


# -- ways to break it: each returns the way back


def no_export_is_named(stage):
    stage.serve()
    return lambda: stage.serve("widgets")


def an_export_that_does_not_exist(stage):
    rbac.install(stage.site.provider.api, rbac.for_export(stage.site.syncer, "no-such-export", stage.site.home.cluster))
    stage.serve("widgets", "no-such-export")
    return lambda: stage.serve("widgets")


def an_export_without_rights(stage):
    stage.serve("widgets", "not-for-us")
    return lambda: stage.serve("widgets")


def offer(stage, export, schema):
    """An export of the provider, with a type that the cluster lacks, that syncerd may read."""
    stage.site.provider.api.create(EXPORTS, {
        "apiVersion": "apis.kcp.io/v1alpha2", "kind": "APIExport", "metadata": {"name": export},
        "spec": {"resources": [{"group": "lacking.dev", "name": "gizmos", "schema": schema, "storage": {"crd": {}}}]}})
    rbac.install(stage.site.provider.api, rbac.for_export(stage.site.syncer, export, stage.site.home.cluster))
    stage.serve("widgets", export)


def an_export_without_its_schema(stage):
    offer(stage, "schemaless", "missing.gizmos.lacking.dev")
    return lambda: stage.serve("widgets")


def a_type_that_the_cluster_lacks(stage):
    stage.site.provider.api.create(SCHEMAS, api_resource_schema(LACKING))
    offer(stage, "lacking", api_resource_schema(LACKING)["metadata"]["name"])

    def heal():
        stage.site.kube.create(CRDS, crd(LACKING))
        stage.site.wait_condition("APIImporterReady", "True", timeout=60)
        stage.serve("widgets")
        stage.site.world.remove_crd(LACKING)

    return heal


def the_cluster_is_unreachable(stage):
    stage.proxies["cluster"].shut()
    return lambda: setattr(stage.proxies["cluster"], "open", True)


def the_cluster_refuses_the_token(stage):
    stage.reload("cluster", token="nonsense")
    return lambda: stage.reload("cluster")


def a_shard_is_unreachable(stage):
    good = stage.urls()
    stage.set_urls([*good, f"{DEAD}/services/apiexport/x/widgets"])
    return lambda: stage.set_urls(good)


def crash(stage, tenants):
    """Their next start is a minute away, or an operator's word."""
    for tenant in tenants:
        os.kill(stage.syncerd.wait_worker(tenant), signal.SIGKILL)
    return lambda: [stage.syncerd.ctl("restart", tenant.path) for tenant in tenants]


def one_worker_crashes(stage):
    return crash(stage, stage.tenants[:1])


def all_workers_crash(stage):
    return crash(stage, stage.tenants)


def one_worker_hangs(stage):
    victim = stage.tenants[0]
    os.kill(stage.syncerd.wait_worker(victim), signal.SIGSTOP)

    def heal():
        assert stage.syncerd.view(victim)["lastExit"] == "WorkerHung"
        stage.syncerd.ctl("restart", victim.path)

    return heal


def it_is_cordoned(stage):
    stage.syncerd.ctl("cordon")
    return lambda: stage.syncerd.ctl("uncordon")


def syncerd_is_stopped(stage):
    assert stage.syncerd.stop() == 0
    return stage.start


INPUTS = [
    Input(no_export_is_named, "APIImporterReady", (*ERROR, "NoSupportedExports"), "spec.supportedAPIExports is empty", AT_ONCE),
    Input(an_export_that_does_not_exist, "APIImporterReady", (*ERROR, "ExportNotFound"), ":no-such-export", AT_ONCE, serves=True),
    Input(an_export_without_rights, "APIImporterReady", (*ERROR, "ExportForbidden"), ":not-for-us", AT_ONCE, serves=True),
    Input(an_export_without_its_schema, "APIImporterReady", (*INFO, "ResourcesIncompatible"), "gizmos.lacking.dev: SchemaMissing", AT_ONCE, serves=True),
    Input(a_type_that_the_cluster_lacks, "APIImporterReady", (*INFO, "ResourcesIncompatible"), "gizmos.lacking.dev: NotServed", ASKED, serves=True),
    Input(the_cluster_is_unreachable, "SyncerReady", (*ERROR, "DownstreamUnreachable"), "the physical cluster does not answer", LASTING,
          beside=("APIImporterReady",)),  # Pending: what it serves is not known now
    Input(the_cluster_refuses_the_token, "SyncerReady", (*ERROR, "DownstreamUnauthorized"), "the physical cluster refuses the credentials", ASKED,
          beside=("APIImporterReady",)),
    Input(a_shard_is_unreachable, "SyncerReady", (*WARNING, "UpstreamDegraded"), f"a virtual workspace cannot be read: {DEAD}", LASTING, serves=True),
    Input(one_worker_crashes, "WorkersReady", (*INFO, "WorkersNotReady"), "1 of 2 workers ready", LASTING, serves=True),
    Input(all_workers_crash, "WorkersReady", (*ERROR, "WorkersNotReady"), "0 of 2 workers ready", LASTING),
    Input(one_worker_hangs, "WorkersReady", (*INFO, "WorkersNotReady"), "1 of 2 workers ready", 3 + LASTING, serves=True),
    Input(it_is_cordoned, "Schedulable", (*INFO, "Cordoned"), "", AT_ONCE, serves=True),
    Input(syncerd_is_stopped, "HeartbeatHealthy", (*WARNING, "SyncerStopped"), "syncerd was stopped", AT_ONCE),
]


@pytest.mark.parametrize("broken", INPUTS, ids=lambda entry: entry.breaks.__name__)
def test_an_input(stage, broken):
    """Ready before it, what is said while it is broken, Ready after it."""
    stage.well()
    before, begun = stage.told(), time.monotonic()
    heal = broken.breaks(stage)
    try:
        is_said(stage, broken, before)
        if broken.serves:
            stage.tenants[1].create(widget(broken.breaks.__name__.replace("_", "-")))
            stage.tenants[1].wait_down(WIDGETS, broken.breaks.__name__.replace("_", "-"), timeout=60)
        print(f"{broken.breaks.__name__}: {broken.says[2]} after {time.monotonic() - begun:.1f} s")
    finally:
        heal()
    stage.well()


def is_said(stage, broken, before):
    status, severity, reason = broken.says
    said = stage.site.wait_condition(broken.condition, status, reason, message=broken.message, timeout=broken.seconds)
    assert said.get("severity") == severity and said["observedGeneration"] == stage.site.target()["metadata"]["generation"], said
    lowers = severity != "Info"
    ready = stage.site.wait_condition("Ready", status if lowers else "True", reason if lowers else "AsExpected")
    if lowers:
        assert ready.get("severity") == severity and ready["message"] == f"{broken.condition}: {said['message'] or reason}", ready
    now = stage.told()
    beside = {kind: now[kind] for kind in now if kind not in ("Ready", broken.condition, *broken.beside)}
    assert beside == {kind: before[kind] for kind in beside}, "the other conditions stay as they were"


def kcp_is_unreachable(stage):
    stage.proxies["kcp"].shut()
    return lambda: setattr(stage.proxies["kcp"], "open", True)


def kcp_refuses_the_token(stage):
    """What is watched already stays open: if no watch begins just now, it is the next heartbeat that is refused."""
    stage.reload("kcp", token="nonsense")
    return lambda: stage.reload("kcp")


@pytest.mark.parametrize("breaks,words", [
    (kcp_is_unreachable, ["[-]SyncerReady failed: UpstreamDegraded: a virtual workspace cannot be read"]),
    (kcp_refuses_the_token, ["Unauthorized; ", "renew the credentials in the kubeconfig for kcp"]),
])
def test_kcp(stage, breaks, words):
    """The SyncTarget cannot say it: its heartbeat stands still; /readyz, the metrics and syncerctl of this syncerd say it."""
    stage.well()
    heal = breaks(stage)
    try:
        def said():
            code, text, _ = ask(stage.metrics(), "/readyz")
            assert code == 503 and all(word in text for word in [*words, "[-]kcp failed: "]), text
            return scrape(stage.metrics()).value("syncerd_server_up", side="upstream") == 0

        wait_for(said, LASTING, "syncerd to say itself what is wrong with kcp")
        assert stage.syncerd.ctl_json("status")["upstream"]["reachable"] is False
        beat = stage.site.status()["lastSyncerHeartbeatTime"]
    finally:
        heal()
    stage.well()
    wait_for(lambda: stage.site.status()["lastSyncerHeartbeatTime"] > beat, 60, "the heartbeat to go on")
    wait_for(lambda: ask(stage.metrics(), "/readyz")[0] == 200, 60, "readyz to be ok")


def test_one_tenant_cannot_lower_it(stage):
    """A claim that is refused, a copy whose name is taken, a pause: its phase says so, and no condition changes. For its worker see above."""
    stage.well()
    before, tenant = stage.told(), stage.tenants[0]
    site, name = stage.site, f"taken-{tenant.cluster}"
    tenant.workspace.set_claims("widgets", {"configmaps": "Rejected"})
    site.wait_phase(tenant, "Degraded", "ClaimRefused", timeout=60)
    assert stage.told() == before
    tenant.workspace.set_claims("widgets", {"configmaps": "Accepted"})
    site.wait_phase(tenant, "Syncing", timeout=60)
    site.kube.create(GADGETS, gadget(name))
    tenant.create(gadget(name))
    site.wait_phase(tenant, "Degraded", "NameCollision", timeout=60)
    assert stage.told() == before
    stage.syncerd.ctl("pause", tenant.path)
    site.wait_phase(tenant, "Paused", timeout=60)
    assert stage.told() == before
    stage.syncerd.ctl("resume", tenant.path)
    tenant.delete(GADGETS, name)
    site.kube.delete(GADGETS, name)
    stage.well()


def test_a_site_that_has_nothing_yet(new_site, launch, world):
    """No type of the export is served, no workspace is bound; later nobody may ask what is allowed: Ready follows each, and becomes True."""
    site = new_site(exports={"lacking": [LACKING]}, claims=())
    syncerd = launch(site.config(), start=False)
    syncerd.start(arguments=("--test-minute", str(MINUTE)))
    site.wait_condition("Ready", "False", "ResourcesIncompatible", message="APIImporterReady: gizmos.lacking.dev: NotServed", timeout=ASKED)
    assert site.condition("APIImporterReady")["severity"] == site.condition("Ready")["severity"] == "Error"
    world.kube.create(CRDS, crd(LACKING))
    site.wait_condition("Ready", "True", "AsExpected", timeout=60)
    assert site.condition("WorkersReady")["reason"] == "NoWorkspaces"
    assert syncerd.stop() == 0
    everybody = world.kube.get(*ASKERS)["subjects"]
    world.kube.patch(*ASKERS, {"subjects": None})
    try:
        syncerd.start(arguments=("--test-minute", str(MINUTE)))
        site.wait_condition("Ready", "Unknown", "ReviewFailed", message="SyncerAuthorized: ReviewFailed", timeout=LASTING)
        assert site.condition("SyncerAuthorized")["status"] == "Unknown"
    finally:
        world.kube.patch(*ASKERS, {"subjects": everybody})
    site.wait_condition("Ready", "True", "AsExpected", timeout=60)
    assert syncerd.stop() == 0
    world.remove_crd(LACKING)

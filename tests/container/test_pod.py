"""packaging/kubernetes on the real kube-apiserver: applied as packaging/README.md says, and the pod that the controllers make of it run as its
spec says. There is no kubelet and no network plugin here: kubelet.py stands for the one, and NetworkPolicy is only taken, not enforced."""

import os
import re
import shutil
import subprocess

import pytest
from installed import Installed
from kubelet import PODS, PodBox
from objects import WIDGETS, widget
from testbed import find_binary, wait_for
from testbed.process import free_ports
from world import ROOT

NAMESPACE = "syncerd"
DEPLOYMENTS, BUDGETS = "apps/v1/deployments", "policy/v1/poddisruptionbudgets"


@pytest.fixture(scope="module")
def site(image, world, scratch):
    """A SyncTarget whose types the example's types.yaml names, with the account of `syncerctl install kcp`."""
    made = Installed(world, scratch("site"), exports={"widgets": [WIDGETS]}, claims=())
    made.install("kcp", "--export", f"{made.provider.path}:widgets", "--apply", "--output-kubeconfig", made.kcp_kubeconfig)
    made.learn()
    return made


def edit(path, *changes):
    with open(path) as file:
        text = file.read()
    for pattern, value in changes:
        text, count = re.subn(pattern, value, text)
        assert count == 1, f"{path}: {pattern}"
    with open(path, "w") as file:
        file.write(text)


@pytest.fixture(scope="module")
def folder(site, engine, scratch):
    """The example as somebody edits it. Its port is changed too, in both places, because the pod has the node's network here."""
    base = os.path.join(scratch("manifests"), "kubernetes")
    shutil.copytree(os.path.join(ROOT, "packaging", "kubernetes"), base)
    example = os.path.join(base, "example")
    shutil.copy(site.kcp_kubeconfig, os.path.join(example, "kcp.kubeconfig"))
    port = free_ports(1)[0]
    edit(os.path.join(example, "syncerd.yaml"), ("workspace: root:edge", f"workspace: {site.home.path}"), ("0.0.0.0:9464", f"127.0.0.1:{port}"))
    edit(os.path.join(example, "kustomization.yaml"), ("registry.example.com/syncerd", "localhost/syncerd"))
    edit(os.path.join(base, "base", "deployment.yaml"), ("containerPort: 9464", f"containerPort: {port}"))
    engine("tag", "localhost/syncerd", "localhost/syncerd:0.1.0")
    return example


def kubectl(world, *words):
    done = subprocess.run([find_binary("kubectl"), "--kubeconfig", world.bed.kube.kubeconfig, *words], capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}"
    return done.stdout


def wait_pod(world, other_than=None):
    """The pod that the ReplicaSet made and the admission of the namespace (`restricted`) let in."""
    def made():
        pods = [pod for pod in world.kube.list(PODS, NAMESPACE) if pod["metadata"]["name"] != other_than]
        assert len(pods) == 1, [event.get("message") for event in world.kube.list("v1/events", NAMESPACE)][-3:]
        return pods[0]

    return wait_for(made, 60, "the Deployment's pod")


@pytest.fixture(scope="module")
def start(engine, world, scratch):
    """A function that runs a pod; the claims' directories are the same for all."""
    claims, made = scratch("claims"), []

    def begin(pod):
        made.append(PodBox(engine, world, pod, scratch("pod"), claims).start())
        return made[-1]

    yield begin
    for box in made:
        box.remove()


@pytest.fixture(scope="module")
def box(world, folder, start):
    kubectl(world, "apply", "--server-side", "--validate=strict", "-k", folder)
    return start(wait_pod(world))


@pytest.fixture(scope="module")
def tenant(site):
    return site.tenant()


def test_the_rollout_ends(world, box):
    """Both probes answer as the Deployment asks, and with that all of it is what the cluster waits for."""
    box.wait_probes()
    box.tell(ready=True)
    kubectl(world, "-n", NAMESPACE, "rollout", "status", "deployment/syncerd", "--timeout=120s")
    wait_for(lambda: world.kube.get(BUDGETS, "syncerd", NAMESPACE)["status"]["disruptionsAllowed"] == 1, 60, "the budget to allow a disruption")


def test_the_main_job(world, site, box, tenant):
    """With the ServiceAccount of the pod and the rights of the base and of types.yaml, which the cluster aggregates."""
    mark = world.bed.kube.audit.mark()
    box.wait_state(tenant, "Syncing", timeout=60)
    box.check_main_job(tenant, WIDGETS, widget("in-a-pod"), "Running")
    site.wait_condition("Ready", "True", timeout=60)
    assert world.bed.kube.audit.since(mark, user=f"system:serviceaccount:{NAMESPACE}:syncerd", verbs=["patch", "create"], resource="widgets")
    assert "edge-1" in box.ctl("status")


def test_how_it_is_confined(box, tenant):
    assert len(box.workers()) == 1
    box.check_confined(box.memory)
    box.show_memory("pod", box.memory)


def test_the_token_is_renewed(box, tenant):
    """kubelet writes a new token: it is taken up, and no process is started for it."""
    before = [box.pid, *box.workers()]
    box.put_token()
    box.wait_log("cluster: the token file holds another token", timeout=60)
    box.check_main_job(tenant, WIDGETS, widget("with-a-new-token"), "Renewed")
    assert [box.pid, *box.workers()] == before and box.token not in box.text()


def test_a_killed_worker(box, tenant):
    box.check_killed_worker(tenant)
    box.check_main_job(tenant, WIDGETS, widget("after-the-kill"), "Back")


def test_the_node_is_drained(world, site, box, tenant, start):
    """The budget lets the pod be evicted; it ends in its grace with 0. The next one finds the claim and goes on; nothing is made anew."""
    identity, uid = site.status()["syncer"]["identity"], tenant.down(WIDGETS, "in-a-pod")["metadata"]["uid"]
    world.kube.request("POST", world.kube.path(PODS, NAMESPACE, box.name, "eviction"), {
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": box.name, "namespace": NAMESPACE}})
    assert box.end() == 0
    assert site.condition("HeartbeatHealthy")["reason"] == "SyncerStopped"
    tenant.create(widget("meanwhile"))
    after = start(wait_pod(world, other_than=box.name))
    after.wait_probes()
    tenant.wait_down(WIDGETS, "meanwhile", timeout=60)
    after.wait_state(tenant, "Syncing", timeout=60)
    assert site.status()["syncer"]["identity"] == identity
    assert tenant.down(WIDGETS, "in-a-pod")["metadata"]["uid"] == uid
    assert after.end() == 0

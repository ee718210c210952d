"""A type that the cluster itself knows: Deployments out of kcp, run by the cluster's own controllers (no pod starts: there is no kubelet)."""

import pytest
from objects import EXPORTS, GVR_OF, KIND_OF, WIDGETS, widget
from testbed import wait_for

DEPLOYMENTS = "apps/v1/deployments"
REPLICASETS = "apps/v1/replicasets"
KIND_OF[DEPLOYMENTS] = "Deployment"
GVR_OF["Deployment"] = DEPLOYMENTS

POD = {
    "serviceAccountName": "default",
    "terminationGracePeriodSeconds": 7,
    "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "10Mi"}}, {"name": "settings", "configMap": {"name": "settings", "optional": True}}],
    "initContainers": [{"name": "prepare", "image": "registry.example/prepare:1", "command": ["/bin/true"]}],
    "containers": [{
        "name": "main",
        "image": "registry.example/main:1",
        "args": ["--listen", ":8080"],
        "env": [{"name": "PLAIN", "value": "$(NOT_OURS)"},
                {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
                {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password", "optional": True}}}],
        "resources": {"requests": {"cpu": "100m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "periodSeconds": 3},
    }],
}


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"workloads": [DEPLOYMENTS, WIDGETS]}, claims=())


def deployment(name, replicas=2):
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": POD}},
    }


def differences(wanted, there, at=""):
    """Where `there` is not what is `wanted`; what the cluster has added is its own affair."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return [line for key, value in wanted.items() for line in differences(value, there.get(key), f"{at}.{key}")]
    if isinstance(wanted, list) and isinstance(there, list) and len(wanted) == len(there):
        return [line for index, value in enumerate(wanted) for line in differences(value, there[index], f"{at}[{index}]")]
    return [] if wanted == there else [f"{at}: {there!r} instead of {wanted!r}"]


def replica_sets(site, tenant, name):
    return [item for item in site.kube.list(REPLICASETS, tenant.namespace()) if item["metadata"]["labels"].get("app") == name]


@pytest.fixture(scope="module")
def running(site, tenant):
    """A Deployment whose controller has said what it makes of it."""
    tenant.create(deployment("web"))
    tenant.wait_down(DEPLOYMENTS, "web", lambda down: down.get("status", {}).get("replicas") == 2, "to have its replicas")
    return "web"


def test_the_pod_is_the_same(tenant, running):
    """Nothing is put into it and nothing taken out."""
    up, down = tenant.up(DEPLOYMENTS, running), tenant.down(DEPLOYMENTS, running)
    assert not differences(up["spec"], down["spec"])
    pod = down["spec"]["template"]["spec"]
    assert [item["name"] for item in pod["containers"][0]["env"]] == ["PLAIN", "NODE", "SECRET"]
    assert [volume["name"] for volume in pod["volumes"]] == ["scratch", "settings"]


def test_the_controllers_status_comes_back(site, tenant, running):
    def in_step(up):
        down = tenant.down(DEPLOYMENTS, running)
        status, below = dict(up.get("status") or {}), dict(down.get("status") or {})
        seen, observed = status.pop("observedGeneration", None), below.pop("observedGeneration", None)
        return status == below and "conditions" in status and seen == up["metadata"]["generation"] and observed == down["metadata"]["generation"]

    tenant.wait_up(DEPLOYMENTS, running, in_step, "to have the controller's status, about its own generation", timeout=60)
    assert len(replica_sets(site, tenant, running)) == 1


def test_the_revision_of_the_controller_is_not_fought_for(site, syncerd, tenant, running):
    """The controller writes annotations and status of its own: nothing is put back, and a new image makes one new ReplicaSet."""
    pod = {**POD, "containers": [{**POD["containers"][0], "image": "registry.example/main:2"}]}
    tenant.patch(DEPLOYMENTS, running, {"spec": {"template": {"spec": pod}}})
    wait_for(lambda: len(replica_sets(site, tenant, running)) == 2, 60, "a ReplicaSet for the new image")
    revision = "deployment.kubernetes.io/revision"
    tenant.wait_down(DEPLOYMENTS, running, lambda down: down["metadata"]["annotations"].get(revision) == "2", "to be at its second revision", timeout=60)
    assert revision not in tenant.up(DEPLOYMENTS, running)["metadata"].get("annotations", {})
    assert "Contended" not in syncerd.text()


def test_scaling_by_hand_is_put_back(tenant, running):
    """Who scales in the workspace decides; who scales in the cluster does not."""
    tenant.patch(DEPLOYMENTS, running, {"spec": {"replicas": 3}})
    tenant.wait_down(DEPLOYMENTS, running, lambda down: down["spec"]["replicas"] == 3)
    tenant.patch_down(DEPLOYMENTS, running, {"spec": {"replicas": 9}})
    tenant.wait_down(DEPLOYMENTS, running, lambda down: down["spec"]["replicas"] == 3 and down["metadata"]["generation"] > 3, "to be put back")


def test_it_goes_with_all_that_was_made_of_it(site, tenant, running):
    tenant.delete(DEPLOYMENTS, running)
    tenant.wait_up_gone(DEPLOYMENTS, running, timeout=60)
    assert tenant.down(DEPLOYMENTS, running) is None
    wait_for(lambda: not replica_sets(site, tenant, running), 60, "its ReplicaSets to be collected")


def test_a_type_that_leaves_the_export(site, syncerd, tenant):
    """What was synced stays in the cluster, the other type and the worker go on; when it comes back, so does the syncing."""
    tenant.create(widget("left"))
    uid = tenant.wait_down(WIDGETS, "left")["metadata"]["uid"]
    pid = syncerd.worker_of(tenant)
    offered = site.provider.api.get(EXPORTS, "workloads")["spec"]["resources"]
    site.provider.api.patch(EXPORTS, "workloads", {"spec": {"resources": [item for item in offered if item["name"] != "widgets"]}})
    wait_for(lambda: not site.resource_entry("widgets"), 60, "widgets to leave status.syncedResources")
    tenant.create(deployment("beside", replicas=0))
    tenant.wait_down(DEPLOYMENTS, "beside")
    assert tenant.down(WIDGETS, "left")["metadata"]["uid"] == uid
    site.provider.api.patch(EXPORTS, "workloads", {"spec": {"resources": offered}})
    site.wait_resource("widgets", "Accepted")
    tenant.patch(WIDGETS, "left", {"spec": {"size": 5}})
    assert tenant.wait_down(WIDGETS, "left", lambda down: down["spec"]["size"] == 5, timeout=60)["metadata"]["uid"] == uid
    assert syncerd.worker_of(tenant) == pid

"""The shipped manifests, as the kube-apiserver takes them."""

import base64
import json
import os
import pathlib
import shutil
import subprocess

import pytest
import yaml
from syncerd import program
from testbed import find_binary
from world import ROOT


@pytest.fixture(scope="module")
def site_folder(tmp_path_factory):
    """A copy of the example, with a kubeconfig."""
    folder = tmp_path_factory.mktemp("manifests") / "kubernetes"
    shutil.copytree(os.path.join(ROOT, "packaging", "kubernetes"), folder)
    cluster = {"server": "https://kcp.example.com/clusters/root:edge"}
    (folder / "example" / "kcp.kubeconfig").write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "kcp", "clusters": [{"name": "kcp", "cluster": cluster}],
        "users": [{"name": "kcp", "user": {"token": "a-token"}}], "contexts": [{"name": "kcp", "context": {"cluster": "kcp", "user": "kcp"}}]}))
    return folder / "example"


def kubectl(bed, *words, text=None):
    return subprocess.run([find_binary("kubectl"), "--kubeconfig", bed.kube.kubeconfig, *words], input=text, capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.fixture(scope="module")
def documents(bed, site_folder):
    done = kubectl(bed, "kustomize", str(site_folder))
    assert done.returncode == 0, done.stderr
    return {(item["kind"], item["metadata"]["name"]): item for item in yaml.safe_load_all(done.stdout)}


def test_the_server_takes_all_of_it(bed, site_folder, documents):
    """A dry run on the server: every schema, and the admission of pods by the `restricted` standard."""
    made = kubectl(bed, "apply", "--server-side", "-f", "-", text=json.dumps(documents["Namespace", "syncerd"]))
    assert made.returncode == 0, made.stderr
    try:
        done = kubectl(bed, "apply", "--server-side", "--dry-run=server", "--validate=strict", "-k", str(site_folder))
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == len(documents) and not done.stderr, done.stdout + done.stderr
        account = kubectl(bed, "apply", "--server-side", "-f", "-", text=json.dumps(documents["ServiceAccount", "syncerd"]))
        assert account.returncode == 0, account.stderr
        template = documents["Deployment", "syncerd"]["spec"]["template"]
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {**template["metadata"], "name": "p", "namespace": "syncerd"}, "spec": template["spec"]}
        done = kubectl(bed, "create", "--dry-run=server", "-f", "-", text=json.dumps(pod))
        assert done.returncode == 0, done.stderr
        # The standard is really in force: the same with one right more is refused.
        pod["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
        done = kubectl(bed, "create", "--dry-run=server", "-f", "-", text=json.dumps(pod))
        assert done.returncode != 0 and "restricted" in done.stderr, done.stdout + done.stderr
    finally:
        kubectl(bed, "delete", "namespace", "syncerd", "--wait=false")


def test_selectors_meet_the_pod(documents):
    labels = documents["Deployment", "syncerd"]["spec"]["template"]["metadata"]["labels"]
    for wanted in (documents["NetworkPolicy", "syncerd"]["spec"]["podSelector"], documents["PodDisruptionBudget", "syncerd"]["spec"]["selector"]):
        assert wanted["matchLabels"].items() <= labels.items()


def test_the_configuration_is_one(documents, scratch):
    """What the ConfigMap says is what syncerd reads, but for the places that only a pod has."""
    folder = pathlib.Path(scratch("pod"))  # short enough for the name of a socket
    text = documents["ConfigMap", "syncerd"]["data"]["syncerd.yaml"]
    kubeconfig = folder / "kcp.kubeconfig"
    kubeconfig.write_bytes(base64.b64decode(documents["Secret", "syncerd-kcp"]["data"]["kcp.kubeconfig"]))
    other = json.loads(kubeconfig.read_text())
    other["clusters"][0]["cluster"]["server"] = "https://cluster.example.com"
    (folder / "cluster.kubeconfig").write_text(json.dumps(other))
    for name in ("kcp.kubeconfig", "cluster.kubeconfig"):
        (folder / name).chmod(0o600)
    file = folder / "syncerd.yaml"
    file.write_text(text.replace("/etc/syncerd/kcp/", f"{folder}/") +
                    f"cluster: {{kubeconfig: {folder}/cluster.kubeconfig}}\nstateDirectory: {folder}/state\nruntimeDirectory: {folder}/run\n")
    done = subprocess.run([program("syncerd"), "--config", str(file), "--check-config"], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr

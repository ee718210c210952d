"""syncerctl diagnose on real servers: no byte of the bundle is of a secret or of what an object holds."""

import base64
import json
import os
import subprocess
import tarfile

import pytest
import rbac
import yaml
from objects import GIZMOS, SECRETS, WIDGETS, gizmo, secret, widget
from syncerd import program
from testbed import wait_for

USER = "diagnosed-by-certificate"
PASSWORD, SPEC, NOTE, NUMBER = "password-of-a-secret-7f3a", "value-in-a-spec-9d2c", "password-in-an-annotation-5e1b", 987654321


@pytest.fixture(scope="module")
def site(new_site):
    return new_site(exports={"diagnosed": [WIDGETS, GIZMOS]}, claims=("configmaps", "secrets"))


@pytest.fixture(scope="module")
def certificate(site, scratch):
    """The cluster's kubeconfig with a client certificate inside: (kubeconfig, certificate, key)."""
    directory = scratch("diagnosed")
    stem = os.path.join(directory, "client")
    site.world.bed.kube.client_certificate(USER, "diagnosed", stem)
    with open(f"{stem}.crt", "rb") as crt, open(f"{stem}.key", "rb") as key:
        pair = crt.read(), key.read()
    rbac.install(site.kube, [rbac.binding(USER, site.syncer, rbac.user(USER))])
    with open(site.cluster_kubeconfig) as file:
        config = yaml.safe_load(file)
    crt64, key64 = (base64.b64encode(half).decode() for half in pair)
    config["users"][0]["user"] = {"client-certificate-data": crt64, "client-key-data": key64}
    path = os.path.join(directory, "kubeconfig")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        yaml.safe_dump(config, file)
    yield path, *pair
    site.kube.delete("rbac.authorization.k8s.io/v1/clusterrolebindings", USER)


@pytest.fixture(scope="module")
def syncerd(site, certificate, launch):
    return launch(site.config(cluster={"kubeconfig": certificate[0]}))


def plant(syncerd, tenant):
    """Secrets of every kind, one of them in a message of the cluster that is logged and told as an event."""
    annotated = widget("annotated", colour=SPEC)
    annotated["metadata"]["annotations"] = {"example.dev/login": f"password={NOTE}"}
    tenant.create(annotated, secret("login", password=PASSWORD), gizmo("too-big", size=NUMBER))
    tenant.wait_down(WIDGETS, "annotated")
    tenant.wait_down(SECRETS, "login")
    wait_for(lambda: str(NUMBER) in syncerd.ctl("events", "-o", "json") and str(NUMBER) in syncerd.text(), 60, "the cluster to refuse it and quote its value")


def with_journal(syncerd, directory):
    """An environment in which journalctl prints syncerd's log, as a journal would."""
    entries = os.path.join(directory, "entries")
    with open(entries, "w") as file:
        file.writelines(json.dumps({"MESSAGE": line, "SYSLOG_IDENTIFIER": "syncerd"}) + "\n" for line in syncerd.text().splitlines())
    with open(os.open(os.path.join(directory, "journalctl"), os.O_WRONLY | os.O_CREAT, 0o755), "w") as file:
        file.write(f"#!/bin/sh\ncat {entries}\n")
    return {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}


def test_a_bundle_without_secrets(site, syncerd, certificate, tenant, tmp_path):
    plant(syncerd, tenant)
    bundle = tmp_path / "bundle.tar.gz"
    done = subprocess.run([program("syncerctl"), "diagnose", "--socket", syncerd.socket, "--output-file", bundle], capture_output=True, text=True,
                          timeout=120, check=False, env=with_journal(syncerd, str(tmp_path)))
    assert done.returncode == 0, done.stderr
    with tarfile.open(bundle) as archive:
        files = {member.name.partition("/")[2]: archive.extractfile(member).read() for member in archive.getmembers() if member.isfile()}
    # What is wanted is in it, of the object that was refused, too: so the places were looked at where the values would have been.
    assert f"dumps/{tenant.cluster}.json" in files and tenant.path.encode() in files["workspaces.json"]
    for name in ("events.json", f"dumps/{tenant.cluster}.json", "journal.txt"):
        assert b"default/too-big" in files[name] and b"Invalid" in files[name], (name, files[name])
    assert json.loads(files["credentials-cluster.json"])["user"] == "client certificate"
    assert len(json.loads(files["credentials-cluster.json"])["clientCertificates"][0]["sha256"]) == 64
    assert json.loads(files["credentials-kcp.json"])["host"] == site.world.bed.kcp.url.partition("://")[2]
    assert json.loads(files["configuration.json"])["readFrom"] == syncerd.config_file
    _, crt, key = certificate
    secrets = [PASSWORD.encode(), SPEC.encode(), NOTE.encode(), str(NUMBER).encode(), site.kcp_token.encode(), crt, key,
               *(line for line in (crt + key).splitlines() if len(line) > 40)]
    for name, data in files.items():
        for planted in secrets:
            for form in (planted, base64.b64encode(planted), base64.b64encode(planted).rstrip(b"=")[:-1]):
                assert form not in data, (name, planted, data[max(0, data.find(form) - 200):][:600])

"""The servers: etcd, kube-apiserver and kube-controller-manager as one Kubernetes cluster, and kcp."""

import os
import shutil
import ssl
import subprocess
import sys
import time

import yaml

from .audit import AuditLog
from .binaries import KCP_BINARIES, find_binary, missing
from .cluster import Cluster
from .process import Process, free_ports
from .waiting import wait_for

# Metadata is enough to count requests by user, agent and verb. What the servers do among themselves is left out.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:apiserver", "system:kube-controller-manager", "admin", "kcp-admin", "shard-admin"]},
        {"level": "None", "userGroups": ["system:serviceaccounts:kube-system"]},
        {"level": "Metadata"},
    ],
}


def write(path, text, mode=0o600):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    return path


def write_kubeconfig(path, server, ca_file, token, insecure=False, **extra_user):
    """A kubeconfig with one context. The CA goes in inline, so that the file stands alone."""
    import base64

    with open(ca_file, "rb") as file:
        ca = base64.b64encode(file.read()).decode()
    cluster = {"server": server, "certificate-authority-data": ca}
    user = dict(extra_user)
    if token is not None:
        user["token"] = token
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": cluster}],
        "users": [{"name": "testbed", "user": user}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": "testbed"}}],
        "current-context": "testbed",
    }
    return write(path, yaml.safe_dump(config, sort_keys=False))


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def answers(cluster, path):
    """True when GET path answers 200. No answer at all counts as "not yet"."""
    try:
        status, body = cluster.raw("GET", path, timeout=10)
    except (OSError, ssl.SSLError) as error:
        raise AssertionError(f"GET {path}: {error}") from None
    assert status == 200, f"GET {path}: {status} {str(body)[:200]}"
    return True


class Server:
    """What kcp and the kube-apiserver have in common."""

    def __init__(self, directory, logs):
        self.directory = directory
        self.logs = logs
        os.makedirs(directory, exist_ok=True)
        self.audit = AuditLog(os.path.join(logs, f"{self.title}-audit.log"))
        self.policy = write(os.path.join(directory, "audit-policy.yaml"), yaml.safe_dump(AUDIT_POLICY))

    def process(self, name, argv, **env):
        return Process(name, [find_binary(name)] + argv, os.path.join(self.logs, f"{name}.log"), env=env)

    def check_alive(self, *processes):
        for process in processes:
            if not process.alive():
                raise RuntimeError(f"{process.name} exited with status {process.popen.returncode}:\n{process.log_tail()}")


class Kube(Server):
    """One physical cluster: no kubelet, so nothing runs in it, but everything else is real."""

    title = "kube"
    ADMIN_TOKEN = "testbed-admin"

    def __init__(self, directory, logs):
        super().__init__(directory, logs)
        self.etcd_port, self.peer_port, self.port, self.manager_port = free_ports(4)
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = os.path.join(directory, "apiserver.crt")
        self.admin = Cluster(self.url, self.ca, self.ADMIN_TOKEN)
        self.kubeconfig = os.path.join(directory, "admin.kubeconfig")

    def make_client_ca(self):
        """Whoever shows a certificate of this CA is who it says."""
        self.client_ca, self.client_ca_key = (os.path.join(self.directory, f"client-ca.{end}") for end in ("crt", "key"))
        if not os.path.exists(self.client_ca):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=testbed-clients", "-keyout", self.client_ca_key,
                    "-out", self.client_ca)
        return self.client_ca

    def client_certificate(self, user, group, stem):
        """Make `<stem>.crt` and `<stem>.key` for a user and one of its groups."""
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/O={group}/CN={user}", "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        openssl("x509", "-req", "-days", "30", "-in", f"{stem}.csr", "-CA", self.client_ca, "-CAkey", self.client_ca_key, "-CAcreateserial",
                "-out", f"{stem}.crt")
        os.chmod(f"{stem}.key", 0o600)

    def start(self):
        key = os.path.join(self.directory, "sa.key")
        if not os.path.exists(key):
            openssl("genrsa", "-out", key, "2048")
        tokens = write(os.path.join(self.directory, "tokens.csv"), f'{self.ADMIN_TOKEN},admin,admin,"system:masters"\n')
        client, peer = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{self.peer_port}"
        self.etcd = self.process("etcd", [
            "--data-dir", os.path.join(self.directory, "etcd"), "--unsafe-no-fsync", "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"default={peer}"])
        self.apiserver = self.process("kube-apiserver", [
            "--etcd-servers", client, "--cert-dir", self.directory, "--secure-port", str(self.port), "--bind-address", "127.0.0.1",
            "--advertise-address", "127.0.0.1", "--service-cluster-ip-range", "10.96.0.0/16", "--authorization-mode", "RBAC",
            "--token-auth-file", tokens, "--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", key,
            "--service-account-signing-key-file", key, "--allow-privileged=true", "--audit-policy-file", self.policy,
            "--audit-log-path", self.audit.path, "--client-ca-file", self.make_client_ca()])
        self.manager = self.process("kube-controller-manager", [
            "--kubeconfig", self.kubeconfig, "--bind-address", "127.0.0.1", "--secure-port", str(self.manager_port), "--cert-dir",
            os.path.join(self.directory, "manager"), "--service-account-private-key-file", key, "--use-service-account-credentials",
            "--leader-elect=false"])
        self.etcd.start()
        self.apiserver.start()

    def wait_ready(self, timeout=90):
        def ready():
            self.check_alive(self.etcd, self.apiserver)
            assert os.path.exists(self.ca), "no certificate yet"
            return answers(self.admin, "/readyz")

        wait_for(ready, timeout, "kube-apiserver to be ready")
        if not self.manager.alive():
            write_kubeconfig(self.kubeconfig, self.url, self.ca, self.ADMIN_TOKEN)
            self.manager.start()

    def wait_controllers(self, timeout=60):
        """Until the controllers do their work: the default ServiceAccount is there."""
        wait_for(lambda: self.admin.find("v1/serviceaccounts", "default", "default"), timeout, "kube-controller-manager to make ServiceAccounts")

    def stop_apiserver(self):
        self.apiserver.kill()

    def start_apiserver(self, wait=True):
        self.apiserver.start()
        if wait:
            self.wait_ready()

    def restart_apiserver(self):
        self.stop_apiserver()
        self.start_apiserver()

    def stop(self):
        for name in ("manager", "apiserver", "etcd"):
            if hasattr(self, name):
                getattr(self, name).kill()


class Kcp(Server):
    """kcp: one shard with its own etcd, controllers and virtual workspaces in one process."""

    title = "kcp"

    def __init__(self, directory, logs):
        super().__init__(directory, logs)
        self.port, self.etcd_port, self.peer_port = free_ports(3)
        self.url = f"https://127.0.0.1:{self.port}"
        self.ca = os.path.join(directory, "apiserver.crt")
        self.kubeconfig = os.path.join(directory, "admin.kubeconfig")
        self.base = Cluster(self.url, self.ca, self.admin_token)
        self._token = (None, None)

    def admin_token(self):
        """The token of kcp-admin, which is another one after every start."""
        try:
            changed = os.stat(self.kubeconfig).st_mtime_ns
            if self._token[0] != changed:
                with open(self.kubeconfig) as file:
                    config = yaml.safe_load(file)
                users = {user["name"]: user["user"] for user in config["users"]}
                self._token = (changed, users["kcp-admin"]["token"])
        except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
            raise AssertionError(f"{self.kubeconfig} is not complete: {error}") from None
        return self._token[1]

    def start(self):
        self.kcp = self.process("kcp", [
            "start", f"--root-directory={self.directory}", "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            f"--embedded-etcd-client-port={self.etcd_port}", f"--embedded-etcd-peer-port={self.peer_port}",
            "--embedded-etcd-wal-size-bytes=5000", f"--audit-log-path={self.audit.path}", f"--audit-policy-file={self.policy}"],
            UNSAFE_E2E_HACK_DISABLE_ETCD_FSYNC="true")
        self.kcp.start()

    def wait_ready(self, timeout=120):
        def ready():
            self.check_alive(self.kcp)
            return answers(self.workspace("root"), "/apis/tenancy.kcp.io/v1alpha1/workspaces")

        wait_for(ready, timeout, "kcp to be ready")

    def workspace(self, name):
        """The workspace with this path or logical cluster name, as kcp-admin."""
        return self.base.at(f"/clusters/{name}")

    def stop(self):
        if hasattr(self, "kcp"):
            self.kcp.kill()

    def restart(self):
        self.stop()
        self.kcp.start()
        self.wait_ready()


class Testbed:
    """All servers in one directory. with_kcp=None: start kcp when there is one; `kcp` stays None otherwise."""

    __test__ = False  # pytest: this is no test class

    def __init__(self, directory, with_kcp=None, keep=False):
        self.directory = os.path.abspath(directory)
        self.keep = keep
        self.logs = os.path.join(self.directory, "logs")
        os.makedirs(self.logs, exist_ok=True)
        self.kube = Kube(os.path.join(self.directory, "kube"), self.logs)
        if with_kcp is None:
            with_kcp = not missing(KCP_BINARIES)
        self.kcp = Kcp(os.path.join(self.directory, "kcp"), self.logs) if with_kcp else None

    def start(self):
        started = time.monotonic()
        try:
            self.kube.start()
            if self.kcp:
                self.kcp.start()
            self.kube.wait_ready()
            if self.kcp:
                self.kcp.wait_ready()
            self.kube.wait_controllers()
        except BaseException:
            self.keep = True
            self.stop()
            raise
        self.seconds = time.monotonic() - started
        return self

    def stop(self):
        self.kube.stop()
        if self.kcp:
            self.kcp.stop()
        if self.keep:
            print(f"testbed: logs are kept in {self.logs}", file=sys.stderr)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, traceback):
        self.keep = self.keep or kind is not None
        self.stop()

"""kcp in several shards: a cache server, a front proxy, the shard `root` and as many others as a test wants.

Clients speak to the front proxy, which knows where a workspace lives. A shard can be stopped, ended and started alone, and added later.
"""

import os
import signal
import subprocess

import yaml

from .cluster import Cluster
from .pki import Authority
from .process import free_ports
from .servers import Kcp, Server, answers, write
from .waiting import wait_for

ROOT = "root"
SHARDS = "core.kcp.io/v1alpha1/shards"
ADMIN_TOKEN = "testbed-admin"
FORWARDED = [
    "--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-"]


def write_client_config(path, server, ca, cert, key):
    """A kubeconfig that names files; all contexts that kcp's programs ask for are the same one."""
    cluster = {"certificate-authority": ca}
    if server:
        cluster["server"] = server
    context = {"cluster": "base", "user": "base"}
    return write(path, yaml.safe_dump({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "base", "cluster": cluster}],
        "users": [{"name": "base", "user": {"client-certificate": cert, "client-key": key}}],
        "contexts": [{"name": name, "context": context} for name in ("base", "shard-base", "cache")],
        "current-context": "base",
    }))


class Keys:
    """All certificates and kubeconfigs of one deployment."""

    def __init__(self, directory, root_url, proxy_url, cache_url):
        self.directory = directory
        self.serving = Authority(os.path.join(directory, "serving"), "testbed-serving")
        self.clients = Authority(os.path.join(directory, "clients"), "testbed-clients")
        self.headers = Authority(os.path.join(directory, "headers"), "testbed-headers")
        self.proxy = self.headers.client("kcp-front-proxy")
        self.accounts = os.path.join(directory, "accounts.key")
        subprocess.run(["openssl", "genrsa", "-out", self.accounts, "2048"], check=True, capture_output=True)
        self.tokens = write(os.path.join(directory, "tokens.csv"), f'{ADMIN_TOKEN},kcp-admin,kcp-admin,"system:kcp:admin"\n')
        master = self.clients.client("shard-admin", "system:masters")
        self.root = self.kubeconfig("root", root_url, master)
        self.shards = self.kubeconfig("shards", None, master)
        self.cache = self.kubeconfig("cache", cache_url, master)
        self.inside = self.kubeconfig("inside", root_url, self.clients.client("inside", "system:kcp:logical-cluster-admin"))
        self.outside = self.kubeconfig("outside", proxy_url, self.clients.client("outside", "system:kcp:external-logical-cluster-admin"))

    def kubeconfig(self, name, server, pair):
        return write_client_config(os.path.join(self.directory, f"{name}.kubeconfig"), server, self.serving.cert, *pair)


class Shard(Kcp):
    """One kcp of several. `url` is its own address, past the front proxy; so is what `workspace` speaks to."""

    def __init__(self, deployment, name, port):
        self.name = name
        self.deployment = deployment
        logs = os.path.join(deployment.logs, name)
        os.makedirs(logs, exist_ok=True)
        super().__init__(os.path.join(deployment.directory, name), logs)
        self.port, self.url = port, f"https://127.0.0.1:{port}"
        self.ca = deployment.keys.serving.cert
        self.base = Cluster(self.url, self.ca, ADMIN_TOKEN)

    def start(self):
        keys = self.deployment.keys
        serving = keys.serving.server(self.name)
        client = keys.clients.client(f"kcp-{self.name}", "system:masters")
        arguments = [
            "start", f"--shard-name={self.name}", f"--root-directory={self.directory}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", f"--embedded-etcd-client-port={self.etcd_port}", f"--embedded-etcd-peer-port={self.peer_port}",
            "--embedded-etcd-wal-size-bytes=5000", f"--audit-log-path={self.audit.path}", f"--audit-policy-file={self.policy}",
            f"--token-auth-file={keys.tokens}", f"--client-ca-file={keys.clients.cert}",
            f"--requestheader-client-ca-file={keys.headers.cert}", *FORWARDED, f"--service-account-key-file={keys.accounts}",
            f"--service-account-private-key-file={keys.accounts}", f"--service-account-signing-key-file={keys.accounts}",
            f"--shard-base-url={self.url}", f"--shard-virtual-workspace-url={self.url}", f"--shard-external-url={self.deployment.url}",
            f"--tls-cert-file={serving[0]}", f"--tls-private-key-file={serving[1]}", f"--shard-client-cert-file={client[0]}",
            f"--shard-client-key-file={client[1]}", f"--shard-virtual-workspace-ca-file={keys.serving.cert}",
            f"--logical-cluster-admin-kubeconfig={keys.inside}", f"--external-logical-cluster-admin-kubeconfig={keys.outside}",
            f"--cache-kubeconfig={keys.cache}"]
        if self.name != ROOT:
            arguments.append(f"--root-shard-kubeconfig-file={keys.root}")
        self.kcp = self.process("kcp", arguments, UNSAFE_E2E_HACK_DISABLE_ETCD_FSYNC="true")
        self.kcp.start()

    def wait_ready(self, timeout=180):
        def ready():
            self.check_alive(self.kcp)
            return answers(self.base, "/readyz")

        wait_for(ready, timeout, f"the shard {self.name} to be ready")

    def pause(self):
        """Stop it where it stands: its connections stay open and say nothing."""
        self.kcp.signal(signal.SIGSTOP)

    def resume(self):
        self.kcp.signal(signal.SIGCONT)


class ShardedKcp(Server):
    """Stands where `Kcp` does: `url`, `ca`, `workspace()`. Starts with the shard `root` alone; `add_shard` adds the others."""

    title = "kcp-front-proxy"

    def __init__(self, directory, logs):
        os.makedirs(logs, exist_ok=True)
        super().__init__(directory, logs)
        self.port, self.cache_port, self.cache_etcd, self.cache_peer, root_port = free_ports(5)
        self.url = f"https://127.0.0.1:{self.port}"
        root_url, cache_url = f"https://127.0.0.1:{root_port}", f"https://127.0.0.1:{self.cache_port}"
        self.keys = Keys(os.path.join(directory, "keys"), root_url, self.url, cache_url)
        self.ca = self.keys.serving.cert
        self.base = Cluster(self.url, self.ca, ADMIN_TOKEN)
        self.root = Shard(self, ROOT, root_port)
        self.shards = {ROOT: self.root}
        self.cache = self.proxy = None

    def start(self):
        """Start everything and wait for it: the parts need each other in this order."""
        self.start_cache()
        self.root.start()
        self.start_proxy()
        self.root.wait_ready()
        self.wait_ready()

    def start_cache(self):
        cert, key = self.keys.serving.server("cache-server")
        directory = os.path.join(self.directory, "cache")
        os.makedirs(directory, exist_ok=True)
        self.cache = self.process("cache-server", [
            f"--root-directory={directory}", "--bind-address=127.0.0.1", f"--secure-port={self.cache_port}",
            f"--embedded-etcd-client-port={self.cache_etcd}", f"--embedded-etcd-peer-port={self.cache_peer}",
            f"--client-ca-file={self.keys.clients.cert}", f"--tls-cert-file={cert}", f"--tls-private-key-file={key}"],
            UNSAFE_E2E_HACK_DISABLE_ETCD_FSYNC="true")
        self.cache.start()

    def start_proxy(self):
        """The front proxy hands tokens on to the shards, which check them; it needs no key of theirs."""
        cert, key = self.keys.serving.server("kcp-front-proxy")
        mapping = write(os.path.join(self.directory, "mapping.yaml"), yaml.safe_dump([{
            "path": "/clusters/", "backend": self.root.url, "backend_server_ca": self.ca,
            "proxy_client_cert": self.keys.proxy[0], "proxy_client_key": self.keys.proxy[1]}]))
        self.proxy = self.process("kcp-front-proxy", [
            "--bind-address=127.0.0.1", f"--secure-port={self.port}", f"--root-directory={self.directory}", f"--mapping-file={mapping}",
            f"--root-kubeconfig={self.keys.root}", f"--shards-kubeconfig={self.keys.shards}",
            f"--client-ca-file={self.keys.clients.cert}", f"--tls-cert-file={cert}", f"--tls-private-key-file={key}"])
        self.proxy.start()

    def wait_ready(self, timeout=120):
        def ready():
            self.check_alive(self.proxy, self.cache, self.root.kcp)
            return answers(self.workspace(ROOT), "/apis/tenancy.kcp.io/v1alpha1/workspaces")

        wait_for(ready, timeout, "kcp behind its front proxy to be ready")

    def add_shard(self, name):
        shard = Shard(self, name, free_ports(1)[0])
        self.shards[name] = shard
        shard.start()
        shard.wait_ready()
        wait_for(lambda: self.workspace(ROOT).find(SHARDS, name), 60, f"the shard {name} to be known to the others")
        return shard

    def workspace(self, name):
        """The workspace with this path or logical cluster name, through the front proxy, as kcp-admin."""
        return self.base.at(f"/clusters/{name}")

    def stop(self):
        for process in (self.proxy, *(getattr(shard, "kcp", None) for shard in self.shards.values()), self.cache):
            if process:
                process.kill()

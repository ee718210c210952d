"""Start syncerd-sim, talk to it as kubectl would, and make it misbehave."""
import json
import os
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SEED = ROOT / "tests" / "sim" / "seed.json"
WIDGETS = "/apis/example.dev/v1alpha1"
CT_MERGE = "application/merge-patch+json"
CT_JSON_PATCH = "application/json-patch+json"
CT_APPLY = "application/apply-patch+yaml"


def binaries():
    """Folder of the programs under test: $SYNCERD_BIN, else build/$SYNCERD_BUILD/bin."""
    return pathlib.Path(os.environ.get("SYNCERD_BIN", ROOT / "build" / os.environ.get("SYNCERD_BUILD", "release") / "bin"))


class Answer:
    def __init__(self, code, headers, body):
        self.code, self.headers, self.text = code, headers, body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)


class Server:
    """One side of the simulator; `prefix` is put before every object path."""

    def __init__(self, url, prefix=""):
        self.url, self.prefix = url, prefix

    def at(self, workspace):
        return Server(self.url, f"/clusters/{workspace}")

    def request(self, method, path, body=None, content_type="application/json", timeout=10):
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        request.add_header("User-Agent", "suite")
        if data is not None:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def call(self, method, path, body=None, content_type="application/json"):
        answer = self.request(method, self.prefix + path, body, content_type)
        assert answer.code < 300, f"{method} {path}: {answer.code} {answer.text}"
        return answer.json

    def get(self, path):
        """The object, or None when it is absent."""
        answer = self.request("GET", self.prefix + path)
        if answer.code == 404:
            return None
        assert answer.code == 200, f"GET {path}: {answer.code} {answer.text}"
        return answer.json

    def list(self, path):
        return self.call("GET", path)["items"]

    # Control endpoints.
    def fault(self, action, method=None, path=None, query=None, agent=None, times=1, **more):
        match = {"method": method, "pathContains": path, "queryContains": query, "agentContains": agent}
        spec = {"action": action, "times": times, "match": {k: v for k, v in match.items() if v}, **more}
        assert self.request("POST", "/_sim/faults", spec).code == 200, spec

    def hits(self):
        """How often each fault was met, in the order in which they were set."""
        return [fault["hits"] for fault in self.state()["faults"]]

    def clear_faults(self):
        self.request("DELETE", "/_sim/faults")

    def settings(self, **settings):
        assert self.request("POST", "/_sim/settings", settings).code == 200

    def state(self):
        return self.request("GET", "/_sim/state").json

    def post(self, what):
        assert self.request("POST", f"/_sim/{what}", {}).code == 200

    def requests(self, agent="sync", method=None, path="", watch=None, code=None):
        """Number of requests by syncerd and its workers since forget_requests()."""
        rows = self.request("GET", "/_sim/requests").json
        return sum(
            row["count"] for row in rows
            if row["userAgent"].startswith(agent) and path in row["path"]
            and (method is None or row["method"] == method)
            and (watch is None or row["watch"] == watch) and (code is None or row["code"] == code))

    def request_rows(self):
        return self.request("GET", "/_sim/requests").json

    def forget_requests(self):
        self.request("DELETE", "/_sim/requests")


class Simulator:
    def __init__(self, seed=SEED, log=None, program=None):
        program = program or binaries() / "syncerd-sim"
        self.process = subprocess.Popen([str(program), "--seed", str(seed)], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{program} did not start (exit {self.process.wait()})")
        urls = json.loads(line)
        self.kcp = Server(urls["kcp"])
        self.cluster = Server(urls["cluster"])

    def stop(self):
        """Ends the simulator; a crash or a sanitizer's finding is an error of the test."""
        self.process.terminate()
        try:
            code = self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.process.stdout.close()
        assert code == 0, f"the simulator ended with {code}"


def kubeconfig(path, server):
    """A kubeconfig without credentials: the simulator asks for none."""
    path.write_text(json.dumps({
        "apiVersion": "v1", "kind": "Config", "current-context": "sim",
        "clusters": [{"name": "sim", "cluster": {"server": server}}],
        "users": [{"name": "sim", "user": {"token": "simulated"}}],
        "contexts": [{"name": "sim", "context": {"cluster": "sim", "user": "sim"}}]}))
    path.chmod(0o600)
    return path


def widget(name, ns="default", **spec):
    return {"apiVersion": "example.dev/v1alpha1", "kind": "Widget", "metadata": {"name": name, "namespace": ns}, "spec": spec or {"size": 1}}


def widgets(ns="default", name=""):
    return f"{WIDGETS}/namespaces/{ns}/widgets" + (f"/{urllib.parse.quote(name)}" if name else "")

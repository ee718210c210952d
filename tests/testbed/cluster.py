"""A small client for a kube-apiserver or one kcp workspace: raw JSON in, raw JSON out.

Resources are written "<group>/<version>/<plural>", or "v1/<plural>" for the core group.
"""

import http.client
import json
import ssl
import urllib.parse

from .waiting import wait_for

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


class ApiError(Exception):
    """An answer that is not 2xx."""

    def __init__(self, method, path, status, body):
        self.status = status
        self.body = body
        self.reason = body.get("reason", "") if isinstance(body, dict) else ""
        self.message = body.get("message", "") if isinstance(body, dict) else str(body)
        super().__init__(f"{method} {path}: {status} {self.reason} {self.message[:600]}")


class Cluster:
    """One API endpoint with one identity.

    server: URL, may have a path such as /clusters/root; ca: file; token: string, or a callable when it can change (kcp's admin token does
    so at every start).
    """

    def __init__(self, server, ca, token, agent="testbed"):
        self.server = server.rstrip("/")
        self.ca = ca
        self.token = token
        self.agent = agent

    def at(self, path):
        """The same identity at <scheme>://<host>:<port><path>."""
        url = urllib.parse.urlsplit(self.server)
        return Cluster(f"{url.scheme}://{url.netloc}{path}", self.ca, self.token, self.agent)

    def with_token(self, token, agent="testbed"):
        return Cluster(self.server, self.ca, token, agent)

    def bearer(self):
        return self.token() if callable(self.token) else self.token

    def raw(self, method, path, body=None, content_type="application/json", timeout=30, numbers=None):
        """Send one request; returns (status, decoded JSON or text). Never raises for a status code."""
        url = urllib.parse.urlsplit(self.server)
        context = ssl.create_default_context(cafile=self.ca)
        headers = {"User-Agent": self.agent, "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.bearer()}"
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = content_type
        connection = http.client.HTTPSConnection(url.hostname, url.port, context=context, timeout=timeout)
        try:
            connection.request(method, url.path + path, body=data, headers=headers)
            response = connection.getresponse()
            text = response.read()
            try:
                return response.status, json.loads(text, parse_int=numbers, parse_float=numbers)
            except ValueError:
                return response.status, text.decode(errors="replace")
        finally:
            connection.close()

    def request(self, method, path, body=None, content_type="application/json"):
        """The answer to a request, or ApiError. A server that has just started may ask to come back (429): that is done, for a while."""
        def attempt():
            status, answer = self.raw(method, path, body, content_type)
            assert status != 429, f"{method} {path}: 429 {answer}"
            return status, answer

        status, answer = wait_for(attempt, 30, "the server to take a request")
        if status // 100 != 2:
            raise ApiError(method, path, status, answer)
        return answer

    @staticmethod
    def path(gvr, ns=None, name=None, sub=None, **query):
        parts = gvr.split("/")
        path = f"/api/{parts[0]}" if len(parts) == 2 else f"/apis/{parts[0]}/{parts[1]}"
        if ns:
            path += f"/namespaces/{ns}"
        path += f"/{parts[-1]}"
        for part in (name, sub):
            if part:
                path += "/" + urllib.parse.quote(part)
        query = {key: value for key, value in query.items() if value is not None}
        return path + ("?" + urllib.parse.urlencode(query) if query else "")

    def get(self, gvr, name, ns=None):
        return self.request("GET", self.path(gvr, ns, name))

    def get_exact(self, gvr, name, ns=None):
        """The object with every number as the text it came in, so that no digit hides behind a float."""
        _, answer = self.raw("GET", self.path(gvr, ns, name), numbers=str)
        return answer

    def find(self, gvr, name, ns=None):
        """The object, or None when there is none (404)."""
        try:
            return self.get(gvr, name, ns)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(self, gvr, ns=None, labels=None, fields=None):
        return self.request("GET", self.path(gvr, ns, labelSelector=labels, fieldSelector=fields)).get("items") or []

    def create(self, gvr, obj, ns=None):
        return self.request("POST", self.path(gvr, ns or obj["metadata"].get("namespace")), obj)

    def replace(self, gvr, obj):
        meta = obj["metadata"]
        return self.request("PUT", self.path(gvr, meta.get("namespace"), meta["name"]), obj)

    def patch(self, gvr, name, patch, ns=None, sub=None, content_type=MERGE):
        """A merge patch (dict) or a JSON patch (list)."""
        if isinstance(patch, list):
            content_type = JSON_PATCH
        return self.request("PATCH", self.path(gvr, ns, name, sub), patch, content_type)

    def apply(self, gvr, obj, ns=None, manager="testbed", force=True):
        path = self.path(gvr, ns or obj["metadata"].get("namespace"), obj["metadata"]["name"], fieldManager=manager, force=str(force).lower())
        return self.request("PATCH", path, obj, APPLY)

    def set_status(self, gvr, name, status, ns=None):
        """Merge `status` into the status subresource."""
        return self.patch(gvr, name, {"status": status}, ns, sub="status")

    def delete(self, gvr, name, ns=None):
        """Delete; an object that is not there is fine."""
        try:
            return self.request("DELETE", self.path(gvr, ns, name))
        except ApiError as error:
            if error.status != 404:
                raise
        return None

    def token_for(self, service_account, ns="default", seconds=3600):
        """A token of a ServiceAccount through the TokenRequest API."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": seconds}}
        answer = self.request("POST", self.path("v1/serviceaccounts", ns, service_account, "token"), body)
        return answer["status"]["token"]

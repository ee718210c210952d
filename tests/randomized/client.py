"""The servers over connections that stay open: thousands of requests, one after the other."""

import http.client
import json
import ssl
import time
import urllib.parse

from testbed import Cluster

IDLE_S = 30  # the servers close what is idle for longer than they like; a request must not meet that


class KeptAlive(Cluster):
    """A Cluster with one connection. Not for several threads."""

    def __init__(self, cluster):
        super().__init__(cluster.server, cluster.ca, cluster.token, "random-lifecycle")
        self.url = urllib.parse.urlsplit(self.server)
        self.context = ssl.create_default_context(cafile=self.ca)
        self.connection, self.used = None, 0.0

    def connect(self):
        if self.connection is None or time.monotonic() - self.used > IDLE_S:
            self.close()
            self.connection = http.client.HTTPSConnection(self.url.hostname, self.url.port, context=self.context, timeout=60)
        return self.connection

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def raw(self, method, path, body=None, content_type="application/json", timeout=30, numbers=None):
        headers = {"User-Agent": self.agent, "Accept": "application/json", "Authorization": f"Bearer {self.bearer()}"}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
            headers["Content-Type"] = content_type
        connection = self.connect()
        try:
            connection.request(method, self.url.path + path, body=data, headers=headers)
            response = connection.getresponse()
            text = response.read()
        except BaseException:
            self.close()
            raise
        self.used = time.monotonic()
        if response.will_close:
            self.close()
        try:
            return response.status, json.loads(text, parse_int=numbers, parse_float=numbers)
        except ValueError:
            return response.status, text.decode(errors="replace")

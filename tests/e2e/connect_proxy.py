"""A CONNECT proxy on loopback that tests can look into and switch off."""

import base64
import os
import select
import socket
import socketserver
import threading
import time

import yaml


def through(site, side, proxy, **user):
    """The kubeconfig of one side with a proxy, and with `user` in the place of the credentials."""
    path = site.kcp_kubeconfig if side == "kcp" else site.cluster_kubeconfig
    with open(path) as file:
        config = yaml.safe_load(file)
    config["clusters"][0]["cluster"]["proxy-url"] = proxy.url
    config["users"][0]["user"].update(user)
    with open(os.open(f"{path}.proxy", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        yaml.safe_dump(config, file)
    return f"{path}.proxy"


class Proxy:
    """user and password are asked for. `lag` is how long, in seconds, each piece of an answer is on its way. `asked` holds every target "host:port" in order; `aliases` says where some of them really are."""

    def __init__(self, user, password):
        self.wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.user, self.password = user, password
        self.asked, self.refused, self.aliases = [], 0, {}
        self.open, self.lag = True, 0
        self._lock, self._tunnels = threading.Lock(), set()
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                proxy.serve(self.request)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler, bind_and_activate=True)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://{user}:{password}@127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, client):
        head = b""
        while b"\r\n\r\n" not in head and len(head) < 8192:
            more = client.recv(4096)
            if not more:
                return
            head += more
        lines = head.decode().split("\r\n")
        method, target, _ = lines[0].split(" ")
        given = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("proxy-authorization:")]
        if not self.open:
            return
        if method != "CONNECT" or given != [self.wanted]:
            self.refused += 1
            client.sendall(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
            return
        self.asked.append(target)
        host, _, port = self.aliases.get(target, target).rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self.relay(client, server)

    def relay(self, client, server):
        pair = (client, server)
        with self._lock:
            self._tunnels.add(pair)
        try:
            while True:
                for ready in select.select(pair, [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    if ready is server and self.lag:
                        time.sleep(self.lag)
                    (server if ready is client else client).sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._tunnels.discard(pair)

    def shut(self):
        """Cut all tunnels and let none through until `open` is set again."""
        self.open = False
        with self._lock:
            for pair in self._tunnels:
                for end in pair:
                    end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.shut()
        self.server.shutdown()
        self.server.server_close()

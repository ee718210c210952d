"""Ask a process for its metrics and its health over HTTP, and read the Prometheus text as strictly as Prometheus does."""

import http.client
import re
import socket

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)')
ESCAPES = {"\\n": "\n", "\\\\": "\\", '\\"': '"'}


class Over(http.client.HTTPConnection):
    """HTTP over a Unix socket (a path) or TCP ("127.0.0.1:9464")."""

    def __init__(self, where):
        super().__init__("localhost", timeout=10)
        self.where = str(where)

    def connect(self):
        if self.where.startswith("/"):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.settimeout(self.timeout)
            self.sock.connect(self.where)
        else:
            host, _, port = self.where.rpartition(":")
            self.sock = socket.create_connection((host, int(port)), self.timeout)


def ask(where, path, method="GET", **headers):
    """Code, text and headers of the answer."""
    connection = Over(where)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), dict(answer.getheaders())
    finally:
        connection.close()


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        assert found, f"labels: {text}"
        assert found[1] not in labels, f"label {found[1]} twice: {text}"
        labels[found[1]] = re.sub(r'\\[\\"n]', lambda escape: ESCAPES[escape[0]], found[2])
        at = found.end()
    return labels


class Scrape:
    """The samples of one text: {(name, labels): value}."""

    def __init__(self, text):
        self.types, self.samples, family = {}, {}, None
        assert text.endswith("\n")
        for line in text.splitlines():
            if line.startswith("# HELP "):
                family = line.split(" ", 3)[2]
                assert family not in self.types, f"{family} begins twice"
                self.types[family] = None
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name == family and kind in ("gauge", "counter"), line
                assert (kind == "counter") == name.endswith("_total"), line
                self.types[family] = kind
            else:
                found = SAMPLE.fullmatch(line)
                assert found and found[1] == family and self.types[family], line
                key = found[1], frozenset(labels_of(found[2] or "").items())
                assert key not in self.samples, f"twice: {line}"
                self.samples[key] = float(found[3])

    def all(self, name, **labels):
        """[(labels, value)] of the samples that have at least these labels."""
        return [(dict(have), value) for (family, have), value in self.samples.items()
                if family == name and all((key, wanted) in have for key, wanted in labels.items())]

    def value(self, name, **labels):
        """Of the one sample with these labels, None when there is none."""
        found = self.all(name, **labels)
        assert len(found) < 2, f"{name} {labels}: {found}"
        return found[0][1] if found else None


def scrape(where):
    code, text, headers = ask(where, "/metrics")
    assert code == 200, text
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(text)

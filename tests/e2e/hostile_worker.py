#!/usr/bin/python3
"""A worker that breaks every rule: started by syncerd in place of syncer-worker, run by test_hostile_worker.py.

`modes.json` beside this file says which logical cluster is played by which mode; for all others the real worker takes over, in the same process.
It speaks the wire itself (messages behind their length, on a Unix socket), so nothing of the project keeps it from sending what an honest worker
could not.
"""

import json
import os
import random
import select
import signal
import socket
import struct
import sys
import time

BOOT_FD, LIFELINE_FD = 3, 4
SEED = 20  # of what is random here: the same bytes in every run


class Gone(Exception):
    """The supervisor cut the connection."""


class Worker:
    def __init__(self, boot):
        self.boot = boot
        self.plan = boot["plan"]
        self.seq = 0
        self.link = None

    # -- the wire

    def connect(self, path=None):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(path or self.boot["address"])
        return self

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.link.recv(size - len(data))
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        return json.loads(self.read(struct.unpack(">I", self.read(4))[0]))

    def raw(self, payload):
        """One message with any content."""
        self.link.sendall(struct.pack(">I", len(payload)) + payload)

    # -- messages

    def message(self, kind, body, **members):
        self.seq += 1
        return json.dumps({"v": 1, "inc": self.boot["incarnation"], "seq": self.seq, "type": kind, "body": body, **members}).encode()

    def send(self, kind, body, **members):
        self.raw(self.message(kind, body, **members))

    def hello(self, **members):
        return {"token": self.boot["token"], "pid": os.getpid(), "version": "0", "cluster": self.plan["cluster"], **members}

    def report(self, **members):
        return {"planGeneration": self.plan["generation"], "phase": "Syncing", "reason": "", "message": "", "drained": False, "upstream": "OK",
                "downstream": "OK", "lagMs": 0, "upRequests": 0, "downRequests": 0, "writesUp": 0, "writesDown": 0, "namespaces": 0, "resources": [],
                **members}

    def welcome(self):
        """The honest beginning: connected and accepted."""
        self.connect().send("hello", self.hello())
        while self.receive()["type"] != "welcome":
            pass
        return self


def wait():
    """Until the supervisor has had enough, or has gone."""
    select.select([LIFELINE_FD], [], [])
    os._exit(0)


def pause(seconds):
    """The pace of a mode; over at once, and for good, when the supervisor has gone."""
    if select.select([LIFELINE_FD], [], [], max(0, seconds))[0]:
        os._exit(0)


def heartbeats(worker, reads=True, **members):
    """A report every half second; what comes is acknowledged, unless it is not even read."""
    while True:
        worker.send("report", worker.report(**members))
        deadline = time.monotonic() + 0.5
        while reads and select.select([worker.link], [], [], max(0, deadline - time.monotonic()))[0]:
            message = worker.receive()
            if message["type"] != "ack":
                worker.send("ack", {"seq": message["seq"]})
        pause(deadline - time.monotonic())


# -- one function for each mode; where one returns, the process stays and is silent


def dies_at_start(worker):
    os._exit(21)


def dies_connected(worker):
    worker.connect()
    os._exit(22)


def dies_in_a_length(worker):
    worker.connect().link.sendall(b"\0\0")
    os._exit(23)


def dies_after_the_hello(worker):
    worker.connect().send("hello", worker.hello())
    os._exit(24)


def dies_in_a_message(worker):
    worker.welcome().link.sendall(struct.pack(">I", 4096) + b'{"v":1')
    os._exit(25)


def never_connects(worker):
    pass


def never_says_hello(worker):
    worker.connect()


def wrong_token(worker):
    worker.connect().send("hello", worker.hello(token="0" * len(worker.boot["token"])))


def another_workspace(worker):
    worker.connect().send("hello", worker.hello(cluster=neighbour(worker)))


def another_incarnation(worker):
    worker.boot["incarnation"] += 1
    worker.connect().send("hello", worker.hello())


def links_of_others(worker):
    """Says hello on the link of every other worker, in the name of the workspace it belongs to."""
    directory, own = os.path.split(worker.boot["address"])
    for name in sorted(os.listdir(directory)):
        if name.endswith(".sock") and name != own:
            try:
                worker.connect(os.path.join(directory, name)).link.settimeout(1)
                worker.send("hello", worker.hello(cluster=neighbour(worker)))
            except (OSError, Gone):
                pass


def many_connections(worker):
    kept = []
    try:
        while len(kept) < 900:
            kept.append(worker.connect().link)
    except (OSError, Gone):
        pass
    wait()


def floods(worker):
    worker.welcome()
    while True:
        worker.send("report", worker.report())


def replays(worker):
    """One good message again and again: each is acknowledged and changes nothing, until it is too many."""
    text = worker.welcome().message("report", worker.report())
    while True:
        worker.raw(text)


def reorders(worker):
    """Numbers that go down, jump and repeat; after the largest one all others are old, so that nothing it reports is new any more."""
    worker.welcome()
    for seq in (900, 2, 899, 3, 2**63, 4, 2**64 - 1, 5, 1):
        worker.raw(worker.message("report", worker.report(), seq=seq))
    worker.seq = 2**62
    heartbeats(worker)


def random_bytes(worker):
    chance = random.Random(SEED)
    worker.welcome()
    while True:
        worker.raw(chance.randbytes(chance.randrange(2000)))


def random_changes(worker):
    """Good messages with a few bytes changed."""
    chance = random.Random(SEED)
    worker.welcome()
    while True:
        text = bytearray(worker.message("report", worker.report()))
        for _ in range(chance.randrange(1, 9)):
            text[chance.randrange(len(text))] = chance.randrange(256)
        worker.raw(bytes(text))


def too_large(worker):
    worker.welcome().link.sendall(struct.pack(">I", (1 << 32) - 1))
    wait()


def as_large_as_may_be(worker):
    """Full-sized messages, faster than anybody needs them."""
    worker.welcome()
    while True:
        worker.send("report", worker.report(message="x" * (1000 * 1000)))


def a_byte_at_a_time(worker):
    worker.welcome().link.sendall(struct.pack(">I", 4096))
    while True:
        worker.link.sendall(b"x")
        pause(0.5)


def never_reads(worker):
    heartbeats(worker.welcome(), reads=False)


def not_its_turn(worker):
    """What only a supervisor may say, and answers to questions that nobody asked."""
    worker.welcome()
    for kind, body in [("welcome", {}), ("plan", worker.plan), ("command", {"id": 1, "verb": "stop", "args": {}}),
                       ("credentials", {"upstream": worker.boot["upstream"], "downstream": worker.boot["downstream"]})] * 2:
        worker.send(kind, body)
    wait()


def lies(worker):
    """Well-formed and untrue: drained, of another plan, resources that it was never given, numbers beyond all bounds."""
    rows = [{"group": f"g{i}.example", "resource": "widgets", "objects": 2**64 - 1, "synced": 2**64 - 1, "pending": 2**64 - 1, "failing": 2**64 - 1,
             "foreign": 2**64 - 1, "copies": 2**64 - 1, "held": True, "upSynced": True, "downSynced": True, "reason": "NoSuchReason"} for i in range(400)]
    heartbeats(worker.welcome(), planGeneration=2**63, drained=True, lagMs=2**62, upRequests=2**64 - 1, namespaces=2**64 - 1, resources=rows,
               reason="NoSuchReason", message="\u202e everything is fine \x1b[2J\n")


def writes_markup(worker):
    """For whoever shows what workers say: a report that would be more than text in a browser."""
    heartbeats(worker.welcome(), phase="Degraded", reason="MarkedUp", message="<img src=x onerror=alert(1)><script>alert(2)</script>\u202e&lt;b>")


def does_not_stop(worker):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    heartbeats(worker.welcome())


def neighbour(worker):
    with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), "modes.json")) as file:
        return next(cluster for cluster, mode in json.load(file).items() if mode == "honest")


def main():
    directory = os.path.dirname(os.path.realpath(__file__))
    with open(os.path.join(directory, "modes.json")) as file:
        modes = json.load(file)
    boot = json.loads(os.pread(BOOT_FD, os.fstat(BOOT_FD).st_size, 0))
    mode = modes.get(boot["plan"]["cluster"], "honest")
    if mode == "honest":
        os.execv(os.path.join(directory, "syncer-worker"), ["syncer-worker"])
    try:
        globals()[mode](Worker(boot))
    except (Gone, OSError) as error:
        print(f"{mode}: {error!r}", file=sys.stderr)
    wait()


if __name__ == "__main__":
    main()

"""Reading the audit log of a server: who sent which request."""

import json
import os


class AuditLog:
    """Requests a server has finished (or, for watches, started to answer), in order."""

    def __init__(self, path):
        self.path = path

    def mark(self):
        """A position: `since(mark)` gives what came after it."""
        try:
            return os.path.getsize(self.path)
        except FileNotFoundError:
            return 0

    def since(self, mark, agent=None, user=None, verbs=None, resource=None, name=None, ns=None, path=None, cluster=None):
        """Events after `mark`, one for each request, that match everything given. agent, user and path match as substrings; cluster is
        the logical cluster (kcp), which also tells requests through a virtual workspace apart."""
        events = {}
        try:
            with open(self.path, "rb") as log:
                log.seek(mark)
                lines = log.read().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            ref = event.get("objectRef") or {}
            if agent is not None and agent not in event.get("userAgent", ""):
                continue
            if user is not None and user not in event.get("user", {}).get("username", ""):
                continue
            if verbs is not None and event.get("verb") not in verbs:
                continue
            if resource is not None and ref.get("resource") != resource:
                continue
            if name is not None and ref.get("name") not in (name, None):
                continue
            if ns is not None and ref.get("namespace") != ns:
                continue
            if cluster is not None and (event.get("annotations") or {}).get("kcp.io/cluster") != cluster:
                continue
            if path is not None and path not in event.get("requestURI", ""):
                continue
            events[event["auditID"], event.get("requestURI")] = event
        return list(events.values())

    @staticmethod
    def brief(events):
        """Events as short lines, for messages of failed tests."""
        return [f"{e['verb']} {e['requestURI']} {(e.get('responseStatus') or {}).get('code', '')} ({e.get('userAgent', '')[:40]})" for e in events]

"""The names syncerd computes, written a second time from their definition, so that the suites do not have to believe the product."""

import hashlib
import json

BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
BASE36 = BASE62[:36]


def digest(text):
    return hashlib.sha224(text.encode()).digest()


def in_base(number, digits):
    out = ""
    while number:
        number, digit = divmod(number, len(digits))
        out = digits[digit] + out
    return out


def base62(raw):
    return in_base(int.from_bytes(raw, "big"), BASE62)


def base36(raw):
    zeroes = len(raw) - len(raw.lstrip(b"\0"))
    return "0" * zeroes + in_base(int.from_bytes(raw, "big"), BASE36)


def key(cluster, target):
    """Of a SyncTarget: its logical cluster's name and its own."""
    return base62(digest(f"{cluster}:{target}"))


def direct_key(name):
    return base62(digest(f"direct:{name}"))


def locator(target_cluster, target, uid, cluster, ns=""):
    sync_target = {"cluster": target_cluster, "name": target, "uid": uid}
    if not target_cluster:
        del sync_target["cluster"]
    return json.dumps({"syncTarget": sync_target, "cluster": cluster, "namespace": ns}, separators=(",", ":"))


def namespace(locator_text):
    return "kcp-" + base36(digest(locator_text))[:12]


def tenant_id(locator_text):
    return base62(digest(json.dumps({**json.loads(locator_text), "namespace": ""}, separators=(",", ":"))))


def syncer_id(target, uid):
    return f"kcp-syncer-{target}-{base36(digest(uid))[:8]}"

"""What the tenants and the cluster write, drawn from a random.Random."""

TEXTS = ("plain", "", "sync \U0001f600", "a\x7fb\x85c", "line\nbreak", "\u2028", "\"quoted\" 'twice' \\", "- yaml: no", "0123456789" * 40)
LABELS = {"app": ("a", "b"), "example.dev/tier": ("front", "back"), "kcp.io/tenant-id": ("forged",), "internal.workload.kcp.io/cluster": ("forged",)}
ANNOTATIONS = {"note": TEXTS, "example.dev/owner": ("team",), "kcp.io/namespace-locator": ("{}", "forged")}


def spec(draw):
    made = {"size": draw.choice((0, 1, draw.randrange(2**31), -(2**62)))}
    if draw.random() < 0.6:
        made["text"] = draw.choice(TEXTS)
    if draw.random() < 0.4:
        made["list"] = [{"n": n, "deep": {"x": draw.choice(TEXTS)}} for n in range(draw.randrange(4))]
    if draw.random() < 0.3:
        made[draw.choice(("a", "b", "schl\u00fcssel"))] = draw.choice((True, False, {}, [], 0, ""))
    return made


def data(draw):
    return {key: draw.choice(TEXTS) for key in draw.sample(("a", "b", "c", "d.conf"), draw.randrange(1, 4))}


def status(draw):
    made = {"phase": draw.choice(("Pending", "Running", "Failed")), "count": draw.randrange(2**40)}
    if draw.random() < 0.5:
        made["nested"] = {"list": [draw.choice(TEXTS) for _ in range(draw.randrange(3))]}
    return made


def some_of(draw, pool):
    return {name: draw.choice(values) for name, values in pool.items() if draw.random() < 0.4}


def difference(old, new):
    """A merge patch that makes `new` of `old`; nested objects are replaced as a whole."""
    patch = {name: None for name in old if name not in new}
    for name, value in new.items():
        was = old.get(name)
        patch[name] = {**{key: None for key in was}, **value} if isinstance(was, dict) and isinstance(value, dict) else value
    return patch

"""Operations on single objects: the tenant's in kcp, and what happens to the copies in the cluster.

Each takes (run, draw, place, entry), does one thing, tells the model, and returns what it did, or None when there was nothing to do.
"""

from objects import obj
from testbed import ApiError

from . import content
from .compare import label_patch
from .model import MAX_DRIFTS, TAKEN

def reachable(place, entry):
    """Does the type of the object exist in the workspace?"""
    return place.bound or entry.claimed


def new_content(draw, entry):
    return content.data(draw) if entry.claimed else content.spec(draw)


# -- the tenant

def create(run, draw, place, entry):
    if entry.exists:
        return update(run, draw, place, entry)
    wanted, labels, annotations = new_content(draw, entry), content.some_of(draw, content.LABELS), content.some_of(draw, content.ANNOTATIONS)
    item = obj(entry.gvr, entry.name, entry.ns, **{entry.payload: wanted})
    item["metadata"].update(labels=labels, annotations=annotations)
    try:
        answer = run.when_served(lambda: place.tenant.api.create(entry.gvr, item))
    except ApiError as error:
        if error.status == 409 and entry.going:
            return None  # the one before has not gone yet
        raise
    entry.forget()
    entry.content, entry.labels, entry.annotations = wanted, labels, annotations
    entry.take(answer)
    return f"create {wanted}"


def update(run, draw, place, entry):
    if not entry.exists:
        return create(run, draw, place, entry)
    wanted = new_content(draw, entry)
    place.tenant.patch(entry.gvr, entry.name, {entry.payload: content.difference(entry.content, wanted)}, entry.ns)
    if wanted != entry.content:
        entry.drifts = 0
    entry.content = wanted
    return f"update {wanted}"


def relabel(run, draw, place, entry):
    if not entry.exists:
        return create(run, draw, place, entry)
    labels, annotations = content.some_of(draw, content.LABELS), content.some_of(draw, content.ANNOTATIONS)
    patch = {"labels": content.difference(entry.labels, labels), "annotations": content.difference(entry.annotations, annotations)}
    place.tenant.patch(entry.gvr, entry.name, {"metadata": patch}, entry.ns)
    entry.labels, entry.annotations = labels, annotations
    return f"relabel {labels} {annotations}"


def delete(run, draw, place, entry):
    if not entry.exists:
        return create(run, draw, place, entry)
    place.tenant.delete(entry.gvr, entry.name, entry.ns)
    leaves(run, place, entry)
    entry.forget()
    entry.going = True
    return "delete"


def leaves(run, place, entry):
    """Its copy goes."""
    entry.replaceable = True
    if entry.ns and not any(run.model.asks(place, other) for other in place.every() if other is not entry and other.ns == entry.ns):
        place.unstable.add(entry.ns)
    if entry.common and run.model.owners.get(entry.name) is place:
        run.model.release(entry.name)


def schedule(run, draw, place, entry):
    """State labels and the deletion annotation: for us, for another target, for both, for nobody, to leave."""
    if not entry.exists:
        return create(run, draw, place, entry)
    marks = draw.choice(({"other": 1}, {"ours": 1}, {"ours": 1, "other": 1}, {"leave": 1}, {}, {}, {}))
    was = entry.away()
    place.tenant.patch(entry.gvr, entry.name, label_patch(run.site, marks), entry.ns)
    entry.marks = marks
    if entry.away():
        leaves(run, place, entry)
    entry.replaceable |= was
    return f"schedule {sorted(marks) or 'freely'}"


def status_up(run, draw, place, entry):
    """The tenant writes a status itself, best where the copy has one, too: that one counts."""
    reported = [other for other in place.every() if other.exists and other.written]
    if place.bound and reported:
        entry = draw.choice(reported)
    if not entry.exists or entry.claimed:
        return update(run, draw, place, entry)
    status = content.status(draw)
    replace_status(place.tenant.api, entry.gvr, entry.name, entry.ns, entry.uid, status)
    entry.statuses.append(status)
    return f"status upstream of {entry.name} in {entry.ns or 'no namespace'}: {status}"


# -- the cluster

def replace_status(api, gvr, name, ns, uid, status):
    return api.patch(gvr, name, [{"op": "test", "path": "/metadata/uid", "value": uid}, {"op": "add", "path": "/status", "value": status}],
                     ns or None, sub="status")


def copy_of(place, entry):
    """The copy, if it is there at this moment."""
    item = None if entry.foreign else place.tenant.down(entry.gvr, entry.name, entry.ns)
    labels = (item or {"metadata": {}})["metadata"].get("labels", {})
    return item if place.tenant.marks().items() <= labels.items() else None


def on_copy(request):
    """A request about one copy, by its uid; it may have gone, or be another one, by now."""
    try:
        return request() or {}
    except ApiError as error:
        if error.status in (404, 409, 422):
            return None
        raise


def status(run, draw, place, entry):
    down = None if entry.claimed else copy_of(place, entry)
    if not down:
        return update(run, draw, place, entry)
    wanted = content.status(draw)
    ns, uid = place.tenant.namespace(entry.ns) if entry.ns else None, down["metadata"]["uid"]
    answer = on_copy(lambda: replace_status(run.kube, entry.gvr, entry.name, ns, uid, wanted))
    if answer is None:
        return None
    if entry.exists:
        entry.written = uid, wanted
        entry.statuses.append(wanted)
    return f"status {wanted}"


def wrong_values(draw, have):
    """Other values for members that are there; a member of the writer's own would rightly stay."""
    if not have:
        return {}
    name = draw.choice(sorted(have))
    return {name: draw.choice((None, 7 if name == "size" else "wrong"))}


def drift(run, draw, place, entry):
    """Somebody changes, deletes or unlabels a copy."""
    down = copy_of(place, entry)
    if not down or entry.drifts >= MAX_DRIFTS:
        return update(run, draw, place, entry)
    how = draw.choice(("edit", "edit", "delete", "unlabel"))
    if how == "unlabel" and (entry.claimed or not entry.ns):
        how = "edit"  # who loses the label of these while no worker looks is not known to be ours any more (5.3)
    ns, uid = place.tenant.namespace(entry.ns) if entry.ns else None, down["metadata"]["uid"]
    if how == "delete":
        path = run.kube.path(entry.gvr, ns, entry.name)
        answer = on_copy(lambda: run.kube.request("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}))
    elif how == "unlabel":
        patch = {"metadata": {"uid": uid, "labels": {draw.choice(sorted(place.tenant.marks())): None}}}
        answer = on_copy(lambda: run.kube.patch(entry.gvr, entry.name, patch, ns))
    else:
        wrong = wrong_values(draw, down.get(entry.payload, {}))
        patch = {"metadata": {"uid": uid}, entry.payload: wrong}
        answer = on_copy(lambda: run.kube.patch(entry.gvr, entry.name, patch, ns))
        entry.strays |= {name for name, value in wrong.items() if value is not None}
    if answer is None:
        return None
    entry.drifts += 1
    if how == "delete":
        entry.replaceable = True
        if entry.common:
            run.model.release(entry.name)
    return f"drift: {how}"


def intrude(run, draw, place, entry):
    """Somebody makes an object of their own where the copy is or will be."""
    if entry.foreign:
        return withdraw(run, draw, place, entry)
    if entry.common or (entry.ns and (entry.ns in place.unstable or place.paused or not run.model.served(place))):
        return update(run, draw, place, entry)
    ns = place.tenant.namespace(entry.ns) if entry.ns else None
    item = obj(entry.gvr, entry.name, ns, **{entry.payload: new_content(draw, entry)})
    try:
        entry.foreign = run.kube.create(entry.gvr, item, ns)
    except ApiError as error:
        if error.status in (403, 404, 409):
            return None  # the copy is there, or no namespace
        raise
    entry.written = None
    entry.replaceable = True
    if entry.ns:
        place.visited.add(entry.ns)
    return "intrude"


def withdraw(run, draw, place, entry):
    """Somebody's object goes again."""
    if not entry.foreign:
        return update(run, draw, place, entry)
    if entry.name.startswith(TAKEN) and draw.random() < 0.7:
        return create(run, draw, place, entry)
    meta = entry.foreign["metadata"]
    run.kube.delete(entry.gvr, meta["name"], meta.get("namespace"))
    entry.foreign = None
    entry.replaceable = True
    place.nudge = True
    return "withdraw"


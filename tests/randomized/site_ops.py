"""Operations on workspaces, on the target, and on the processes of syncerd. As in objects_ops.py, without an entry."""

import os
import signal

from objects import NAMESPACES
from syncerd import exists
from testbed import wait_for

from .model import SPACES

EXPORT = "widgets"
LONG = 120  # s


def claim_states(accepted):
    return {"configmaps": "Accepted" if accepted else "Rejected"}


def claims(run, draw, place):
    """The tenant accepts the claim on ConfigMaps, or takes that back."""
    if not place.bound:
        return bind(run, draw, place)
    place.claims = not place.claims
    place.tenant.workspace.set_claims(EXPORT, claim_states(place.claims))
    for entry in place.every():
        entry.replaceable |= entry.claimed
    place.unstable |= {ns for ns in SPACES if not any(run.model.asks(place, entry) for entry in place.every() if entry.ns == ns and not entry.claimed)}
    return f"claims {'accepted' if place.claims else 'rejected'}"


def unbind(run, draw, place):
    if not place.bound:
        return bind(run, draw, place)
    resume_one(run, place)
    place.tenant.workspace.unbind(EXPORT)
    place.bound = place.refused = False
    run.leave(place)
    for entry in place.every():
        if not entry.claimed:
            entry.forget()
            entry.going = True
    return "unbind"


def bind(run, draw, place):
    if not place.bound and not run.syncerd.alive():
        run.start()  # somebody has to let go
    if place.bound:
        return None
    workspace = place.tenant.workspace
    wait_for(lambda: workspace.binding(EXPORT) is None, LONG, f"the binding in {workspace} to go")
    barred = run.model.cordoned or run.model.evicted
    if barred:  # who is still being drained is not new
        run.syncerd.wait_no_worker(place.tenant, LONG)
        run.wait_nothing_down(place)
    run.remove_abandoned(place)
    place.claims = draw.random() < 0.7
    workspace.bind(place.tenant.site.provider, EXPORT, claim_states(place.claims))
    place.bound, place.refused = True, barred
    return f"bind, claims {'accepted' if place.claims else 'rejected'}{', refused' if barred else ''}"


def pause(run, draw, place):
    if place.paused:
        return resume(run, draw, place)
    if not run.model.served(place):
        return None
    run.ctl_when_known("pause", place)
    place.paused = True
    return "pause"


def resume(run, draw, place):
    return resume_one(run, place)


def resume_one(run, place):
    if not place.paused:
        return None
    run.ctl_when_known("resume", place)
    place.paused = False
    return "resume"


def kill_worker(run, draw, place):
    pid = run.syncerd.worker_of(place.tenant) if run.syncerd.alive() else None
    if not pid or not run.syncerd.is_worker(pid):
        return None
    os.kill(pid, signal.SIGKILL)
    return f"kill -9 worker {pid}"


def kill_supervisor(run, draw, place):
    """It is started again some operations later; or it is stopped in order and started at once."""
    if not run.syncerd.alive():
        run.start()
        return "start"
    if draw.random() < 0.2:
        run.syncerd.stop()
        run.start()
        return "stop and start"
    workers = run.syncerd.workers()
    run.syncerd.kill()
    run.start_in = draw.choice((0, 0, 1, 3, 8))
    if draw.random() < 0.5:
        wait_for(lambda: not any(exists(pid) for pid in workers), 30, f"the workers {workers} to end with their supervisor")
    return f"kill -9 supervisor, start after {run.start_in}"


def raze(run, draw, place):
    """Somebody deletes the downstream namespace of one upstream namespace, with all that is in it."""
    ns = draw.choice(SPACES)
    affected = [entry for entry in place.every() if entry.ns == ns]
    if any(entry.drifts > 1 for entry in affected) or not run.model.uses(place, ns) or place.paused or not run.model.served(place):
        return None
    run.kube.delete(NAMESPACES, place.tenant.namespace(ns))
    place.unstable.add(ns)
    for entry in affected:
        entry.replaceable = True
        entry.drifts += 1
        if entry.foreign:
            entry.foreign = None
            place.nudge = True
    return f"raze {ns}"


def unmark(run, draw, place):
    """The marks of a downstream namespace are lost."""
    ns = draw.choice(SPACES)
    if ns in place.unstable or not run.model.uses(place, ns) or place.paused or not run.model.served(place):
        return None
    marks = {"labels": {draw.choice(sorted(place.tenant.marks())): None}} if draw.random() < 0.5 else {"annotations": {"kcp.io/namespace-locator": None}}
    run.kube.patch(NAMESPACES, place.tenant.namespace(ns), {"metadata": marks})
    return f"unmark {ns}"


def cordon(run, draw, place):
    if run.model.cordoned:
        return uncordon(run, draw, place)
    run.ctl("cordon")
    run.model.cordoned = True
    run.wait_barred("Cordoned")
    return "cordon"


def evict(run, draw, place):
    """From a state of rest: then it is known which statuses have to go."""
    if run.model.evicted:
        return uncordon(run, draw, place)
    for each in run.model.places:
        resume_one(run, each)
    run.quiet()
    run.ctl("drain")
    for each in run.model.places:
        if run.model.served(each):
            run.leave(each)
    run.forget_mirrored()
    run.model.cordoned = run.model.evicted = True
    run.model.owners.clear()
    run.wait_barred("Evict")
    return "evict"


def uncordon(run, draw, place):
    if not run.model.cordoned:
        return None
    if run.model.evicted:
        run.quiet()
        for each in run.model.places:
            run.remove_abandoned(each)
    run.ctl("uncordon")
    run.model.cordoned = run.model.evicted = False
    for each in run.model.places:
        each.refused = False
    run.wait_schedulable()
    run.neighbour_changed = True
    return "uncordon"


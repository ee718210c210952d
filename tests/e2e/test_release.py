"""syncerctl release: a syncerd is gone for good; its finalizer comes off the tenants' objects, and nothing else happens to them."""

import json

import pytest
from edge import TARGET
from installed import run
from objects import CONFIGMAPS, GADGETS, SYNCTARGETS, WIDGETS, configmap, gadget, widget
from syncerd import program

OTHERS = "example.dev/other"


def release(site, *args, check=True):
    command = [program("syncerctl"), "release", "--target", f"{site.home.path}:{TARGET}",
               "--kubeconfig", site.world.bed.kcp.kubeconfig, "--context", "base", *args]
    return run(command, check)


@pytest.fixture
def left(new_site, launch):
    """A site with two tenants and objects in them, whose syncerd was killed and does not come back."""
    site = new_site()
    syncerd = launch(site.config())
    pair = site.tenants(2)
    for tenant in pair:
        syncerd.wait_state(tenant, "Syncing")
        tenant.create(widget("a"), widget("b"), gadget(f"g-{tenant.cluster}"), configmap("c"))
        for gvr, name in of(tenant):
            tenant.wait_down(gvr, name)
    site.wait_condition("Ready", "True")
    syncerd.kill()
    return site, pair


def of(tenant):
    """What is synced; claimed ConfigMaps never have a finalizer."""
    return [(WIDGETS, "a"), (WIDGETS, "b"), (GADGETS, f"g-{tenant.cluster}"), (CONFIGMAPS, "c")]


def finalizers(tenant):
    return [tenant.up(gvr, name)["metadata"].get("finalizers") for gvr, name in of(tenant)[:3]]


def test_release(left):
    site, (first, second) = left
    ours = [[site.finalizer]] * 3
    fresh = release(site, "--all", check=False)
    assert fresh.returncode == 1 and "heartbeat" in fresh.stderr and "--force" in fresh.stderr
    assert finalizers(first) == finalizers(second) == ours

    # A finalizer of somebody else stays, wherever it stands.
    first.patch(WIDGETS, "a", {"metadata": {"finalizers": [OTHERS, site.finalizer]}})
    first.patch(WIDGETS, "b", {"metadata": {"finalizers": [site.finalizer, OTHERS]}})
    told = release(site, "--force", "--workspace", first.path, "--dry-run", "-o", "json").stdout.splitlines()
    assert sorted(json.loads(line)["object"] for line in told) == sorted(
        [f"gadgets.example.dev/g-{first.cluster}", "widgets.example.dev/default/a", "widgets.example.dev/default/b"])
    assert finalizers(first)[2:] == ours[2:]

    done = release(site, "--force", "--workspace", first.path)
    assert f"{first.path} widgets.example.dev/default/a released" in done.stdout and "3 objects released" in done.stdout
    assert finalizers(first) == [[OTHERS], [OTHERS], None] and finalizers(second) == ours
    assert site.target()["metadata"]["finalizers"] == [site.finalizer]

    # What is being deleted goes with it; the copies stay.
    second.delete(WIDGETS, "a")
    assert "deletionTimestamp" in second.up(WIDGETS, "a")["metadata"]
    assert "4 objects released" in release(site, "--force", "--all").stdout
    second.wait_up_gone(WIDGETS, "a")
    assert "finalizers" not in second.up(WIDGETS, "b")["metadata"] and "finalizers" not in site.target()["metadata"]
    assert all(tenant.down(gvr, name) for tenant in (first, second) for gvr, name in of(tenant))
    assert "0 objects released" in release(site, "--force", "--all").stdout


def test_release_of_a_target_that_is_gone(left):
    """Then only the key tells whose the finalizers are; another one's are left alone."""
    site, (first, second) = left
    site.patch_target({"metadata": {"finalizers": None}})
    site.home.api.delete(SYNCTARGETS, TARGET)
    asked = release(site, "--all", check=False)
    assert asked.returncode == 1 and "--key" in asked.stderr
    asked = release(site, "--all", "--key", site.key, check=False)
    assert asked.returncode == 1 and "--export" in asked.stderr
    other = release(site, "--workspace", first.path, "--key", "0" * 38)
    assert "0 objects released" in other.stdout
    assert finalizers(first) == [[site.finalizer]] * 3
    done = release(site, "--all", "--key", site.key, "--export", f"{site.provider.path}:widgets")
    assert "6 objects released" in done.stdout
    assert finalizers(first) == finalizers(second) == [None] * 3


def test_wrong_command_lines(site):
    for args in (("--all", "--workspace", "root:a"), (), ("--workspace", "a b"), ("--all", "--key", "no/key"), ("--workspace", "root:a", "--export", "root:b:c")):
        assert release(site, *args, check=False).returncode == 2, args
    nobody = release(site, "--force", "--workspace", f"{site.home.path}:nobody", check=False)
    assert nobody.returncode in (1, 3) and "nobody" in nobody.stderr

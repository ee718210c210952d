"""syncerctl orphans: what SyncTargets that are gone or were made anew have left in the cluster, and the deletion of just that."""

import json

import pytest
from edge import TARGET, Tenant
from installed import run
from objects import CONFIGMAPS, GADGETS, NAMESPACES, SYNCTARGETS, WIDGETS, configmap, gadget, widget
from syncerd import program
from testbed import wait_for

OTHER = "other"  # a second namespace of the tenant


def orphans(site, *args, cluster=None, check=False):
    bed = site.world.bed
    return run([program("syncerctl"), "orphans", "--kubeconfig", bed.kcp.kubeconfig, "--context", "base",
                "--cluster-kubeconfig", cluster or bed.kube.kubeconfig, *args], check)


def found(site, uid, **options):
    """What is listed of one SyncTarget: {state: group}. Other suites leave orphans of their own."""
    done = orphans(site, "-o", "json", **options)
    assert done.returncode in (0, 3), done.stderr
    groups = [group for group in json.loads(done.stdout)["orphans"] if group["uid"] == uid]
    assert len({group["state"] for group in groups}) == len(groups)
    return {group["state"]: group for group in groups}


def counts(group):
    assert all(entry["oldest"] for entry in group["resources"].values())
    return {name: entry["objects"] for name, entry in group["resources"].items()}


def remove_by_force(site):
    site.patch_target({"metadata": {"finalizers": None}})
    site.home.api.delete(SYNCTARGETS, TARGET)
    assert site.target() is None


def copies(tenant):
    """The uids of all copies in namespaces, once they are there."""
    found = [tenant.wait_down(gvr, name, ns=ns, timeout=90) for gvr, name, ns in
             ((WIDGETS, "w", "default"), (WIDGETS, "x", OTHER), (CONFIGMAPS, "c", "default"))]
    return [item["metadata"]["uid"] for item in found]


@pytest.fixture
def left(new_site, launch):
    """A tenant's copies, whose SyncTarget was removed by force while syncerd was stopped."""
    site = new_site()
    syncerd = launch(site.config())
    tenant = site.tenant()
    syncerd.wait_state(tenant, "Syncing", timeout=90)
    tenant.api.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHER}})
    tenant.create(widget("w"), widget("x", ns=OTHER), configmap("c"), gadget(f"g-{tenant.cluster}"))
    copies(tenant)
    tenant.wait_down(GADGETS, f"g-{tenant.cluster}", timeout=90)
    syncerd.kill()
    remove_by_force(site)
    return site, tenant


def foreign(tenant):
    """Beside the copies: what has no marks, and what somebody has given ours."""
    plain, forged = configmap("plain", ns=tenant.namespace()), configmap("forged", ns=tenant.namespace())
    forged["metadata"]["labels"] = tenant.marks()
    return [tenant.kube.create(CONFIGMAPS, item)["metadata"]["uid"] for item in (plain, forged)]


def test_a_target_that_was_made_anew(left, launch):
    site, tenant = left
    old, old_namespaces = site.uid, [tenant.namespace(), tenant.namespace(OTHER)]
    all_of_it = {"namespaces": 2, "widgets.example.dev": 2, "gadgets.example.dev": 1, "configmaps": 1}
    strangers = foreign(tenant)
    gone = found(site, old)
    assert set(gone) == {"gone"} and counts(gone["gone"]) == all_of_it, gone
    assert gone["gone"]["tenants"] == [tenant.cluster] and gone["gone"]["key"] == site.key
    assert (gone["gone"]["workspace"], gone["gone"]["syncTarget"]) == (site.home.cluster, TARGET)

    site.create_target()
    site.install_accounts()
    living = Tenant(site, tenant.workspace)
    assert site.uid != old
    launch(site.config())
    uids = copies(living)  # the name of the one outside of namespaces is taken
    anew = found(site, old)
    assert set(anew) == {"re-created"} and counts(anew["re-created"]) == all_of_it and not found(site, site.uid)
    table = orphans(site, "-o", "wide").stdout.splitlines()
    assert table[0].split() == ["WORKSPACE", "SYNCTARGET", "UID", "STATE", "RESOURCE", "OBJECTS", "AGE", "TENANTS", "KEY"]
    assert any(row.split()[1:6] == [TARGET, old, "re-created", "widgets.example.dev", "2"] for row in table), table

    refused = orphans(site, "--delete", "--uid", site.uid)
    assert refused.returncode == 1 and "it is alive" in refused.stderr and "--force" in refused.stderr and not refused.stdout
    nobody = orphans(site, "--delete", "--uid", "00000000-0000-0000-0000-000000000000")
    assert nobody.returncode == 0 and nobody.stdout == "0 objects deleted\n", nobody

    # The namespace with something foreign in it stays, the other one goes.
    done = orphans(site, "--delete", "--uid", old)
    assert done.returncode == 3 and f"namespace {old_namespaces[0]} is left because of configmaps/" in done.stderr, done
    assert f"widgets.example.dev/{old_namespaces[0]}/w deleted" in done.stdout and "5 objects deleted" in done.stdout, done.stdout
    assert f"namespaces/{old_namespaces[1]} is being deleted" in done.stdout
    wait_for(lambda: site.kube.find(NAMESPACES, old_namespaces[1]) is None, 90, "the namespace to be gone")
    assert not site.kube.list(WIDGETS, old_namespaces[0])
    assert [site.kube.get(CONFIGMAPS, name, old_namespaces[0])["metadata"]["uid"] for name in ("plain", "forged")] == strangers
    assert counts(found(site, old)["re-created"]) == {"namespaces": 1}
    for name in ("plain", "forged"):
        site.kube.delete(CONFIGMAPS, name, old_namespaces[0])
    again = orphans(site, "--delete", "--uid", old, "-o", "json")
    assert again.returncode == 0, again
    assert json.loads(again.stdout) == {"object": f"namespaces/{old_namespaces[0]}", "tenant": tenant.cluster, "terminating": True}
    wait_for(lambda: not found(site, old), 90, "nothing to be left of it")
    assert copies(living) == uids, "those of the one that is alive"


def test_what_cannot_be_read_is_named(left):
    """The syncer's own rights show its own types only. Nothing that cannot be looked into is deleted."""
    site, tenant = left
    group = found(site, site.uid, cluster=site.cluster_kubeconfig)["gone"]
    assert counts(group)["widgets.example.dev"] == 2
    listed = orphans(site, cluster=site.cluster_kubeconfig)
    assert listed.returncode == 3 and "incomplete: secrets cannot be read" in listed.stderr and site.uid in listed.stdout
    done = orphans(site, "--delete", "--uid", site.uid, cluster=site.cluster_kubeconfig)
    assert done.returncode == 3 and "2 namespaces are left" in done.stderr and "4 objects deleted" in done.stdout, done
    assert all(site.kube.find(NAMESPACES, tenant.namespace(ns)) for ns in ("default", OTHER))


def test_a_tenant_that_has_unbound(new_site, launch):
    """The SyncTarget lives, so its syncerd would clean up; for want of one only --force does."""
    site = new_site()
    syncerd = launch(site.config())
    leaver, deleted, stayer = site.tenants(3)
    for tenant in (leaver, deleted, stayer):
        tenant.create(widget("w"))
        tenant.wait_down(WIDGETS, "w", timeout=90)
    syncerd.kill()
    for tenant in (leaver, deleted):
        tenant.patch(WIDGETS, "w", {"metadata": {"finalizers": None}})
    leaver.workspace.unbind("widgets")
    wait_for(lambda: leaver.workspace.binding("widgets") is None, 90, "the unbinding to end")
    deleted.workspace.delete()
    deleted.workspace.wait_deleted()
    listed = orphans(site, "-o", "json")
    groups = {group["state"]: group for group in json.loads(listed.stdout)["orphans"] if group["uid"] == site.uid}
    assert {state: group["tenants"] for state, group in groups.items()} == {"unbound": [leaver.cluster], "unknown": [deleted.cluster]}
    assert counts(groups["unbound"]) == {"namespaces": 1, "widgets.example.dev": 1}
    assert listed.returncode == 3 and f"incomplete: {deleted.cluster} cannot be read" in listed.stderr
    assert orphans(site, "--delete", "--uid", site.uid).returncode == 1
    assert all(tenant.down(WIDGETS, "w") for tenant in (leaver, deleted, stayer))
    forced = orphans(site, "--delete", "--uid", site.uid, "--force")
    assert forced.returncode == 0 and "6 objects deleted" in forced.stdout, forced
    for tenant in (leaver, deleted, stayer):
        tenant.wait_nothing_down(timeout=90)

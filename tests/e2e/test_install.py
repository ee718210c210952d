"""syncerctl install: prints or applies what a SyncTarget needs, and syncerd works with exactly that; uninstall takes it back."""

import json
import os
import stat

import pytest
import rbac
import yaml
from edge import TARGET, Tenant, account_token
from installed import Installed, run
from objects import BINDINGS, CONFIGMAPS, EXPORTS, NAMESPACES, SYNCTARGETS, WIDGETS, configmap, widget
from syncerd import program
from testbed import wait_for
from testbed.servers import write_kubeconfig

KINDS = [(rbac.PLURALS[kind], "default" if kind in ("ServiceAccount", "Secret", "Role", "RoleBinding") else None)
         for kind in ("ServiceAccount", "Secret", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")]


@pytest.fixture(scope="module")
def installed(world, scratch):
    return Installed(world, scratch("install"))


def kinds(text):
    return [(item["kind"], item["metadata"]["name"]) for item in yaml.safe_load_all(text) if item]


def test_printing_before_anything_exists(installed):
    """The names of the rest need the SyncTarget's uid: the first part is printed, and the exit status says that more is to come."""
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", check=False)
    assert done.returncode == 4, done.stderr
    assert f"# workspace {installed.home.path}" in done.stdout
    assert kinds(done.stdout) == [
        ("APIResourceSchema", "v1.synctargets.workload.kcp.io"), ("APIExport", "workload.kcp.io"), ("APIBinding", "workload.kcp.io"), ("SyncTarget", TARGET)]
    assert done.stderr


def test_apply_to_kcp(installed):
    args = ("--export", f"{installed.provider.path}:widgets", "--label", "region=eu", "--apply", "--output-kubeconfig", installed.kcp_kubeconfig)
    done = installed.install("kcp", *args)
    assert f"{installed.home.path} SyncTarget/{TARGET} created" in done.stdout
    assert stat.S_IMODE(os.stat(installed.kcp_kubeconfig).st_mode) == 0o600
    installed.learn()
    target = installed.home.api.get(SYNCTARGETS, TARGET)
    assert target["metadata"]["labels"]["region"] == "eu"
    assert target["spec"]["supportedAPIExports"] == [{"path": installed.provider.path, "export": "widgets"}]
    with open(installed.kcp_kubeconfig) as file:
        config = yaml.safe_load(file)
    assert config["clusters"][0]["cluster"]["server"].endswith(f"/clusters/{installed.home.cluster}")


def test_apply_again_changes_nothing(installed):
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", "--label", "region=eu", "--apply")
    words = {line.split()[-1] for line in done.stdout.splitlines() if "/" in line}
    assert words == {"unchanged"}, done.stdout


def test_apply_without_export_keeps_the_exports(installed):
    """Server-side apply would take away what its manager leaves out: a run for a new kubeconfig must not."""
    done = installed.install("kcp", "--label", "region=eu", "--apply")
    words = {line.split()[-1] for line in done.stdout.splitlines() if "/" in line}
    assert words == {"unchanged"}, done.stdout
    target = installed.home.api.get(SYNCTARGETS, TARGET)
    assert target["spec"]["supportedAPIExports"] == [{"path": installed.provider.path, "export": "widgets"}]


def test_an_existing_kubeconfig_is_not_overwritten(installed):
    with open(installed.kcp_kubeconfig) as file:
        before = file.read()
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", "--apply", "--output-kubeconfig", installed.kcp_kubeconfig, check=False)
    assert done.returncode != 0
    with open(installed.kcp_kubeconfig) as file:
        assert file.read() == before


def test_printing_the_cluster_part(installed):
    done = installed.install("cluster", "--allow-claims")
    role = next(item for item in yaml.safe_load_all(done.stdout) if item and item["kind"] == "ClusterRole")
    granted = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert granted == {"namespaces", "nodes", "widgets", "gadgets", "configmaps"}
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "watch", "create", "patch", "delete"}
    without = installed.install("cluster").stdout
    assert "configmaps" not in without


def test_the_main_job_with_what_was_installed(installed, launch):
    installed.install("cluster", "--allow-claims", "--apply", "--output-kubeconfig", installed.cluster_kubeconfig)
    syncerd = launch(installed.config())
    tenant = Tenant(installed, installed.world.workspace("tenant"))
    tenant.bind()
    syncerd.wait_state(tenant, "Syncing")
    tenant.create(widget("w"), configmap("c"))
    tenant.wait_down(WIDGETS, "w")
    tenant.wait_down(CONFIGMAPS, "c")
    tenant.set_status_down(WIDGETS, "w", {"phase": "Up"})
    tenant.wait_up(WIDGETS, "w", lambda up: up.get("status") == {"phase": "Up"})
    installed.wait_condition("Ready", "True")
    tenant.delete(WIDGETS, "w")
    tenant.wait_up_gone(WIDGETS, "w")
    wait_for(lambda: installed.status().get("workspaceSummary", {}).get("ready") == "1/1", 20, "the summary")
    assert syncerd.stop() == 0


def test_a_token_that_ends(installed, tmp_path):
    file = str(tmp_path / "short.kubeconfig")
    done = installed.install("kcp", "--export", f"{installed.provider.path}:widgets", "--apply", "--token-ttl", "1h", "--output-kubeconfig", file)
    assert os.path.exists(file) and done.stderr


def upgrade_check(installed, syncerd):
    """Exit status, and {check: (state, found, to do)}."""
    bed = installed.world.bed
    done = run([program("syncerctl"), "upgrade", "check", "--socket", syncerd.socket, "--kubeconfig", bed.kcp.kubeconfig, "--context", "base",
                "--cluster-kubeconfig", bed.kube.kubeconfig, "-o", "json"], check=False)
    value = json.loads(done.stdout)
    assert value["ok"] == (done.returncode == 0), done
    return done.returncode, {row["check"]: (row["state"], row["found"], row["todo"]) for row in value["checks"]}


def test_upgrade_check(installed, launch):
    """All is well after an installation; rights that are missing and superfluous are named, and install brings both in order."""
    syncerd = launch(installed.config())
    status, rows = upgrade_check(installed, syncerd)
    assert status == 0 and {state for state, _, _ in rows.values()} == {"ok"} and len(rows) == 9, rows
    content = installed.provider.api.get(f"{rbac.RBAC}/clusterroles", f"{installed.syncer}-widgets")["rules"]
    content[-1]["verbs"].remove("patch")
    installed.provider.api.patch(f"{rbac.RBAC}/clusterroles", f"{installed.syncer}-widgets", {"rules": content})
    granted = installed.kube.get(f"{rbac.RBAC}/clusterroles", installed.syncer)["rules"]
    more = [*granted, {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    installed.kube.patch(f"{rbac.RBAC}/clusterroles", installed.syncer, {"rules": more})
    installed.home.api.delete(f"{rbac.RBAC}/rolebindings", installed.syncer, "default")
    status, rows = upgrade_check(installed, syncerd)
    assert status == 1 and {check for check, row in rows.items() if row[0] != "ok"} == {"roles in kcp", "role in the cluster"}, rows
    for part in (f"{installed.provider.path} {installed.syncer}-widgets: patch apiexports/content.apis.kcp.io widgets",
                 f"{installed.home.path} RoleBinding {installed.syncer}"):
        assert part in rows["roles in kcp"][1], rows
    assert rows["role in the cluster"][1] == f"superfluous: {installed.syncer}: get pods" and "install cluster" in rows["role in the cluster"][2], rows
    installed.install("kcp", "--label", "region=eu", "--export", f"{installed.provider.path}:widgets", "--apply")
    installed.install("cluster", "--allow-claims", "--apply")
    status, rows = upgrade_check(installed, syncerd)
    assert status == 0, rows
    assert syncerd.stop() == 0


# -- uninstall


def ours(installed):
    """What bears the syncer's id in kcp, in the two workspaces that install wrote to."""
    found = []
    for workspace in (installed.home, installed.provider):
        for gvr, ns in KINDS:
            found += [f"{workspace.path} {gvr} {item['metadata']['name']}" for item in workspace.api.list(gvr, ns)
                      if item["metadata"]["name"].startswith(installed.syncer)]
    return found


def lines(done):
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())


def test_uninstall_waits_for_the_finalizer(installed):
    """Nobody serves the SyncTarget now: the answer says what holds it, and what comes next; nothing of its rights is gone."""
    before = ours(installed)
    assert len(before) == 10, before
    done = installed.uninstall("kcp", "--timeout", "2s", check=False)
    assert done.returncode == 1 and not done.stdout, done
    for part in (f"SyncTarget {TARGET}", installed.home.path, installed.finalizer, "syncerctl status", "last heartbeat"):
        assert part in done.stderr, done.stderr
    assert ours(installed) == before
    assert installed.target()["metadata"]["deletionTimestamp"]


def test_uninstall_of_the_cluster_has_to_wait(installed):
    done = installed.uninstall("cluster", check=False)
    assert done.returncode == 1 and "uninstall kcp" in done.stderr
    assert installed.kube.find(NAMESPACES, installed.syncer)


def test_uninstall(installed, launch):
    """With a syncerd that cleans up: everything synced leaves the cluster, and nothing with the syncer's id stays in kcp."""
    syncerd = launch(installed.config(), start=False).start(ready=False)
    done = installed.uninstall("kcp")
    said = lines(done)
    home, provider = installed.home.path, installed.provider.path
    assert set(said.values()) == {"deleted"}, said
    assert f"{home} SyncTarget/{TARGET}" in said and f"{home} ServiceAccount/{installed.syncer}" in said
    assert f"{provider} ClusterRole/{installed.syncer}-widgets" in said and f"{provider} ClusterRoleBinding/{installed.syncer}-access" in said
    assert f"--syncer {installed.syncer}" in done.stderr
    assert syncerd.process.wait(20) == 0
    assert installed.target() is None
    wait_for(lambda: not ours(installed), 10, f"{ours(installed)} to be gone")
    assert not installed.kube.list(NAMESPACES, labels=f"internal.workload.kcp.io/cluster={installed.key}")
    assert installed.home.api.get(EXPORTS, "workload.kcp.io") and installed.home.api.get(BINDINGS, "workload.kcp.io"), "the type stays"


def test_uninstall_again_finds_nothing(installed):
    done = installed.uninstall("kcp")
    assert lines(done) == {f"{installed.home.path} SyncTarget/{TARGET}": "absent"}
    done = installed.uninstall("kcp", "--output", "json")
    assert json.loads(done.stdout)["result"] == "absent"


def test_uninstall_where_nothing_can_be(installed):
    """A workspace that does not exist is a mistake, not an absence."""
    done = installed.uninstall("kcp", workspace=installed.home.path + ":nowhere", check=False)
    assert done.returncode == 1 and "nowhere" in done.stderr and not done.stdout, done


def test_uninstall_cluster(installed):
    done = installed.uninstall("cluster", check=False)
    assert done.returncode == 1 and f"--syncer {installed.syncer}" in done.stderr and not done.stdout
    assert installed.kube.find(NAMESPACES, installed.syncer), "somebody has to say which one is meant"
    done = installed.uninstall("cluster", "--syncer", installed.syncer)
    assert lines(done)[f"Namespace/{installed.syncer}"] == "deleted"
    wait_for(lambda: installed.kube.find(NAMESPACES, installed.syncer) is None, 60, "the syncer's namespace to be gone")
    assert installed.kube.find(rbac.PLURALS["ClusterRole"], installed.syncer) is None
    assert set(lines(installed.uninstall("cluster", "--syncer", installed.syncer)).values()) == {"absent"}
    # Syncers of other workspaces' SyncTargets of that name may be there: they are named, and left alone.
    others = installed.uninstall("cluster", check=False)
    assert installed.syncer not in others.stderr and not others.stdout


def test_uninstall_after_an_interruption(world, scratch):
    """The SyncTarget is gone, the account is not: it is found by its name; the exports are given by hand."""
    site = Installed(world, scratch("interrupted"))
    export = ("--export", f"{site.provider.path}:widgets")
    site.install("kcp", *export, "--apply")
    site.learn()
    site.home.api.delete(SYNCTARGETS, TARGET)
    wait_for(lambda: site.target() is None, 20, "the SyncTarget to be gone")
    assert len(ours(site)) == 10
    said = lines(site.uninstall("kcp", *export))
    assert said.pop(f"{site.home.path} SyncTarget/{TARGET}") == "absent"
    assert set(said.values()) == {"deleted"}
    wait_for(lambda: not ours(site), 10, "everything to be gone")


def test_uninstall_without_rights_at_the_provider(world, scratch):
    """What another administrator has to delete is printed; the rest is done."""
    site = Installed(world, scratch("half"))
    site.install("kcp", "--export", f"{site.provider.path}:widgets", "--apply")
    site.learn()
    subject = {"kind": "ServiceAccount", "name": "half-admin", "namespace": "default"}
    rbac.install(site.home.api, rbac.account("half-admin") + [
        rbac.binding("half-admin", "cluster-admin", subject), rbac.binding("half-admin-access", "system:kcp:workspace:access", subject)])
    token = account_token(site.home.api, "half-admin", "default")
    kubeconfig = write_kubeconfig(os.path.join(site.directory, "half.kubeconfig"), world.bed.kcp.url, world.bed.kcp.ca, token)
    done = site.uninstall("kcp", "--kubeconfig", kubeconfig, "--context", "testbed", check=False)
    assert done.returncode == 3, done.stderr
    assert f"# workspace {site.provider.path}" in done.stdout
    done_by_us = [line for line in done.stdout.splitlines() if line.endswith((" deleted", " absent"))]
    assert all(line.startswith(f"{site.home.path} ") for line in done_by_us) and len(done_by_us) == 8, done_by_us
    printed = "\n".join(line for line in done.stdout.splitlines() if line not in done_by_us)
    assert kinds(printed) == [("ClusterRole", f"{site.syncer}-widgets"), ("ClusterRoleBinding", f"{site.syncer}-widgets"), ("ClusterRoleBinding", f"{site.syncer}-access")]
    assert {line.split()[0] for line in ours(site)} == {site.provider.path}

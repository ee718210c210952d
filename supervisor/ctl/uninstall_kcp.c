/* `syncerctl uninstall kcp` (syncerd-rules(7) 9.4): the SyncTarget first, because syncerd needs its rights until all is drained. */
#include "uninstall.h"

#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"

#define ACCOUNTS "/api/v1/namespaces/default/serviceaccounts"

/* What is removed, learned before anything is deleted. */
struct removal {
	struct ctl_install *install;
	struct ctl_admin *admin;
	char *path;    /* of the SyncTarget */
	char *cluster; /* logical cluster of its workspace, NULL = not known */
	char *uid;     /* NULL = it is gone */
	struct ctl_syncers syncers;
};

static bool add_export(struct ctl_install *install, const char *workspace, const char *name)
{
	struct ctl_export *entry = &install->exports[install->export_count];

	for (size_t i = 0; i < install->export_count; i++)
		if (!strcmp(install->exports[i].workspace, workspace) && !strcmp(install->exports[i].name, name))
			return true;
	if (install->export_count == CTL_MAX_EXPORTS) {
		ctl_error("more than %d exports: give fewer with --export, and run this again with the others", CTL_MAX_EXPORTS);
		return false;
	}
	entry->workspace = strdup(workspace);
	entry->name = strdup(name);
	if (!entry->workspace || !entry->name) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	install->export_count++;
	return true;
}

/* The command line may add some that it does not name any more. */
bool ctl_read_exports(struct ctl_install *install, json_object *target)
{
	json_object *exports = sy_json_array(target, "spec", "supportedAPIExports", NULL);
	size_t count = exports ? json_object_array_length(exports) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(exports, i);
		const char *path = sy_json_str(entry, "path", NULL);
		const char *name = sy_json_str(entry, "export", NULL);
		const char *workspace = path && *path ? path : install->workspace;

		if (!name || !sy_workspace_path_valid(workspace) ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(name)) {
			ctl_error("the SyncTarget names an export that cannot exist; it is passed over");
			continue;
		}
		if (!add_export(install, workspace, name))
			return false;
	}
	return true;
}

static json_object *target_object(const struct ctl_install *install)
{
	struct ctl_manifests list = {0};
	json_object *object;

	ctl_manifests_target(&list, install->workspace, install->name, NULL, NULL);
	object = json_object_get(list.items[0].object);
	ctl_manifests_done(&list);
	return object;
}

static void print_target(struct ctl_install *install, const char *result)
{
	sy_auto_json json_object *object = target_object(install);
	struct ctl_manifest manifest = {.object = object};
	sy_auto_free char *workspace = strdup(install->workspace);

	manifest.workspace = workspace;
	ctl_print_result(install, &manifest, result);
}

/* Gone, or another one by now: ours has been let go. Any other answer proves nothing. */
static bool let_go(void *arg, const struct ctl_answer *answer)
{
	const struct removal *removal = arg;
	const char *uid = sy_json_str(answer->object, "metadata", "uid", NULL);

	return answer->verdict == SY_KUBE_NOT_FOUND || (answer->verdict == SY_KUBE_OK && uid && strcmp(uid, removal->uid) != 0);
}

static const char *why_waiting(json_object *target)
{
	json_object *conditions = sy_json_array(target, "status", "conditions", NULL);
	size_t count = conditions ? json_object_array_length(conditions) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *condition = json_object_array_get_idx(conditions, i);
		const char *type = sy_json_str(condition, "type", NULL);
		const char *status = sy_json_str(condition, "status", NULL);

		if (type && status && !strcmp(type, "Ready") && strcmp(status, "True") != 0)
			return sy_json_str(condition, "message", NULL);
	}
	return NULL;
}

static void print_finalizers(json_object *target)
{
	json_object *finalizers = sy_json_array(target, "metadata", "finalizers", NULL);
	size_t count = finalizers ? json_object_array_length(finalizers) : 0;

	for (size_t i = 0; i < count && i < 5; i++)
		ctl_error("  it is held by the finalizer %s", json_object_get_string(json_object_array_get_idx(finalizers, i)));
}

static void explain_timeout(const struct removal *removal, const struct ctl_answer *answer)
{
	const struct ctl_install *install = removal->install;
	const char *why = why_waiting(answer->object);
	const char *beat = sy_json_str(answer->object, "status", "lastSyncerHeartbeatTime", NULL);

	ctl_error("SyncTarget %s in workspace %s is still there after %lld s; its rights were left as they are", install->name,
		  install->workspace, (long long)(install->timeout_ms / 1000));
	if (answer->verdict != SY_KUBE_OK)
		ctl_error("  the last answer was: %s", answer->message);
	print_finalizers(answer->object);
	if (why)
		ctl_error("  syncerd says: %s", why);
	ctl_error("  last heartbeat of syncerd: %s", beat ? beat : "none");
	ctl_error("  next: on syncerd's node look at 'syncerctl status' and its log, then run this again; only if that syncerd is gone for "
		  "good, take the finalizer off by hand (see syncerctl(1), uninstall)");
}

static int wait_for_it(struct removal *removal)
{
	struct ctl_install *install = removal->install;
	struct ctl_answer answer;
	bool gone;

	ctl_error("waiting up to %lld s for syncerd to drain and release SyncTarget %s", (long long)(install->timeout_ms / 1000),
		  install->name);
	gone = ctl_admin_wait(removal->admin, install->workspace, removal->path, (unsigned)(install->timeout_ms / 1000), let_go, removal,
			      &answer);
	if (!gone)
		explain_timeout(removal, &answer);
	ctl_answer_done(&answer);
	return gone ? CTL_OK : CTL_FAILED;
}

/* The very SyncTarget that was read: one of the same name that was made since is not deleted. */
static int delete_target(struct removal *removal)
{
	struct ctl_install *install = removal->install;
	struct ctl_manifests list = {0};
	struct ctl_answer answer;
	int rc = CTL_OK;

	ctl_manifest_addf(&list, NULL, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"preconditions\":{\"uid\":\"%s\"}}",
			  removal->uid);
	ctl_admin_call(removal->admin, install->workspace, "DELETE", removal->path, NULL, SY_CT_JSON, list.items[0].object, &answer);
	ctl_manifests_done(&list);
	if (answer.verdict == SY_KUBE_FORBIDDEN) {
		ctl_error("your rights do not suffice to delete SyncTarget %s in %s: %s", install->name, install->workspace,
			  answer.message);
		rc = CTL_FAILED;
	} else if (answer.verdict != SY_KUBE_OK && answer.verdict != SY_KUBE_NOT_FOUND) {
		ctl_error("SyncTarget %s in %s cannot be deleted: %s", install->name, install->workspace, answer.message);
		rc = CTL_FAILED;
	}
	ctl_answer_done(&answer);
	if (rc == CTL_OK) {
		ctl_admin_call(removal->admin, install->workspace, "GET", removal->path, NULL, NULL, NULL, &answer);
		if (!let_go(removal, &answer))
			rc = wait_for_it(removal);
		ctl_answer_done(&answer);
	}
	if (rc == CTL_OK)
		print_target(install, "deleted");
	return rc;
}

/* Accounts of this SyncTarget's name that an interrupted run, or an earlier SyncTarget, has left. */
static int find_accounts(struct removal *removal)
{
	struct ctl_install *install = removal->install;
	struct ctl_answer answer;
	int rc = CTL_OK;

	ctl_admin_call(removal->admin, install->workspace, "GET", ACCOUNTS, NULL, NULL, NULL, &answer);
	if (answer.verdict != SY_KUBE_OK) {
		ctl_error("the ServiceAccounts of workspace %s cannot be listed, so nothing that an earlier run left is found: %s",
			  install->workspace, answer.message);
		rc = removal->uid ? CTL_OK : CTL_FAILED;
	} else if (!ctl_syncers_find(&removal->syncers, answer.object, install->name)) {
		ctl_error("workspace %s has accounts of more than %d earlier SyncTargets %s; run this again for the others",
			  install->workspace, CTL_MAX_SYNCERS, install->name);
	} else if (!removal->cluster) {
		json_object *first = json_object_array_get_idx(sy_json_array(answer.object, "items", NULL), 0);
		const char *cluster = sy_json_str(first, "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);

		removal->cluster = cluster && sy_cluster_name_valid(cluster) ? strdup(cluster) : NULL;
	}
	ctl_answer_done(&answer);
	return rc;
}

/* 9.2, then 9.1: the ServiceAccount, by which a later run finds what is left, goes last of all. */
static int delete_rights(struct removal *removal, const char *id)
{
	struct ctl_install *install = removal->install;
	const char *cluster = removal->cluster ? removal->cluster : install->workspace;
	int worst = CTL_OK;

	for (size_t i = 0; i <= install->export_count && worst != CTL_FAILED; i++) {
		const struct ctl_export *export = &install->exports[i];
		struct ctl_manifests list = {0};

		if (i == install->export_count)
			ctl_manifests_identity(&list, install->workspace, install->name, id);
		else
			ctl_manifests_export(&list, export, id, cluster,
					     !strcmp(export->workspace, install->workspace) || !strcmp(export->workspace, cluster), false);
		int rc = ctl_delete_list(install, removal->admin, &list);
		if (rc != CTL_OK)
			worst = rc;
		ctl_manifests_done(&list);
	}
	return worst;
}

static int uninstall_with(struct removal *removal)
{
	struct ctl_install *install = removal->install;
	bool was_there = removal->uid != NULL;
	int rc = find_accounts(removal);

	if (rc == CTL_OK && was_there)
		rc = delete_target(removal);
	else if (rc == CTL_OK)
		print_target(install, "absent");
	if (rc == CTL_OK && !was_there && removal->syncers.count && !install->export_count)
		ctl_error(
			"the SyncTarget is gone, and with it the names of its exports: give them with --export to remove the roles there");
	for (size_t i = 0; i < removal->syncers.count && rc != CTL_FAILED; i++) {
		int one = delete_rights(removal, removal->syncers.ids[i]);

		if (one != CTL_OK)
			rc = one;
	}
	for (size_t i = 0; i < removal->syncers.count && rc != CTL_FAILED; i++)
		ctl_error("for the physical cluster: syncerctl uninstall cluster --workspace %s --name %s --syncer %s", install->workspace,
			  install->name, removal->syncers.ids[i]);
	return rc;
}

/* What the SyncTarget alone can tell: its uid, logical cluster and exports. */
static int learn(struct removal *removal)
{
	struct ctl_install *install = removal->install;
	struct ctl_answer answer;
	struct sy_error err;
	char id[SY_SYNCER_ID_MAX];
	int rc = CTL_OK;

	if (!ctl_read_target(removal->admin, install->workspace, install->name, &removal->cluster, &removal->uid, &answer)) {
		rc = ctl_target_is_gone(install, removal->admin, &answer) ? CTL_OK : CTL_FAILED;
	} else if (sy_syncer_id(install->name, removal->uid, id, &err) < 0) {
		ctl_error("%s", err.text);
		rc = CTL_FAILED;
	} else {
		ctl_syncers_add(&removal->syncers, id);
		rc = ctl_read_exports(install, answer.object) ? CTL_OK : CTL_FAILED;
	}
	ctl_answer_done(&answer);
	return rc;
}

int ctl_uninstall_kcp(struct ctl_install *install)
{
	struct removal removal = {.install = install};
	int rc = CTL_FAILED;

	if (asprintf(&removal.path, "/apis/workload.kcp.io/v1alpha1/synctargets/%s", install->name) < 0)
		exit(CTL_FAILED);
	if (ctl_admin_open(&removal.admin, install->kubeconfig, install->context, "kcp")) {
		rc = learn(&removal);
		if (rc == CTL_OK)
			rc = uninstall_with(&removal);
	}
	ctl_admin_free(removal.admin);
	ctl_syncers_done(&removal.syncers);
	free(removal.path);
	free(removal.cluster);
	free(removal.uid);
	return rc;
}

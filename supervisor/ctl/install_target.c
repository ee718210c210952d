/* `install kcp`: the SyncTarget object. An export that a SyncTarget once had is a promise to the tenants behind it: taking it off deletes
 * their objects in the cluster. So a further run adds exports and keeps what is there; only --prune-exports takes any off. */
#include "install.h"

#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

/* An empty path means the SyncTarget's own workspace. */
static bool same_export(const struct ctl_install *install, json_object *stored, const struct ctl_export *given)
{
	const char *path = sy_json_str(stored, "path", NULL);
	const char *name = sy_json_str(stored, "export", NULL);

	if (!path || !*path)
		path = install->workspace;
	return name && !strcmp(name, given->name) && !strcmp(path, given->workspace);
}

static bool is_given(const struct ctl_install *install, json_object *stored)
{
	for (size_t i = 0; i < install->export_count; i++)
		if (same_export(install, stored, &install->exports[i]))
			return true;
	return false;
}

static void append(json_object *array, json_object *item)
{
	if (!array || !item || json_object_array_add(array, item) < 0)
		out_of_memory();
}

json_object *ctl_target_exports(const struct ctl_install *install, json_object *stored, json_object **ret_pruned)
{
	size_t count = stored ? json_object_array_length(stored) : 0;
	json_object *wanted = json_object_new_array();
	json_object *pruned = json_object_new_array();

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(stored, i);

		append(install->prune_exports && !is_given(install, entry) ? pruned : wanted, json_object_get(entry));
	}
	for (size_t i = 0; i < install->export_count; i++) {
		bool there = false;

		for (size_t j = 0; j < count && !there; j++)
			there = same_export(install, json_object_array_get_idx(stored, j), &install->exports[i]);
		if (there)
			continue;
		json_object *entry = ctl_args("path", install->exports[i].workspace);
		ctl_args_add(entry, "export", json_object_new_string(install->exports[i].name));
		append(wanted, entry);
	}
	if (!wanted || !pruned)
		out_of_memory();
	*ret_pruned = pruned;
	return wanted;
}

/* Server-side apply takes off only what its own manager once set, so pruning is a write of its own; the version keeps it from taking off an
 * export that somebody has just added. */
static bool prune(struct ctl_install *install, struct ctl_admin *admin, json_object *target, json_object *wanted)
{
	sy_auto_free char *path = ctl_object_path(target);
	sy_auto_json json_object *body = json_object_new_object();
	json_object *metadata = ctl_args("resourceVersion", sy_json_str(target, "metadata", "resourceVersion", NULL));
	json_object *spec = json_object_new_object();
	struct ctl_answer answer;

	ctl_args_add(spec, "supportedAPIExports", json_object_get(wanted));
	ctl_args_add(body, "metadata", metadata);
	ctl_args_add(body, "spec", spec);
	ctl_admin_call(admin, install->workspace, "PATCH", path, "fieldManager=syncerctl", SY_CT_MERGE_PATCH, body, &answer);
	bool ok = answer.verdict == SY_KUBE_OK;
	if (!ok)
		ctl_error("%s SyncTarget/%s: exports cannot be taken off: %s", install->workspace, install->name, answer.message);
	ctl_answer_done(&answer);
	return ok;
}

static void name_pruned(struct ctl_install *install, json_object *pruned)
{
	for (size_t i = 0; i < json_object_array_length(pruned); i++) {
		json_object *entry = json_object_array_get_idx(pruned, i);
		const char *path = sy_json_str(entry, "path", NULL);

		ctl_error("SyncTarget %s in %s no longer serves %s:%s%s", install->name, install->workspace,
			  path && *path ? path : install->workspace, sy_json_str(entry, "export", NULL),
			  install->apply ? ": syncerd removes the objects of its consumers from the cluster; its roles stay until "
					   "`syncerctl uninstall kcp --export`"
					 : " once this is applied");
	}
}

/* With exports unknown (no right to read) the field is left to whoever applies what is printed, unless some were named. */
static void make(struct ctl_install *install, const struct ctl_answer *stored, struct ctl_manifests *list, json_object **ret_pruned)
{
	bool known = stored->verdict == SY_KUBE_OK || ctl_is_absent(stored);
	json_object *exports = ctl_target_exports(install, sy_json_array(stored->object, "spec", "supportedAPIExports", NULL), ret_pruned);

	if (known && !json_object_array_length(exports))
		ctl_error("no --export given: the SyncTarget will serve nothing until its spec.supportedAPIExports names one");
	if (!known && install->export_count)
		ctl_error("SyncTarget %s in %s cannot be read (%s): if it exists, add the exports that it serves already to what follows",
			  install->name, install->workspace, stored->message);
	ctl_manifests_target(list, install->workspace, install->name, known || install->export_count ? exports : NULL, install->labels);
	json_object_put(exports);
}

int ctl_install_target(struct ctl_install *install, struct ctl_admin *admin, bool print_only)
{
	struct ctl_manifests list = {0};
	json_object *pruned = NULL;
	struct ctl_answer stored;
	char *path = NULL;
	int rc = CTL_OK;

	if (asprintf(&path, "/apis/workload.kcp.io/v1alpha1/synctargets/%s", install->name) < 0)
		out_of_memory();
	ctl_admin_call(admin, install->workspace, "GET", path, NULL, NULL, NULL, &stored);
	free(path);
	if (stored.verdict != SY_KUBE_OK && stored.verdict != SY_KUBE_FORBIDDEN && !ctl_is_absent(&stored)) {
		ctl_error("SyncTarget %s in %s cannot be read: %s", install->name, install->workspace, stored.message);
		ctl_answer_done(&stored);
		return CTL_FAILED;
	}
	make(install, &stored, &list, &pruned);
	name_pruned(install, pruned);
	if (!print_only && install->apply && json_object_array_length(pruned) &&
	    !prune(install, admin, stored.object, sy_json_array(list.items[0].object, "spec", "supportedAPIExports", NULL)))
		rc = CTL_FAILED;
	if (rc == CTL_OK && print_only)
		ctl_print_manifests(install, &list);
	else if (rc == CTL_OK)
		rc = ctl_install_list(install, admin, &list);
	json_object_put(pruned);
	ctl_answer_done(&stored);
	ctl_manifests_done(&list);
	return rc;
}

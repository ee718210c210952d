/* Command line of `syncerctl uninstall kcp|cluster`, and the deleting of what install made. */
#include "uninstall.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option kcp_options[] = {
	{"workspace", CTL_OPT_WORKSPACE, "PATH", 0, "Workspace that holds the SyncTarget", 0},
	{"name", CTL_OPT_NAME, "NAME", 0, "Name of the SyncTarget", 0},
	{"export", CTL_OPT_EXPORT, "PATH:EXPORT", 0, "An APIExport that it served once and names no more; may be repeated", 0},
	{"timeout", CTL_OPT_TIMEOUT, "DURATION", 0, "How long to wait for the SyncTarget to go (default 5m)", 0},
	{"kubeconfig", CTL_OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)",
	 0},
	{"context", CTL_OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static const struct argp_option cluster_options[] = {
	{"workspace", CTL_OPT_WORKSPACE, "PATH", 0, "Workspace that held the SyncTarget", 0},
	{"name", CTL_OPT_NAME, "NAME", 0, "Name of the SyncTarget", 0},
	{"syncer", CTL_OPT_SYNCER, "ID", 0, "Which syncer of that name, as 'uninstall kcp' told", 0},
	{"kubeconfig", CTL_OPT_KUBECONFIG, "FILE", 0, "Your administrator's kubeconfig of kcp (default $KUBECONFIG, else ~/.kube/config)",
	 0},
	{"context", CTL_OPT_CONTEXT, "NAME", 0, "Context in it", 0},
	{"cluster-kubeconfig", CTL_OPT_CLUSTER_KUBECONFIG, "FILE", 0,
	 "Your administrator's kubeconfig of the physical cluster (same default)", 0},
	{"cluster-context", CTL_OPT_CLUSTER_CONTEXT, "NAME", 0, "Context in it", 0},
	{0},
};

static const struct argp_child common[] = {{&ctl_common_argp, 0, NULL, 0}, {0}};

static const struct argp kcp_argp = {
	.options = kcp_options,
	.parser = ctl_install_parse,
	.children = common,
	.doc = "Delete the SyncTarget, wait until syncerd has removed everything from the physical cluster and let it go, then delete the "
	       "ServiceAccount and its roles. The SyncTarget type stays.",
};
static const struct argp cluster_argp = {
	.options = cluster_options,
	.parser = ctl_install_parse,
	.children = common,
	.doc = "Delete syncerd's namespace, ServiceAccount and role in the physical cluster. The SyncTarget must be gone.",
};

int ctl_uninstall(struct ctl *ctl, int argc, char **argv)
{
	struct ctl_install install = {.ctl = ctl, .out = stdout, .timeout_ms = CTL_UNINSTALL_TIMEOUT_MS};
	const char *target = argc > 1 ? argv[1] : "";
	bool is_kcp = !strcmp(target, "kcp");
	int rc;

	if (!is_kcp && strcmp(target, "cluster") != 0)
		return ctl_install_usage("uninstall", target);
	ctl_argp(is_kcp ? &kcp_argp : &cluster_argp, is_kcp ? "uninstall kcp" : "uninstall cluster", argc - 1, argv + 1, &install);
	if (install.syncer && !ctl_is_syncer_of(install.syncer, install.name)) {
		ctl_error("--syncer %s: not the id of a syncer of SyncTarget %s", install.syncer, install.name);
		rc = CTL_USAGE;
	} else {
		rc = is_kcp ? ctl_uninstall_kcp(&install) : ctl_uninstall_cluster(&install);
	}
	ctl_install_done(&install);
	return rc;
}

bool ctl_is_syncer_of(const char *id, const char *name)
{
	static const char prefix[] = "kcp-syncer-";
	size_t name_len = strlen(name);

	if (strncmp(id, prefix, strlen(prefix)) != 0 || strncmp(id + strlen(prefix), name, name_len) != 0)
		return false;
	id += strlen(prefix) + name_len;
	return id[0] == '-' && strlen(id) == 9 && strspn(id + 1, "0123456789abcdefghijklmnopqrstuvwxyz") == 8;
}

void ctl_syncers_add(struct ctl_syncers *syncers, const char *id)
{
	for (size_t i = 0; i < syncers->count; i++)
		if (!strcmp(syncers->ids[i], id))
			return;
	syncers->ids[syncers->count] = strdup(id);
	if (!syncers->ids[syncers->count]) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	syncers->count++;
}

void ctl_syncers_done(struct ctl_syncers *syncers)
{
	for (size_t i = 0; i < syncers->count; i++)
		free(syncers->ids[i]);
	syncers->count = 0;
}

bool ctl_syncers_find(struct ctl_syncers *syncers, json_object *list, const char *name)
{
	json_object *items = sy_json_array(list, "items", NULL);
	size_t count = items ? json_object_array_length(items) : 0;

	for (size_t i = 0; i < count; i++) {
		const char *id = sy_json_str(json_object_array_get_idx(items, i), "metadata", "name", NULL);

		if (!id || !ctl_is_syncer_of(id, name))
			continue;
		if (syncers->count == CTL_MAX_SYNCERS)
			return false;
		ctl_syncers_add(syncers, id);
	}
	return true;
}

/* One object, by name: names made from a uid are nobody else's. */
static int delete_one(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifest *manifest)
{
	sy_auto_free char *path = ctl_object_path(manifest->object);
	struct ctl_answer answer;
	int rc = CTL_OK;

	ctl_admin_call(admin, manifest->workspace, "DELETE", path, NULL, NULL, NULL, &answer);
	if (answer.verdict == SY_KUBE_OK || answer.verdict == SY_KUBE_NOT_FOUND || answer.verdict == SY_KUBE_NAMESPACE_MISSING) {
		ctl_print_result(install, manifest, answer.verdict == SY_KUBE_OK ? "deleted" : "absent");
	} else {
		rc = answer.verdict == SY_KUBE_FORBIDDEN ? CTL_INCOMPLETE : CTL_FAILED;
		ctl_error("%s%s%s/%s: %s", manifest->workspace ? manifest->workspace : "", manifest->workspace ? " " : "",
			  sy_json_str(manifest->object, "kind", NULL), sy_json_str(manifest->object, "metadata", "name", NULL),
			  answer.message);
	}
	ctl_answer_done(&answer);
	return rc;
}

int ctl_delete_list(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifests *list)
{
	for (size_t i = list->count; i > 0; i--) {
		int rc = delete_one(install, admin, &list->items[i - 1]);

		if (rc == CTL_INCOMPLETE) {
			ctl_error("your rights do not suffice here; have an administrator delete the following (kubectl delete -f)");
			ctl_print_manifests(install, list);
		}
		if (rc != CTL_OK)
			return rc;
	}
	return CTL_OK;
}

static bool binds_the_type(json_object *binding)
{
	json_object *bound = sy_json_array(binding, "status", "boundResources", NULL);
	size_t count = bound ? json_object_array_length(bound) : 0;

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(bound, i);
		const char *group = sy_json_str(entry, "group", NULL);
		const char *resource = sy_json_str(entry, "resource", NULL);

		if (group && resource && !strcmp(group, "workload.kcp.io") && !strcmp(resource, "synctargets"))
			return true;
	}
	return false;
}

/* kcp answers the same 404 for a type that it does not serve yet, right after its start, as for one that nobody has bound. */
static bool type_is_unbound(struct ctl_install *install, struct ctl_admin *admin)
{
	struct ctl_answer answer;
	bool unbound;

	ctl_admin_call(admin, install->workspace, "GET", "/apis/apis.kcp.io/v1alpha2/apibindings", NULL, NULL, NULL, &answer);
	json_object *items = sy_json_array(answer.object, "items", NULL);
	unbound = answer.verdict == SY_KUBE_OK && items;
	if (!unbound)
		ctl_error("workspace %s cannot be read (does it exist?): %s", install->workspace, answer.message);
	for (size_t i = 0; unbound && i < json_object_array_length(items); i++) {
		if (binds_the_type(json_object_array_get_idx(items, i))) {
			ctl_error("workspace %s binds the type SyncTarget but does not serve it at the moment: run this again",
				  install->workspace);
			unbound = false;
		}
	}
	ctl_answer_done(&answer);
	return unbound;
}

bool ctl_target_is_gone(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_answer *answer)
{
	if (answer->verdict == SY_KUBE_NOT_FOUND)
		return true;
	if (answer->verdict == SY_KUBE_NOT_SERVED)
		return type_is_unbound(install, admin);
	ctl_error("SyncTarget %s in %s cannot be read: %s", install->name, install->workspace, answer->message);
	return false;
}

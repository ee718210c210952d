/* Printing and applying manifests. */
#include "install.h"

#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"
#include "kube/gvr.h"
#include "supervisor/config/yaml.h"

#define BIND_TRIES 50u /* 10 s */

static const char *plural_of(const char *kind)
{
	static const struct {
		const char *kind;
		const char *plural;
	} kinds[] = {
		{"APIResourceSchema", "apiresourceschemas"},
		{"APIExport", "apiexports"},
		{"APIBinding", "apibindings"},
		{"SyncTarget", "synctargets"},
		{"ServiceAccount", "serviceaccounts"},
		{"Secret", "secrets"},
		{"ClusterRole", "clusterroles"},
		{"ClusterRoleBinding", "clusterrolebindings"},
		{"Role", "roles"},
		{"RoleBinding", "rolebindings"},
		{"Namespace", "namespaces"},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kind && !strcmp(kind, kinds[i].kind))
			return kinds[i].plural;
	ctl_error("no manifest is of kind %s", kind ? kind : "?");
	exit(CTL_FAILED);
}

char *ctl_object_path(json_object *object)
{
	const char *api = sy_json_str(object, "apiVersion", NULL);
	const char *slash = api ? strchr(api, '/') : NULL;
	sy_auto_free char *group = slash ? strndup(api, (size_t)(slash - api)) : strdup("");
	const struct sy_gvr gvr = {
		.group = group, .version = slash ? slash + 1 : api, .resource = plural_of(sy_json_str(object, "kind", NULL))};
	struct sy_buf path;
	struct sy_error err = {.text = "out of memory"};

	sy_buf_init(&path, 4096);
	if (!group || sy_kube_path(&path, &gvr, sy_json_str(object, "metadata", "namespace", NULL),
				   sy_json_str(object, "metadata", "name", NULL), NULL, &err) < 0) {
		ctl_error("%s", err.text);
		exit(CTL_FAILED);
	}
	return sy_buf_take(&path);
}

static json_object *with_workspace(const struct ctl_manifest *manifest)
{
	return ctl_args("workspace", manifest->workspace);
}

static void print_json(struct ctl_install *install, json_object *line)
{
	sy_auto_free char *text = sy_json_text(line);

	if (!text) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	fprintf(install->out, "%s\n", text);
}

static void print_manifest(struct ctl_install *install, const struct ctl_manifest *manifest)
{
	sy_auto_free char *json = sy_json_text(manifest->object);
	sy_auto_free char *yaml = NULL;
	struct sy_error err = {.text = "out of memory"};

	if (install->ctl->output == CTL_JSON) {
		sy_auto_json json_object *line = with_workspace(manifest);

		ctl_args_add(line, "object", json_object_get(manifest->object));
		print_json(install, line);
		return;
	}
	if (!json || sy_yaml_from_json(json, strlen(json), &yaml, &err) < 0) {
		ctl_error("%s", err.text);
		exit(CTL_FAILED);
	}
	fputs("---\n", install->out);
	if (manifest->workspace && (!install->last_workspace || strcmp(install->last_workspace, manifest->workspace) != 0))
		fprintf(install->out, "# workspace %s\n", manifest->workspace);
	fputs(yaml, install->out);
}

/* The workspace's name outlives the list: it is the command line's. */
static const char *lasting_name(const struct ctl_install *install, const char *workspace)
{
	for (size_t i = 0; workspace && i < install->export_count; i++)
		if (!strcmp(workspace, install->exports[i].workspace))
			return install->exports[i].workspace;
	return workspace ? install->workspace : NULL;
}

void ctl_print_manifests(struct ctl_install *install, const struct ctl_manifests *list)
{
	for (size_t i = 0; i < list->count; i++) {
		print_manifest(install, &list->items[i]);
		install->last_workspace = lasting_name(install, list->items[i].workspace);
	}
}

void ctl_print_result(struct ctl_install *install, const struct ctl_manifest *manifest, const char *result)
{
	const char *kind = sy_json_str(manifest->object, "kind", NULL);
	const char *name = sy_json_str(manifest->object, "metadata", "name", NULL);

	if (install->ctl->output == CTL_JSON) {
		sy_auto_json json_object *line = with_workspace(manifest);

		ctl_args_add(line, "kind", json_object_new_string(kind));
		ctl_args_add(line, "name", json_object_new_string(name));
		ctl_args_add(line, "result", json_object_new_string(result));
		print_json(install, line);
		return;
	}
	fprintf(install->out, "%s%s%s/%s %s\n", manifest->workspace ? manifest->workspace : "", manifest->workspace ? " " : "", kind, name,
		result);
}

bool ctl_is_absent(const struct ctl_answer *answer)
{
	return answer->verdict == SY_KUBE_NOT_FOUND || answer->verdict == SY_KUBE_NAMESPACE_MISSING ||
	       answer->verdict == SY_KUBE_NOT_SERVED;
}

/* Equal but for what the server counts and what controllers report: an apply that changes nothing may still be stored with a new time. */
static bool same_content(json_object *before, json_object *after)
{
	static const char *const counted[] = {"resourceVersion", "managedFields", "generation"};
	json_object *const objects[] = {before, after};

	for (size_t i = 0; i < 2; i++) {
		json_object *metadata = sy_json_object(objects[i], "metadata", NULL);

		if (!metadata)
			return false;
		json_object_object_del(objects[i], "status");
		for (size_t j = 0; j < sizeof(counted) / sizeof(counted[0]); j++)
			json_object_object_del(metadata, counted[j]);
	}
	return sy_json_equal(before, after);
}

bool ctl_apply_manifest(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifest *manifest,
			struct ctl_answer *ret_answer)
{
	sy_auto_free char *path = ctl_object_path(manifest->object);
	struct ctl_answer before;
	const char *result = "configured";

	ctl_admin_call(admin, manifest->workspace, "GET", path, NULL, NULL, NULL, &before);
	ctl_admin_call(admin, manifest->workspace, "PATCH", path, "fieldManager=syncerctl&force=true", SY_CT_APPLY, manifest->object,
		       ret_answer);
	if (ret_answer->verdict == SY_KUBE_OK) {
		if (ctl_is_absent(&before))
			result = "created";
		else if (before.verdict == SY_KUBE_OK && same_content(before.object, ret_answer->object))
			result = "unchanged";
		ctl_print_result(install, manifest, result);
	}
	ctl_answer_done(&before);
	return ret_answer->verdict == SY_KUBE_OK;
}

/* kcp looks a new export up where it arrives a moment later, and until then nobody has the permission to bind to it. */
static bool apply_patiently(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifest *manifest,
			    struct ctl_answer *ret_answer)
{
	bool binding = !strcmp(sy_json_str(manifest->object, "kind", NULL), "APIBinding");

	for (unsigned tries = 1;; tries++) {
		if (ctl_apply_manifest(install, admin, manifest, ret_answer))
			return true;
		if (!binding || ret_answer->verdict != SY_KUBE_FORBIDDEN || tries >= BIND_TRIES)
			return false;
		ctl_answer_done(ret_answer);
		ctl_admin_pause(admin);
	}
}

int ctl_install_list(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifests *list)
{
	if (!install->apply) {
		ctl_print_manifests(install, list);
		return CTL_OK;
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct ctl_manifest *manifest = &list->items[i];
		struct ctl_answer answer;

		if (!apply_patiently(install, admin, manifest, &answer)) {
			bool forbidden = answer.verdict == SY_KUBE_FORBIDDEN;

			ctl_error("%s%s%s/%s: %s", manifest->workspace ? manifest->workspace : "", manifest->workspace ? " " : "",
				  sy_json_str(manifest->object, "kind", NULL), sy_json_str(manifest->object, "metadata", "name", NULL),
				  answer.message);
			ctl_answer_done(&answer);
			if (!forbidden)
				return CTL_FAILED;
			ctl_error("your rights do not suffice here; have an administrator apply the following");
			ctl_print_manifests(install, list);
			return CTL_INCOMPLETE;
		}
		ctl_answer_done(&answer);
	}
	return CTL_OK;
}

bool ctl_read_target(struct ctl_admin *admin, const char *workspace, const char *name, char **ret_cluster, char **ret_uid,
		     struct ctl_answer *ret_answer)
{
	sy_auto_free char *path = NULL;

	*ret_cluster = NULL;
	*ret_uid = NULL;
	if (asprintf(&path, "/apis/workload.kcp.io/v1alpha1/synctargets/%s", name) < 0)
		exit(CTL_FAILED);
	ctl_admin_call(admin, workspace, "GET", path, NULL, NULL, NULL, ret_answer);
	const char *uid = sy_json_str(ret_answer->object, "metadata", "uid", NULL);
	json_object *annotations = sy_json_object(ret_answer->object, "metadata", "annotations", NULL);
	const char *cluster = sy_json_str(annotations, "kcp.io/cluster", NULL);

	if (ret_answer->verdict != SY_KUBE_OK || !uid || !cluster || !sy_cluster_name_valid(cluster))
		return false;
	*ret_cluster = strdup(cluster);
	*ret_uid = strdup(uid);
	return *ret_cluster && *ret_uid;
}

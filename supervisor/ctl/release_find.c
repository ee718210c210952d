/* `syncerctl release --all`: who has bound the exports. The list of consumers is the virtual workspace's, as for syncerd itself. */
#include "release.h"

#include <stdlib.h>
#include <string.h>

#define SLICES "/apis/apis.kcp.io/v1alpha1/apiexportendpointslices"
#define BINDINGS "/clusters/*/apis/apis.kcp.io/v1alpha2/apibindings"

static bool add_workspace(struct ctl_release *release, const char *cluster)
{
	for (size_t i = 0; i < release->workspace_count; i++)
		if (!strcmp(release->workspaces[i], cluster))
			return true;
	if (release->workspace_count == CTL_MAX_RELEASE_WORKSPACES) {
		ctl_error("more than %d workspaces: name them with --workspace, some at a time", CTL_MAX_RELEASE_WORKSPACES);
		return false;
	}
	release->workspaces[release->workspace_count] = strdup(cluster);
	if (!release->workspaces[release->workspace_count++]) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	return true;
}

static bool take_bindings(struct ctl_release *release, json_object *list)
{
	json_object *items = sy_json_array(list, "items", NULL);

	for (size_t i = 0; items && i < json_object_array_length(items); i++) {
		const char *cluster =
			sy_json_str(json_object_array_get_idx(items, i), "metadata", "annotations", SY_ANNOTATION_KCP_CLUSTER, NULL);

		if (cluster && sy_cluster_name_valid(cluster) && !add_workspace(release, cluster))
			return false;
	}
	return items != NULL;
}

/* The administrator's credentials go to the administrator's server only, whatever address a slice names. */
static bool read_endpoint(struct ctl_release *release, const char *url)
{
	const char *base = ctl_admin_base(release->admin);
	size_t len = strlen(base);
	sy_auto_free char *path = NULL;
	struct ctl_answer answer;

	if (strncmp(url, base, len) != 0 || url[len] != '/') {
		sy_auto_free char *visible = ctl_visible(url);

		ctl_error("the consumers behind %s are not asked for: your kubeconfig is for %s. Name them with --workspace", visible,
			  base);
		release->forbidden = true;
		return true;
	}
	if (asprintf(&path, "%s" BINDINGS, url + len) < 0) {
		ctl_error("out of memory");
		exit(CTL_FAILED);
	}
	ctl_admin_list(release->admin, NULL, path, NULL, &answer);
	bool ok = answer.verdict == SY_KUBE_OK && take_bindings(release, answer.object);
	if (answer.verdict != SY_KUBE_OK)
		ctl_error("the consumers behind %s cannot be listed: %s", url, answer.message);
	ctl_answer_done(&answer);
	return ok;
}

static bool read_slice(struct ctl_release *release, json_object *slice, const char *export)
{
	json_object *endpoints = sy_json_array(slice, "status", "endpoints", NULL);
	const char *name = sy_json_str(slice, "spec", "export", "name", NULL);

	if (!name || strcmp(name, export) != 0)
		return true;
	for (size_t i = 0; endpoints && i < json_object_array_length(endpoints); i++) {
		const char *url = sy_json_str(json_object_array_get_idx(endpoints, i), "url", NULL);

		if (url && !read_endpoint(release, url))
			return false;
	}
	return true;
}

static bool read_export(struct ctl_release *release, const char *workspace, const char *export)
{
	struct ctl_answer answer;
	bool ok;

	ctl_admin_call(release->admin, workspace, "GET", SLICES, NULL, NULL, NULL, &answer);
	json_object *items = sy_json_array(answer.object, "items", NULL);
	ok = answer.verdict == SY_KUBE_OK && items;
	if (!ok)
		ctl_error("%s: the endpoints of export %s cannot be read: %s", workspace, export, answer.message);
	for (size_t i = 0; ok && i < json_object_array_length(items); i++)
		ok = read_slice(release, json_object_array_get_idx(items, i), export);
	ctl_answer_done(&answer);
	return ok;
}

bool ctl_release_find(struct ctl_release *release)
{
	for (size_t i = 0; i < release->export_count; i++) {
		const char *colon = strrchr(release->exports[i], ':');
		sy_auto_free char *workspace = strndup(release->exports[i], (size_t)(colon - release->exports[i]));

		if (!workspace) {
			ctl_error("out of memory");
			exit(CTL_FAILED);
		}
		if (!read_export(release, workspace, colon + 1))
			return false;
	}
	return true;
}

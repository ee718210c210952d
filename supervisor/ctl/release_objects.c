/* `syncerctl release`: the objects of one workspace. Every type that it serves is looked at, for an export may have lost one meanwhile. */
#include "release.h"

#include <stdlib.h>
#include <string.h>

#include "kube/gvr.h"
#include "supervisor/status/patch.h"

#define PAGE "500"
#define TRIES 5 /* of one type whose objects change under our hands */

/* One type while it is looked at. */
struct scan {
	struct ctl_release *release;
	const char *workspace;
	struct sy_gvr gvr;
	bool again; /* an object was changed meanwhile */
};

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

void ctl_release_failed(struct ctl_release *release, const char *workspace, const char *what, const struct ctl_answer *answer)
{
	ctl_error("%s %s: %s", workspace, what, answer->message);
	if (answer->verdict == SY_KUBE_FORBIDDEN)
		release->forbidden = true;
	else
		release->failed = true;
}

static void print_released(struct ctl_release *release, const char *workspace, const char *name)
{
	release->released++;
	if (release->ctl->output == CTL_JSON || release->ctl->output == CTL_YAML) {
		sy_auto_json json_object *line = ctl_args("workspace", workspace);

		ctl_args_add(line, "object", json_object_new_string(name));
		ctl_args_add(line, "dryRun", json_object_new_boolean(release->dry_run));
		(void)ctl_print_item(release->ctl, line);
		return;
	}
	sy_auto_free char *visible = ctl_visible(name);
	printf("%s %s %s\n", workspace, visible, release->dry_run ? "would be released" : "released");
}

/* The tests keep a list that others changed, and an object of the same name that was made anew, from losing what is not ours. */
static json_object *make_patch(const char *uid, const char *finalizer, int index)
{
	json_object *patch = json_object_new_array();
	char path[64];

	(void)snprintf(path, sizeof(path), "/metadata/finalizers/%d", index);
	if (sy_patch_test_str(patch, "/metadata/uid", uid) < 0 || sy_patch_test_str(patch, path, finalizer) < 0 ||
	    sy_patch_op(patch, "remove", path, NULL) < 0)
		out_of_memory();
	return patch;
}

bool ctl_release_object(struct ctl_release *release, const char *workspace, const char *path, json_object *object, const char *name,
			bool *ret_again)
{
	int index = sy_patch_index(sy_json_array(object, "metadata", "finalizers", NULL), release->finalizer);
	const char *uid = sy_json_str(object, "metadata", "uid", NULL);
	sy_auto_json json_object *patch = index < 0 || !uid ? NULL : make_patch(uid, release->finalizer, index);
	struct ctl_answer answer;
	bool done = true;

	if (!patch)
		return true;
	if (release->dry_run) {
		print_released(release, workspace, name);
		return true;
	}
	ctl_admin_call(release->admin, workspace, "PATCH", path, "fieldManager=syncerctl", SY_CT_JSON_PATCH, patch, &answer);
	if (answer.verdict == SY_KUBE_OK) {
		print_released(release, workspace, name);
	} else if (answer.verdict == SY_KUBE_INVALID || answer.verdict == SY_KUBE_CONFLICT) {
		*ret_again = true;
		done = false;
	} else if (answer.verdict != SY_KUBE_NOT_FOUND && answer.verdict != SY_KUBE_NAMESPACE_MISSING) {
		ctl_release_failed(release, workspace, name, &answer);
		done = false;
	}
	ctl_answer_done(&answer);
	return done;
}

static void take_item(struct scan *scan, json_object *item)
{
	const char *ns = sy_json_str(item, "metadata", "namespace", NULL);
	const char *name = sy_json_str(item, "metadata", "name", NULL);
	sy_auto_free char *text = NULL;
	struct sy_buf path, type;
	struct sy_error err;

	sy_buf_init(&path, 4096);
	sy_buf_init(&type, 1024);
	if (name && sy_kube_path(&path, &scan->gvr, ns, name, NULL, &err) == 0) {
		if (sy_kube_group_resource(&type, scan->gvr.group, scan->gvr.resource) < 0 ||
		    asprintf(&text, "%s/%s%s%s", sy_buf_str(&type), ns ? ns : "", ns ? "/" : "", name) < 0)
			out_of_memory();
		(void)ctl_release_object(scan->release, scan->workspace, sy_buf_str(&path), item, text, &scan->again);
	}
	sy_buf_done(&path);
	sy_buf_done(&type);
}

/* All pages of one type. False when it has to be begun again: changed objects, or a list that the server has forgotten. */
static bool scan_pages(struct scan *scan, const char *path)
{
	sy_auto_free char *token = NULL;

	scan->again = false;
	do {
		struct ctl_answer answer;
		struct sy_buf query;

		sy_buf_init(&query, 65536);
		if (sy_kube_query_add(&query, "limit", PAGE) < 0 || (token && sy_kube_query_add(&query, "continue", token) < 0))
			out_of_memory();
		ctl_admin_list(scan->release->admin, scan->workspace, path, sy_buf_str(&query), &answer);
		sy_buf_done(&query);
		json_object *items = sy_json_array(answer.object, "items", NULL);
		for (size_t i = 0; answer.verdict == SY_KUBE_OK && items && i < json_object_array_length(items); i++)
			take_item(scan, json_object_array_get_idx(items, i));
		const char *more = sy_json_str(answer.object, "metadata", "continue", NULL);
		free(token);
		token = answer.verdict == SY_KUBE_OK && more && *more ? strdup(more) : NULL;
		if (answer.verdict == SY_KUBE_GONE)
			scan->again = true;
		else if (answer.verdict != SY_KUBE_OK && answer.verdict != SY_KUBE_NOT_SERVED)
			ctl_release_failed(scan->release, scan->workspace, path, &answer);
		ctl_answer_done(&answer);
	} while (token);
	return !scan->again;
}

static void scan_type(struct ctl_release *release, const char *workspace, const struct sy_gvr *gvr)
{
	struct scan scan = {.release = release, .workspace = workspace, .gvr = *gvr};
	struct sy_buf path;
	struct sy_error err;

	sy_buf_init(&path, 4096);
	if (sy_kube_path(&path, gvr, NULL, NULL, NULL, &err) == 0) {
		bool done = false;

		for (int i = 0; i < TRIES && !done; i++)
			done = scan_pages(&scan, sy_buf_str(&path));
		if (!done) {
			ctl_error("%s %s: objects change all the time: run this again", workspace, gvr->resource);
			release->failed = true;
		}
	}
	sy_buf_done(&path);
}

static bool has_verb(json_object *resource, const char *verb)
{
	return sy_patch_index(sy_json_array(resource, "verbs", NULL), verb) >= 0;
}

/* One group version: the types that can be listed and patched. */
static void scan_group(struct ctl_release *release, const char *workspace, const char *group, const char *version)
{
	sy_auto_free char *path = NULL;
	struct ctl_answer answer;

	if (asprintf(&path, "%s%s/%s", *group ? "/apis/" : "/api", group, version) < 0)
		out_of_memory();
	ctl_admin_call(release->admin, workspace, "GET", path, NULL, NULL, NULL, &answer);
	json_object *resources = sy_json_array(answer.object, "resources", NULL);
	if (answer.verdict != SY_KUBE_OK)
		ctl_release_failed(release, workspace, path, &answer);
	for (size_t i = 0; answer.verdict == SY_KUBE_OK && resources && i < json_object_array_length(resources); i++) {
		json_object *resource = json_object_array_get_idx(resources, i);
		const struct sy_gvr gvr = {.group = group, .version = version, .resource = sy_json_str(resource, "name", NULL)};

		/* the SyncTarget is let go last, and by name */
		if (!strcmp(group, "workload.kcp.io") && gvr.resource && !strcmp(gvr.resource, "synctargets"))
			continue;
		if (gvr.resource && !strchr(gvr.resource, '/') && has_verb(resource, "list") && has_verb(resource, "patch"))
			scan_type(release, workspace, &gvr);
	}
	ctl_answer_done(&answer);
}

void ctl_release_workspace(struct ctl_release *release, const char *workspace)
{
	struct ctl_answer answer;

	ctl_admin_call(release->admin, workspace, "GET", "/apis", NULL, NULL, NULL, &answer);
	json_object *groups = sy_json_array(answer.object, "groups", NULL);
	if (answer.verdict != SY_KUBE_OK || !groups) {
		ctl_release_failed(release, workspace, "cannot be read (does it exist?)", &answer);
		ctl_answer_done(&answer);
		return;
	}
	scan_group(release, workspace, "", "v1");
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *group = json_object_array_get_idx(groups, i);
		const char *name = sy_json_str(group, "name", NULL);
		const char *version = sy_json_str(group, "preferredVersion", "version", NULL);

		if (name && *name && version)
			scan_group(release, workspace, name, version);
	}
	ctl_answer_done(&answer);
}

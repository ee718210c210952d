/* `syncerctl orphans`: everything in the physical cluster that has our label, of every type that it serves. */
#include <stdlib.h>
#include <string.h>

#include "kcp/ids.h"
#include "orphans.h"
#include "supervisor/status/patch.h"

#define PAGE 500u
#define PAGE_SHRINKS 8u

static void out_of_memory(void)
{
	ctl_error("out of memory");
	exit(CTL_FAILED);
}

void ctl_orphans_unread(struct ctl_orphans *orphans, const char *what, const char *why)
{
	json_object *entry = ctl_args("what", what);

	ctl_args_add(entry, "why", json_object_new_string(why));
	if (json_object_array_add(orphans->unread, entry) < 0)
		out_of_memory();
}

struct sy_gvr ctl_orphans_gvr(json_object *type)
{
	return (struct sy_gvr){sy_json_str(type, "group", NULL), sy_json_str(type, "version", NULL), sy_json_str(type, "resource", NULL)};
}

/* --- lists --- */

static char *make_query(const char *selector, unsigned limit, const char *token)
{
	struct sy_buf query;

	sy_buf_init(&query, 65536);
	if (sy_buf_printf(&query, "limit=%u", limit) < 0 || (selector && sy_kube_query_add(&query, "labelSelector", selector) < 0) ||
	    (token && sy_kube_query_add(&query, "continue", token) < 0))
		out_of_memory();
	char *text = sy_buf_take(&query);
	if (!text)
		out_of_memory();
	return text;
}

/* False: no more pages are wanted. */
static bool take_items(json_object *items, bool (*item)(void *arg, json_object *object), void *arg)
{
	size_t count = items ? json_object_array_length(items) : 0;

	for (size_t i = 0; i < count; i++)
		if (!item(arg, json_object_array_get_idx(items, i)))
			return false;
	return true;
}

enum sy_kube_verdict ctl_orphans_list(struct ctl_orphans *orphans, const struct sy_gvr *gvr, const char *ns, const char *selector,
				      bool (*item)(void *arg, json_object *object), void *arg, char **ret_message)
{
	sy_auto_free char *token = NULL;
	enum sy_kube_verdict verdict;
	unsigned limit = PAGE;
	struct sy_buf path;
	struct sy_error err;
	bool more = true;

	sy_buf_init(&path, 4096);
	if (sy_kube_path(&path, gvr, ns, NULL, NULL, &err) < 0) {
		*ret_message = strdup(err.text);
		sy_buf_done(&path);
		return SY_KUBE_BAD_REQUEST;
	}
	do {
		sy_auto_free char *query = make_query(selector, limit, token);
		struct ctl_answer answer;

		ctl_admin_list(orphans->cluster, NULL, sy_buf_str(&path), query, &answer);
		verdict = answer.verdict;
		*ret_message = sy_take_ptr(answer.message);
		const char *next = sy_json_str(answer.object, "metadata", "continue", NULL);
		if (verdict == SY_KUBE_TOO_LARGE && limit > 1) { /* metadata alone can be large: the same page again, with fewer objects */
			limit = limit > PAGE_SHRINKS ? limit / PAGE_SHRINKS : 1;
		} else {
			more = verdict == SY_KUBE_OK && take_items(sy_json_array(answer.object, "items", NULL), item, arg) && next && *next;
			free(token);
			token = more ? strdup(next) : NULL;
			if (more && !token)
				out_of_memory();
		}
		ctl_answer_done(&answer);
		if (more)
			free(sy_take_ptr(*ret_message));
	} while (more);
	sy_buf_done(&path);
	return verdict;
}

/* --- what is found --- */

struct scan {
	struct ctl_orphans *orphans;
	const char *name; /* of the type: "widgets.example.dev" */
	struct sy_gvr gvr;
	bool is_namespaces;
	json_object *found; /* records, with "created" */
};

static void fill_record(struct scan *scan, json_object *record, json_object *item)
{
	const char *ns = sy_json_str(item, "metadata", "namespace", NULL);
	const char *name = sy_json_str(item, "metadata", "name", NULL);
	const char *uid = sy_json_str(item, "metadata", "uid", NULL);
	const char *version = sy_json_str(item, "metadata", "resourceVersion", NULL);
	sy_auto_free char *object = NULL;
	struct sy_buf path;
	struct sy_error err;

	sy_buf_init(&path, 4096);
	if (!name || !uid || !version || sy_kube_path(&path, &scan->gvr, ns, name, NULL, &err) < 0) {
		sy_buf_done(&path);
		return;
	}
	if (asprintf(&object, "%s/%s%s%s", scan->name, ns ? ns : "", ns ? "/" : "", name) < 0)
		out_of_memory();
	ctl_args_add(record, "path", json_object_new_string(sy_buf_str(&path)));
	ctl_args_add(record, "object", json_object_new_string(object));
	ctl_args_add(record, "uid", json_object_new_string(uid));
	ctl_args_add(record, "resourceVersion", json_object_new_string(version));
	ctl_args_add(record, "terminating", json_object_new_boolean(sy_json_str(item, "metadata", "deletionTimestamp", NULL) != NULL));
	if (scan->is_namespaces)
		ctl_args_add(record, "namespace", json_object_new_string(name));
	sy_buf_done(&path);
}

static bool take_item(void *arg, json_object *item)
{
	struct scan *scan = arg;
	json_object *owner = ctl_orphans_owner(scan->orphans, scan->is_namespaces, item);
	const char *created = sy_json_str(item, "metadata", "creationTimestamp", NULL);

	if (!owner)
		return true;
	json_object *record = ctl_args("created", created);
	ctl_args_add(record, "owner", json_object_get(owner));
	if (scan->orphans->delete_them && !strcmp(sy_json_str(owner, "uid", NULL), scan->orphans->uid))
		fill_record(scan, record, item);
	if (json_object_array_add(scan->found, record) < 0)
		out_of_memory();
	return true;
}

static void count_record(struct scan *scan, json_object *record)
{
	json_object *resources = sy_json_object(record, "owner", "resources", NULL);
	json_object *entry = sy_json_object(resources, scan->name, NULL);
	const char *created = sy_json_str(record, "created", NULL);
	int64_t count = 0;

	if (!entry)
		ctl_args_add(resources, scan->name, entry = json_object_new_object());
	sy_json_int(entry, &count, "objects", NULL);
	ctl_args_add(entry, "objects", json_object_new_int64(count + 1));
	const char *oldest = sy_json_str(entry, "oldest", NULL);
	if (created && (!oldest || strcmp(created, oldest) < 0))
		ctl_args_add(entry, "oldest", json_object_new_string(created));
	if (sy_json_str(record, "path", NULL) && json_object_array_add(scan->orphans->doomed, json_object_get(record)) < 0)
		out_of_memory();
}

static void scan_type(struct ctl_orphans *orphans, const char *name, json_object *type)
{
	struct scan scan = {.orphans = orphans, .name = name, .gvr = ctl_orphans_gvr(type), .is_namespaces = !strcmp(name, "namespaces")};
	enum sy_kube_verdict verdict = SY_KUBE_GONE;
	sy_auto_free char *message = NULL;

	for (int i = 0; i < CTL_ORPHANS_TRIES && verdict == SY_KUBE_GONE; i++) { /* 410: the server has forgotten the list */
		json_object_put(scan.found);
		scan.found = json_object_new_array();
		if (!scan.found)
			out_of_memory();
		free(sy_take_ptr(message));
		verdict = ctl_orphans_list(orphans, &scan.gvr, NULL, SY_LABEL_CLUSTER, take_item, &scan, &message);
	}
	if (verdict != SY_KUBE_OK)
		ctl_orphans_unread(orphans, name, message);
	for (size_t i = 0; i < json_object_array_length(scan.found); i++)
		count_record(&scan, json_object_array_get_idx(scan.found, i));
	json_object_put(scan.found);
}

/* --- types --- */

static bool has_verb(json_object *resource, const char *verb)
{
	return sy_patch_index(sy_json_array(resource, "verbs", NULL), verb) >= 0;
}

/* What nobody can delete was not put there by a syncer, but shows other objects in another light (PodMetrics). */
static void add_type(struct ctl_orphans *orphans, const char *group, const char *version, json_object *resource)
{
	const char *plural = sy_json_str(resource, "name", NULL);
	bool namespaced = false;
	struct sy_buf name;

	if (!plural || strchr(plural, '/') || !has_verb(resource, "list") || !has_verb(resource, "delete"))
		return;
	sy_buf_init(&name, 1024);
	if (sy_kube_group_resource(&name, group, plural) < 0)
		out_of_memory();
	if (!sy_json_object(orphans->types, sy_buf_str(&name), NULL)) {
		json_object *type = ctl_args("group", group);

		sy_json_bool(resource, &namespaced, "namespaced", NULL);
		ctl_args_add(type, "version", json_object_new_string(version));
		ctl_args_add(type, "resource", json_object_new_string(plural));
		ctl_args_add(type, "namespaced", json_object_new_boolean(namespaced));
		ctl_args_add(orphans->types, sy_buf_str(&name), type);
	}
	sy_buf_done(&name);
}

static void add_version(struct ctl_orphans *orphans, const char *group, const char *version)
{
	sy_auto_free char *path = NULL;
	struct ctl_answer answer;

	if (asprintf(&path, "%s%s/%s", *group ? "/apis/" : "/api", group, version) < 0)
		out_of_memory();
	ctl_admin_call(orphans->cluster, NULL, "GET", path, NULL, NULL, NULL, &answer);
	json_object *resources = sy_json_array(answer.object, "resources", NULL);
	if (answer.verdict != SY_KUBE_OK)
		ctl_orphans_unread(orphans, path, answer.message);
	for (size_t i = 0; answer.verdict == SY_KUBE_OK && resources && i < json_object_array_length(resources); i++)
		add_type(orphans, group, version, json_object_array_get_idx(resources, i));
	ctl_answer_done(&answer);
}

/* Versions in the server's order, the best first; some types are served in a later one only. */
static void add_group(struct ctl_orphans *orphans, json_object *group)
{
	const char *name = sy_json_str(group, "name", NULL);
	json_object *versions = sy_json_array(group, "versions", NULL);

	for (size_t i = 0; name && *name && versions && i < json_object_array_length(versions); i++) {
		const char *version = sy_json_str(json_object_array_get_idx(versions, i), "version", NULL);

		if (version)
			add_version(orphans, name, version);
	}
}

void ctl_orphans_scan(struct ctl_orphans *orphans)
{
	struct ctl_answer answer;

	add_version(orphans, "", "v1");
	ctl_admin_call(orphans->cluster, NULL, "GET", "/apis", NULL, NULL, NULL, &answer);
	json_object *groups = sy_json_array(answer.object, "groups", NULL);
	if (answer.verdict != SY_KUBE_OK || !groups)
		ctl_orphans_unread(orphans, "/apis", answer.message);
	for (size_t i = 0; answer.verdict == SY_KUBE_OK && groups && i < json_object_array_length(groups); i++)
		add_group(orphans, json_object_array_get_idx(groups, i));
	ctl_answer_done(&answer);

	json_object *namespaces = sy_json_object(orphans->types, "namespaces", NULL); /* first: they tell whose the rest is */
	if (namespaces)
		scan_type(orphans, "namespaces", namespaces);
	json_object_object_foreach(orphans->types, name, type)
	{
		if (type != namespaces)
			scan_type(orphans, name, type);
	}
}

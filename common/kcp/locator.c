/* Reading what someone wrote into an annotation: any text may come. And the syntax of cluster names and paths. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "json/json.h"
#include "kcp/ids.h"

#define ANNOTATION_MAX 4096

/* A string member: its text, `fallback` when it is absent or null, NULL when it is something else. */
static const char *member(json_object *value, const char *name, const char *fallback)
{
	return sy_json_get(value, name, NULL) ? sy_json_str(value, name, NULL) : fallback;
}

struct locator {
	const char *cluster;
	const char *ns;
};

/* Borrowed from tree. */
static bool read_locator(json_object *tree, const struct sy_target_id *target, struct locator *ret_locator)
{
	json_object *owner = sy_json_object(tree, "syncTarget", NULL);
	if (!owner)
		return false;
	const char *path = member(owner, "path", "");
	const char *cluster = member(owner, "cluster", "");
	const char *name = member(owner, "name", "");
	const char *uid = member(owner, "uid", "");
	if (!path || !cluster || !name || !uid)
		return false;
	if (!cluster[0]) /* syncers of old wrote the path only */
		cluster = path;
	if (strcmp(cluster, target->cluster ? target->cluster : "") != 0 || strcmp(name, target->name) != 0 ||
	    strcmp(uid, target->uid) != 0)
		return false;
	ret_locator->cluster = member(tree, "cluster", "");
	ret_locator->ns = member(tree, "namespace", "");
	return ret_locator->cluster && ret_locator->cluster[0] && ret_locator->ns;
}

static json_object *parse_annotation(const char *text)
{
	json_object *tree = NULL;

	if (!text || sy_json_parse(text, strnlen(text, ANNOTATION_MAX + 1), ANNOTATION_MAX, &tree, NULL) < 0)
		return NULL;
	return tree;
}

bool sy_locator_matches(const char *text, const struct sy_target_id *target, const char *cluster, const char *ns)
{
	sy_auto_json json_object *tree = parse_annotation(text);
	struct locator locator;

	return read_locator(tree, target, &locator) && strcmp(locator.cluster, cluster) == 0 && (!ns || strcmp(locator.ns, ns) == 0);
}

bool sy_locator_parse(const char *text, const struct sy_target_id *target, char **ret_cluster, char **ret_namespace)
{
	sy_auto_json json_object *tree = parse_annotation(text);
	struct locator locator;

	if (!read_locator(tree, target, &locator))
		return false;
	sy_auto_free char *cluster = strdup(locator.cluster);
	sy_auto_free char *ns = strdup(locator.ns);
	if (!cluster || !ns)
		return false;
	*ret_cluster = sy_take_ptr(cluster);
	*ret_namespace = sy_take_ptr(ns);
	return true;
}

/* [a-z0-9]([-a-z0-9]{0,61}[a-z0-9])? over len bytes */
static bool segment_valid(const char *text, size_t len)
{
	static const char allowed[] = "-0123456789abcdefghijklmnopqrstuvwxyz";

	return len >= 1 && len <= 63 && strspn(text, allowed) >= len && text[0] != '-' && text[len - 1] != '-';
}

bool sy_cluster_name_valid(const char *text)
{
	static const char prefix[] = "system:";

	if (strncmp(text, prefix, strlen(prefix)) == 0)
		text += strlen(prefix);
	size_t len = strnlen(text, 64);
	return len >= 2 && segment_valid(text, len);
}

bool sy_workspace_path_valid(const char *text)
{
	if (strnlen(text, 1025) > 1024) /* the limit of SyncTarget's own path fields */
		return false;
	for (;;) {
		size_t len = strcspn(text, ":");
		if (!segment_valid(text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

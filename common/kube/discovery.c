/* Discovery of one API group version. */
#include <errno.h>
#include <string.h>

#include "kube/discovery.h"

#define MAX_RESOURCES 4096u

void sy_served_done(struct sy_served *served)
{
	for (size_t i = 0; i < served->count; i++) {
		free(served->items[i].resource);
		free(served->items[i].kind);
	}
	free(served->items);
	served->items = NULL;
	served->count = 0;
}

static struct sy_served_resource *find(const struct sy_served *served, const char *resource, size_t len)
{
	for (size_t i = 0; i < served->count; i++)
		if (strncmp(served->items[i].resource, resource, len) == 0 && served->items[i].resource[len] == '\0')
			return &served->items[i];
	return NULL;
}

const struct sy_served_resource *sy_served_find(const struct sy_served *served, const char *resource)
{
	return find(served, resource, strlen(resource));
}

static int add(struct sy_served *served, json_object *entry, const char *name, struct sy_error *err)
{
	const char *kind = sy_json_str(entry, "kind", NULL);
	struct sy_served_resource *item = &served->items[served->count];

	if (!kind || !*kind)
		return sy_error_set(err, EINVAL, "discovery: the resource %.128s has no kind", name);
	if (sy_served_find(served, name))
		return 0;
	*item = (struct sy_served_resource){.resource = strdup(name), .kind = strdup(kind)};
	served->count++;
	if (!item->resource || !item->kind)
		return sy_error_oom(err);
	sy_json_bool(entry, &item->namespaced, "namespaced", NULL);
	return 0;
}

/* Subresources may come before their resource, so they are looked at when all resources are known. */
static int add_all(struct sy_served *served, json_object *list, struct sy_error *err)
{
	size_t count = json_object_array_length(list);

	for (size_t i = 0; i < count; i++) {
		json_object *entry = json_object_array_get_idx(list, i);
		const char *name = sy_json_str(entry, "name", NULL);

		if (!name || !*name)
			return sy_error_set(err, EINVAL, "discovery: resource %zu has no name", i);
		int r = strchr(name, '/') ? 0 : add(served, entry, name, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < count; i++) {
		const char *name = sy_json_str(json_object_array_get_idx(list, i), "name", NULL);
		const char *slash = strchr(name, '/');
		struct sy_served_resource *owner = slash ? find(served, name, (size_t)(slash - name)) : NULL;

		if (owner && strcmp(slash, "/status") == 0)
			owner->has_status = true;
	}
	return 0;
}

static bool is_kind(json_object *value, const char *kind)
{
	const char *found = sy_json_str(value, "kind", NULL);

	return found && strcmp(found, kind) == 0;
}

int sy_served_decode(json_object *value, struct sy_served *ret_served, struct sy_error *err)
{
	json_object *list = sy_json_array(value, "resources", NULL);
	struct sy_served served = {0};

	if (!is_kind(value, "APIResourceList") || !list)
		return sy_error_set(err, EINVAL, "discovery: the answer is no APIResourceList");
	if (json_object_array_length(list) > MAX_RESOURCES)
		return sy_error_set(err, EINVAL, "discovery: more than %u resources", MAX_RESOURCES);
	served.items = calloc(json_object_array_length(list) + 1, sizeof(*served.items));
	if (!served.items)
		return sy_error_oom(err);
	int r = add_all(&served, list, err);
	if (r < 0) {
		sy_served_done(&served);
		return r;
	}
	*ret_served = served;
	return 0;
}

static void each_version(json_object *entry, void (*fn)(void *arg, const char *version), void *arg)
{
	json_object *versions = sy_json_array(entry, "versions", NULL);

	for (size_t i = 0; versions && i < json_object_array_length(versions); i++) {
		const char *version = sy_json_str(json_object_array_get_idx(versions, i), "version", NULL);

		if (version && *version)
			fn(arg, version);
	}
}

int sy_group_versions(json_object *group_list, const char *group, void (*fn)(void *arg, const char *version), void *arg,
		      struct sy_error *err)
{
	json_object *groups = sy_json_array(group_list, "groups", NULL);

	if (!is_kind(group_list, "APIGroupList") || !groups)
		return sy_error_set(err, EINVAL, "discovery: the answer is no APIGroupList");
	for (size_t i = 0; i < json_object_array_length(groups); i++) {
		json_object *entry = json_object_array_get_idx(groups, i);
		const char *name = sy_json_str(entry, "name", NULL);

		if (name && strcmp(name, group) == 0)
			each_version(entry, fn, arg);
	}
	return 0;
}

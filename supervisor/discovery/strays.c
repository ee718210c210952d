#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "supervisor/discovery/strays_impl.h"

#define MIN_ROUND_MS 1000 /* between two beginnings */

void sy_stray_types_done(struct sy_stray_types *types)
{
	for (size_t i = 0; i < types->count; i++) {
		free(types->items[i].group);
		free(types->items[i].version);
		free(types->items[i].resource);
	}
	free(types->items);
	*types = (struct sy_stray_types){0};
}

int sy_stray_types_add(struct sy_stray_types *types, const char *group, const char *version, const char *resource, struct sy_error *err)
{
	struct sy_stray_type *items;

	if (types->count == SY_MAX_STRAY_TYPES)
		return sy_error_set(err, E2BIG, "more than %d cluster-scoped resources", SY_MAX_STRAY_TYPES);
	items = reallocarray(types->items, types->count + 1, sizeof(*items));
	if (!items)
		return sy_error_oom(err);
	types->items = items;
	items[types->count] = (struct sy_stray_type){strdup(group), strdup(version), strdup(resource)};
	types->count++;
	if (!items[types->count - 1].group || !items[types->count - 1].version || !items[types->count - 1].resource)
		return sy_error_oom(err);
	return 0;
}

bool sy_stray_types_have(const struct sy_stray_types *types, const char *group, const char *version, const char *resource)
{
	for (size_t i = 0; i < types->count; i++) {
		const struct sy_stray_type *type = &types->items[i];

		if (strcmp(type->group, group) == 0 && strcmp(type->version, version) == 0 && strcmp(type->resource, resource) == 0)
			return true;
	}
	return false;
}

void sy_stray_found_done(struct sy_stray_found *found)
{
	sy_strv_done(&found->clusters);
	sy_strv_done(&found->types);
	found->objects = 0;
}

/* Sorted, and each once: there may be thousands. */
static int add_cluster(struct sy_strv *clusters, const char *cluster, struct sy_error *err)
{
	size_t low = 0, high = clusters->count;
	char *added;
	int r;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(clusters->items[middle], cluster);

		if (order == 0)
			return 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (clusters->count == SY_MAX_STRAY_CLUSTERS)
		return sy_error_set(err, E2BIG, "objects of more than %d logical clusters", SY_MAX_STRAY_CLUSTERS);
	r = sy_strv_add(clusters, cluster, err);
	if (r < 0)
		return r;
	added = clusters->items[clusters->count - 1];
	memmove(&clusters->items[low + 1], &clusters->items[low], (clusters->count - 1 - low) * sizeof(*clusters->items));
	clusters->items[low] = added;
	return 0;
}

int sy_strays_take(struct sy_strays *strays, json_object *list, const char *type, struct sy_error *err)
{
	const struct sy_target_id target = {strays->target_cluster, strays->target_name, strays->target_uid};
	const char *kind = sy_json_str(list, "kind", NULL);
	size_t kind_len = kind ? strlen(kind) : 0;
	json_object *items = sy_json_array(list, "items", NULL); /* null in an empty list of metadata */
	size_t count = items ? json_object_array_length(items) : 0;
	int r = kind_len >= 4 && strcmp(kind + kind_len - 4, "List") == 0 ? 0 : sy_error_set(err, EINVAL, "the answer is not a list");

	for (size_t i = 0; r == 0 && i < count; i++) {
		const char *locator =
			sy_json_str(json_object_array_get_idx(items, i), "metadata", "annotations", SY_ANNOTATION_LOCATOR, NULL);
		sy_auto_free char *cluster = NULL;
		sy_auto_free char *ns = NULL;

		/* A label alone proves nothing: the locator must be of this very SyncTarget, and of no namespace. */
		if (!locator || !sy_locator_parse(locator, &target, &cluster, &ns) || !sy_cluster_name_valid(cluster) || (ns && *ns))
			continue;
		strays->found.objects++;
		r = add_cluster(&strays->found.clusters, cluster, err);
		if (r == 0)
			r = sy_strv_add_new(&strays->found.types, type, err);
	}
	return r;
}

int sy_strays_new(struct sy_strays **ret_strays, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		  const struct sy_target_id *target, const char *key, sy_loop_fn *changed, void *arg, struct sy_error *err)
{
	struct sy_strays *strays = calloc(1, sizeof(*strays));
	int r;

	if (!strays)
		return sy_error_oom(err);
	*strays = (struct sy_strays){
		.loop = loop, .kube = kube, .timings = timings, .changed = changed, .arg = arg, .begun_ms = -1, .fresh = !kube};
	strays->target_cluster = strdup(target->cluster);
	strays->target_name = strdup(target->name);
	strays->target_uid = strdup(target->uid);
	strays->key = strdup(key);
	r = strays->target_cluster && strays->target_name && strays->target_uid && strays->key ? 0 : sy_error_oom(err);
	if (r == 0)
		r = sy_timer_new(&strays->timer, loop, sy_strays_begin, strays, err);
	if (r < 0) {
		sy_strays_free(strays);
		return r;
	}
	if (kube)
		sy_timer_start(strays->timer, 1);
	*ret_strays = strays;
	return 0;
}

void sy_strays_free(struct sy_strays *strays)
{
	if (!strays)
		return;
	sy_kube_cancel(strays->request);
	sy_timer_free(strays->timer);
	sy_stray_types_done(&strays->wanted);
	sy_stray_types_done(&strays->round);
	sy_stray_found_done(&strays->known);
	sy_stray_found_done(&strays->found);
	sy_strv_done(&strays->failed);
	sy_strv_done(&strays->last_failed);
	free(strays->next);
	free(strays->target_cluster);
	free(strays->target_name);
	free(strays->target_uid);
	free(strays->key);
	free(strays);
}

void sy_strays_again(struct sy_strays *strays)
{
	int64_t delay = strays->round_ms + MIN_ROUND_MS - sy_loop_now_ms(strays->loop);

	strays->fresh = !strays->kube;
	strays->stale = true;
	/* After a failure the pause holds: what failed a moment ago is not asked more often because more is wanted. */
	if (!strays->running && strays->kube && strays->pause_ms == 0)
		sy_timer_start(strays->timer, strays->round_ms && delay > 0 ? delay : 1);
}

void sy_strays_kick(struct sy_strays *strays)
{
	strays->pause_ms = 0;
	if (!strays->running && strays->kube)
		sy_timer_start(strays->timer, 1);
}

int sy_strays_want(struct sy_strays *strays, const struct sy_gvr *types, size_t count, struct sy_error *err)
{
	struct sy_stray_types wanted = {0};
	bool joins = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++) {
		if (sy_stray_types_have(&wanted, types[i].group, types[i].version, types[i].resource))
			continue;
		joins = joins || !sy_stray_types_have(&strays->wanted, types[i].group, types[i].version, types[i].resource);
		r = sy_stray_types_add(&wanted, types[i].group, types[i].version, types[i].resource, err);
	}
	if (r < 0) {
		sy_stray_types_done(&wanted);
		return r;
	}
	sy_stray_types_done(&strays->wanted);
	strays->wanted = wanted;
	if (joins)
		sy_strays_again(strays);
	return 0;
}

void sy_strays_everything(struct sy_strays *strays)
{
	if (strays->everything)
		return;
	strays->everything = true;
	sy_strays_again(strays);
}

bool sy_strays_fresh(const struct sy_strays *strays)
{
	return strays->fresh;
}

int64_t sy_strays_begun_ms(const struct sy_strays *strays)
{
	return strays->begun_ms;
}

size_t sy_strays_objects(const struct sy_strays *strays)
{
	return strays->known.objects;
}

const struct sy_strv *sy_strays_clusters(const struct sy_strays *strays)
{
	return &strays->known.clusters;
}

const struct sy_strv *sy_strays_types(const struct sy_strays *strays)
{
	return &strays->known.types;
}

const struct sy_strv *sy_strays_failed(const struct sy_strays *strays)
{
	return &strays->last_failed;
}

int sy_strays_learn(struct sy_strays *strays, json_object *list, const char *type, struct sy_error *err)
{
	int r = sy_strays_take(strays, list, type, err);

	if (r < 0)
		return r;
	sy_stray_found_done(&strays->known);
	strays->known = strays->found;
	strays->found = (struct sy_stray_found){0};
	strays->begun_ms = sy_loop_now_ms(strays->loop);
	return 0;
}

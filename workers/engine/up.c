/* Requests upstream: read, take the finalizer, give it back. All patches are fenced by uid. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "ownership.h"

#define MAX_REMOVED 100u /* copies of our finalizer in one patch */

static const char query[] = "fieldManager=" SY_FIELD_MANAGER;

/* The present state of the object, or its absence. */
static void heard(struct sy_op *op, const struct sy_kube_result *result)
{
	bool seen = result->verdict == SY_KUBE_OK && result->object;
	bool there = seen && !sy_observe_servers(op->object->resource, result->object);
	if (!seen && result->verdict != SY_KUBE_NOT_FOUND) {
		sy_flow_refused(op, SY_SIDE_UP, result);
		return;
	}
	if (sy_op_news(op, SY_SIDE_UP, result)) {
		if (there) {
			sy_op_take(op, SY_SIDE_UP, result->object);
			sy_observe_up(op->object, result->object);
		} else {
			sy_op_take(op, SY_SIDE_UP, NULL);
			sy_observe_absent(op->object, SY_SIDE_UP);
		}
	}
	sy_flow_next(op);
}

static void got(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	sy_op_answered(op, SY_SIDE_UP, result);
	heard(op, result);
}

int sy_do_get_up(struct sy_op *op)
{
	return sy_op_request(op, &(struct sy_call){.side = SY_SIDE_UP, .method = "GET"}, got);
}

/* An answer to a finalizer patch. The patch is guarded by tests: when they fail somebody was faster, so look again. */
static void patched(struct sy_op *op, const struct sy_kube_result *result)
{
	sy_op_answered(op, SY_SIDE_UP, result);
	if (sy_op_rejected(op, SY_SIDE_UP, result))
		sy_flow_rejected(op, result);
	else if (result->verdict == SY_KUBE_INVALID || result->verdict == SY_KUBE_CONFLICT)
		sy_do_get_up(op);
	else
		heard(op, result);
}

static void finalizer_added(void *arg, const struct sy_kube_result *result)
{
	patched(arg, result);
}

/* Our finalizer, to be added to a list or as the first list. NULL: out of memory. */
static json_object *finalizer_value(const struct sy_engine *engine, bool to_list)
{
	sy_auto_json json_object *name = json_object_new_string(engine->finalizer), *list = NULL;
	if (!name || to_list)
		return sy_take_ptr(name);
	list = json_object_new_array();
	if (!list || json_object_array_add(list, name))
		return NULL;
	name = NULL;
	return sy_take_ptr(list);
}

int sy_do_add_finalizer(struct sy_op *op)
{
	struct sy_object *object = op->object;
	if (object->ns)
		sy_namespace_ensure(object->ns); /* meanwhile */
	if (!op->up)
		return sy_do_get_up(op);
	json_object *finalizers = sy_json_array(op->up, "metadata", "finalizers", NULL);
	const char *rv = sy_json_str(op->up, "metadata", "resourceVersion", NULL);
	sy_auto_json json_object *value = finalizer_value(op->engine, finalizers != NULL);
	json_object *patch = json_object_new_array();
	if (!patch || !rv || !value || sy_patch_add(patch, "test", "/metadata/uid", json_object_new_string(object->up_uid)) ||
	    sy_patch_add(patch, "test", "/metadata/resourceVersion", json_object_new_string(rv)) ||
	    sy_patch_add(patch, "add", finalizers ? "/metadata/finalizers/-" : "/metadata/finalizers", json_object_get(value))) {
		json_object_put(patch);
		patch = NULL;
	}
	/* The answer brings the object again; of a burst only one tree of each op is held. */
	json_object_put(op->up);
	op->up = NULL;
	struct sy_call call = {.side = SY_SIDE_UP, .method = "PATCH", .query = query, .content_type = SY_CT_JSON_PATCH};
	return sy_op_send(op, &call, patch, finalizer_added);
}

static void released(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	json_object *finalizers = sy_json_array(result->object, "metadata", "finalizers", NULL);
	bool last = !finalizers || json_object_array_length(finalizers) == 0;
	if (result->verdict != SY_KUBE_OK || !last || !sy_json_str(result->object, "metadata", "deletionTimestamp", NULL)) {
		patched(op, result);
		return;
	}
	/* The last finalizer of an object that is being deleted: the server has removed it with this patch. */
	sy_op_answered(op, SY_SIDE_UP, result);
	if (sy_op_news(op, SY_SIDE_UP, result)) {
		op->object->up_rv = sy_observe_rv(result->object);
		sy_op_take(op, SY_SIDE_UP, NULL);
		sy_observe_absent(op->object, SY_SIDE_UP);
	}
	sy_flow_next(op);
}

bool sy_is_finalizer(const struct sy_engine *engine, json_object *item)
{
	return json_object_is_type(item, json_type_string) && strcmp(json_object_get_string(item), engine->finalizer) == 0;
}

static int remove_at(json_object *patch, const struct sy_engine *engine, size_t index)
{
	char path[64];
	snprintf(path, sizeof(path), "/metadata/finalizers/%zu", index);
	if (sy_patch_add(patch, "test", path, json_object_new_string(engine->finalizer)))
		return -ENOMEM;
	return sy_patch_add(patch, "remove", path, NULL);
}

/* Ours, and where the list is at hand all of its copies, the last first. */
static int remove_ours(json_object *patch, const struct sy_op *op)
{
	json_object *finalizers = sy_json_array(op->up, "metadata", "finalizers", NULL);
	size_t n = finalizers ? json_object_array_length(finalizers) : 0, left = MAX_REMOVED;
	bool first = n > (size_t)op->object->finalizer_index &&
		     sy_is_finalizer(op->engine, json_object_array_get_idx(finalizers, (size_t)op->object->finalizer_index));
	if (!first)
		return remove_at(patch, op->engine, (size_t)op->object->finalizer_index);
	for (size_t i = n; i-- > 0 && left > 0;) {
		if (!sy_is_finalizer(op->engine, json_object_array_get_idx(finalizers, i)))
			continue;
		if (remove_at(patch, op->engine, i))
			return -ENOMEM;
		left--;
	}
	return 0;
}

int sy_do_release(struct sy_op *op)
{
	struct sy_object *object = op->object;
	json_object *patch = json_object_new_array();
	if (!patch || sy_patch_add(patch, "test", "/metadata/uid", json_object_new_string(object->up_uid)) || remove_ours(patch, op)) {
		json_object_put(patch);
		patch = NULL;
	}
	struct sy_call call = {.side = SY_SIDE_UP, .method = "PATCH", .query = query, .content_type = SY_CT_JSON_PATCH};
	return sy_op_send(op, &call, patch, released);
}

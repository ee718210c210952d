/* Requests downstream that end our care for a copy: delete it, or let it go (syncerd-rules(7) 7.2, 7.5). */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "ownership.h"
#include "pair.h"

/* Gone, unless an event of a successor has overtaken the answer. The DELETED event of the very object makes no difference. */
static void absent(struct sy_op *op, const char *uid)
{
	if (strcmp(uid, op->object->down_uid) == 0)
		sy_observe_absent(op->object, SY_SIDE_DOWN);
}

static void deleted(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	sy_op_answered(op, SY_SIDE_DOWN, result);
	const char *kind = sy_json_str(result->object, "kind", NULL);
	switch (result->verdict) {
	case SY_KUBE_OK:
		op->object->down_removed = true;
		/* A Status says that it is gone; the object itself, that it waits for finalizers or for its dependents. */
		if (kind && strcmp(kind, "Status") == 0) {
			absent(op, op->uid);
		} else if (result->object && sy_json_str(result->object, "metadata", "deletionTimestamp", NULL)) {
			if (sy_op_news(op, SY_SIDE_DOWN, result)) {
				sy_op_take(op, SY_SIDE_DOWN, result->object);
				sy_observe_down(op->object, result->object);
			}
		} else {
			sy_do_get_down(op);
			return;
		}
		break;
	case SY_KUBE_NOT_FOUND:
		op->object->down_removed = true;
		absent(op, op->uid);
		break;
	case SY_KUBE_CONFLICT:
	case SY_KUBE_INVALID:
		if (sy_op_rejected(op, SY_SIDE_DOWN, result))
			sy_flow_rejected(op, result);
		else
			sy_do_get_down(op);
		return;
	default:
		sy_flow_refused(op, SY_SIDE_DOWN, result);
		return;
	}
	sy_flow_next(op);
}

int sy_do_delete(struct sy_op *op)
{
	const struct sy_object *object = op->object;
	char number[24];
	const char *rv = sy_json_str(op->down, "metadata", "resourceVersion", NULL);
	if (!rv && !object->down_rv)
		return sy_do_get_down(op);
	if (!rv) {
		snprintf(number, sizeof(number), "%" PRIu64, object->down_rv);
		rv = number;
	}
	json_object *options = json_object_new_object(), *preconditions = json_object_new_object();
	if (!options || !preconditions || sy_json_add_str(options, "kind", "DeleteOptions") ||
	    sy_json_add_str(options, "apiVersion", "v1") || sy_json_add_str(options, "propagationPolicy", "Background") ||
	    sy_json_add_str(preconditions, "uid", object->down_uid) || sy_json_add_str(preconditions, "resourceVersion", rv) ||
	    sy_json_add(options, "preconditions", json_object_get(preconditions))) {
		json_object_put(options);
		options = NULL;
	}
	json_object_put(preconditions);
	sy_uid_copy(op->uid, object->down_uid);
	struct sy_call call = {.side = SY_SIDE_DOWN, .method = "DELETE", .content_type = SY_CT_JSON};
	return sy_op_send(op, &call, options, deleted);
}

static void orphaned(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	sy_op_answered(op, SY_SIDE_DOWN, result);
	if (result->verdict == SY_KUBE_OK || result->verdict == SY_KUBE_NOT_FOUND) {
		absent(op, op->uid);
		sy_flow_next(op);
	} else if (sy_op_rejected(op, SY_SIDE_DOWN, result)) {
		sy_flow_rejected(op, result);
	} else if (result->verdict == SY_KUBE_CONFLICT || result->verdict == SY_KUBE_INVALID) {
		sy_do_get_down(op);
	} else {
		sy_flow_refused(op, SY_SIDE_DOWN, result);
	}
}

int sy_do_orphan(struct sy_op *op)
{
	json_object *patch = NULL;
	if (sy_orphan_patch(op->engine, op->object->down_uid, &patch))
		patch = NULL;
	sy_uid_copy(op->uid, op->object->down_uid);
	struct sy_call call = {
		.side = SY_SIDE_DOWN, .method = "PATCH", .query = "fieldManager=" SY_FIELD_MANAGER, .content_type = SY_CT_MERGE_PATCH};
	return sy_op_send(op, &call, patch, orphaned);
}

int sy_orphan_patch(const struct sy_engine *engine, const char *uid, json_object **ret_patch)
{
	sy_auto_json json_object *patch = json_object_new_object(), *metadata = json_object_new_object();
	sy_auto_json json_object *labels = json_object_new_object(), *annotations = json_object_new_object();
	if (!patch || !metadata || !labels || !annotations || sy_json_add(labels, SY_LABEL_CLUSTER, NULL) ||
	    sy_json_add(labels, SY_LABEL_TENANT, NULL) || sy_json_add(annotations, SY_ANNOTATION_LOCATOR, NULL) ||
	    sy_json_add_str(annotations, SY_ANNOTATION_ORPHANED, engine->plan.key) || sy_json_add_str(metadata, "uid", uid) ||
	    sy_json_add(metadata, "labels", sy_take_ptr(labels)) || sy_json_add(metadata, "annotations", sy_take_ptr(annotations)) ||
	    sy_json_add(patch, "metadata", sy_take_ptr(metadata)))
		return -1;
	*ret_patch = sy_take_ptr(patch);
	return 0;
}

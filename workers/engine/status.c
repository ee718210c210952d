/* Status up (syncerd-rules(7) 6): one JSON patch of /status, fenced by uid, only when it says something new. */
#include "generation.h"
#include "internal.h"
#include "ownership.h"
#include "pair.h"

/* What stands upstream now is the answer to our present status: nothing to do until either changes. */
static void settled(struct sy_op *op)
{
	struct sy_object *object = op->object;
	object->sent = sy_pair(&op->status, &object->up_status);
	object->sent_core = op->status_core;
}

static void rejected(struct sy_op *op, const struct sy_kube_result *result)
{
	if (!sy_hash_equal(&op->status, &op->object->status)) {
		sy_flow_next(op); /* another one is due already */
		return;
	}
	op->object->status_rejected = sy_said_by_server(result);
	sy_flow_fail(op, SY_REASON_STATUS_REJECTED, op->object->status_rejected, result->retry_after_ms, result->message);
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	struct sy_object *object = op->object;
	sy_op_answered(op, SY_SIDE_UP, result);
	switch (result->verdict) {
	case SY_KUBE_OK:
		object->status_tested = false;
		/* Else somebody has changed it again: what stands there is not the answer to our status. */
		if (result->object && sy_op_news(op, SY_SIDE_UP, result)) {
			sy_op_take(op, SY_SIDE_UP, result->object);
			sy_observe_up(object, result->object);
			settled(op);
		}
		break;
	case SY_KUBE_NOT_FOUND:
		if (sy_op_news(op, SY_SIDE_UP, result))
			sy_observe_absent(object, SY_SIDE_UP);
		break;
	case SY_KUBE_TOO_LARGE:
	case SY_KUBE_BAD_REQUEST:
		rejected(op, result);
		return;
	case SY_KUBE_INVALID:
		/* Either the schema refuses it (causes), or a test failed (none): then upstream tells which. */
		if (sy_op_rejected(op, SY_SIDE_UP, result) || object->status_tested) {
			rejected(op, result);
			return;
		}
		object->status_tested = true;
		sy_do_get_up(op);
		return;
	case SY_KUBE_CONFLICT:
		sy_do_get_up(op);
		return;
	default:
		sy_flow_refused(op, SY_SIDE_UP, result);
		return;
	}
	sy_flow_next(op);
}

/* patch is put; NULL: there was no memory for it. */
static int send_patch(struct sy_op *op, json_object *patch, sy_kube_done_fn *done)
{
	struct sy_call call = {.side = SY_SIDE_UP,
			       .method = "PATCH",
			       .subresource = "status",
			       .query = "fieldManager=" SY_FIELD_MANAGER,
			       .content_type = SY_CT_JSON_PATCH};
	return sy_op_send(op, &call, patch, done);
}

static void was_reset(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	struct sy_object *object = op->object;
	sy_op_answered(op, SY_SIDE_UP, result);
	if (result->verdict == SY_KUBE_NOT_FOUND) {
		if (sy_op_news(op, SY_SIDE_UP, result))
			sy_observe_absent(object, SY_SIDE_UP);
	} else if (result->verdict == SY_KUBE_OK) {
		object->status_reset = true; /* a status with defaults comes back at once, and may be what the copy says */
		if (result->object && sy_op_news(op, SY_SIDE_UP, result)) {
			sy_op_take(op, SY_SIDE_UP, result->object);
			sy_observe_up(object, result->object);
		}
	} else if (result->verdict == SY_KUBE_BAD_REQUEST || sy_op_rejected(op, SY_SIDE_UP, result)) {
		/* Its schema wants a status: the old one stays, and the eviction goes on. */
		sy_object_tell(object, SY_REASON_STATUS_REJECTED, result->message);
		object->status_reset = true;
	} else if (result->verdict == SY_KUBE_INVALID || result->verdict == SY_KUBE_CONFLICT) {
		sy_do_get_up(op);
		return;
	} else {
		sy_flow_refused(op, SY_SIDE_UP, result);
		return;
	}
	sy_flow_next(op);
}

int sy_do_reset(struct sy_op *op)
{
	if (!op->up)
		return sy_do_get_up(op);
	const char *rv = sy_json_str(op->up, "metadata", "resourceVersion", NULL);
	json_object *patch = json_object_new_array();
	if (!patch || !rv || sy_patch_add(patch, "test", "/metadata/uid", json_object_new_string(op->object->up_uid)) ||
	    sy_patch_add(patch, "test", "/metadata/resourceVersion", json_object_new_string(rv)) ||
	    sy_patch_add(patch, "remove", "/status", NULL)) {
		json_object_put(patch);
		patch = NULL;
	}
	/* Where a test fails, the object has changed: it is read again, and with it comes what its status is now. */
	json_object_put(op->up);
	op->up = NULL;
	return send_patch(op, patch, was_reset);
}

int sy_do_status(struct sy_op *op)
{
	struct sy_object *object = op->object;
	const struct sy_plan_resource *rule = &object->resource->rule;
	struct sy_error err = {0};
	if (!op->down)
		return sy_do_get_down(op);
	sy_observe_status(object, op->down);
	if (object->status_lower && !op->up)
		return sy_do_get_up(op);
	if (!sy_flow_status_due(object))
		return 0;
	struct sy_generations generations = {rule->translate_generation, object->applied_up, object->applied_down};
	struct sy_status_facts facts;
	struct sy_hash hash = {0};
	json_object *status = NULL;
	int rc = sy_status_translate(sy_json_get(op->down, "status", NULL), sy_json_get(op->up, "status", NULL), &generations, &status,
				     &facts, &err);
	if (rc == 0)
		rc = sy_json_hash(status, &hash, &err);
	op->status = object->status;
	op->status_core = object->status_core;
	if (rc == 0 && sy_hash_equal(&hash, &object->up_status)) {
		json_object_put(status);
		settled(op);
		return 0;
	}
	json_object *patch = rc == 0 ? json_object_new_array() : NULL;
	if (!patch || sy_patch_add(patch, "test", "/metadata/uid", json_object_new_string(object->up_uid)) ||
	    sy_patch_add(patch, "add", "/status", json_object_get(status))) {
		json_object_put(patch);
		patch = NULL;
	}
	json_object_put(status);
	object->status_ms = (uint32_t)sy_loop_now_ms(op->engine->loop);
	return send_patch(op, patch, answered);
}

/* Status up (synctarget.md 6): one JSON patch of /status, fenced by uid, only when it says something new. */
#include "generation.h"
#include "internal.h"
#include "ownership.h"
#include "pair.h"

static bool has_causes(json_object *status)
{
	json_object *causes = sy_json_array(status, "details", "causes", NULL);
	return causes && json_object_array_length(causes) > 0;
}

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
	op->object->status_rejected = true;
	sy_flow_fail(op, SY_REASON_STATUS_REJECTED, true, 0, result->message);
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	struct sy_object *object = op->object;
	sy_op_answered(op, SY_SIDE_UP);
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
		if (has_causes(result->object) || object->status_tested) {
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
	struct sy_call call = {.side = SY_SIDE_UP,
			       .method = "PATCH",
			       .subresource = "status",
			       .query = "fieldManager=" SY_FIELD_MANAGER,
			       .content_type = SY_CT_JSON_PATCH};
	return sy_op_send(op, &call, patch, answered);
}

/* Requests downstream that make or keep a copy (syncerd-rules(7) 5.3, 5.6): POST to create, forced apply only on what is ours. */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "ownership.h"
#include "pair.h"

static void got(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	struct sy_object *object = op->object;
	sy_op_answered(op, SY_SIDE_DOWN, result);
	bool absent = result->verdict == SY_KUBE_NOT_FOUND || result->verdict == SY_KUBE_NAMESPACE_MISSING;
	object->check_down = false;
	if (!absent && (result->verdict != SY_KUBE_OK || !result->object)) {
		sy_flow_refused(op, SY_SIDE_DOWN, result);
		return;
	}
	if (!sy_op_news(op, SY_SIDE_DOWN, result)) {
		sy_flow_next(op);
		return;
	}
	if (absent) {
		sy_op_take(op, SY_SIDE_DOWN, NULL);
		sy_observe_absent(object, SY_SIDE_DOWN);
	} else if (sy_observe_ours(object, result->object)) {
		sy_op_take(op, SY_SIDE_DOWN, result->object);
		sy_observe_down(object, result->object);
	} else {
		sy_op_take(op, SY_SIDE_DOWN, NULL);
		sy_observe_absent(object, SY_SIDE_DOWN);
		object->down = SY_FOREIGN;
	}
	sy_flow_next(op);
}

int sy_do_get_down(struct sy_op *op)
{
	return sy_op_request(op, &(struct sy_call){.side = SY_SIDE_DOWN, .method = "GET"}, got);
}

/* The server has what we sent: remember the pair, and which generations belong together. */
static void written(struct sy_op *op, const struct sy_kube_result *result)
{
	struct sy_object *object = op->object;
	object->down_removed = false;
	object->applied_up = op->up_generation;
	object->applied_down = 0;
	sy_json_int(result->object, &object->applied_down, "metadata", "generation", NULL);
	if (sy_op_news(op, SY_SIDE_DOWN, result)) {
		sy_op_take(op, SY_SIDE_DOWN, result->object);
		sy_observe_down(object, result->object);
		object->written = sy_pair(&op->desired, &object->owned);
		return;
	}
	/* An event has overtaken the answer: the newer content counts, under what we wrote. */
	struct sy_ownership ownership = {0};
	if (sy_ownership_read(result->object, &ownership, NULL) == 0)
		object->written = sy_pair(&op->desired, &ownership.hash);
	if (op->down)
		sy_observe_status(object, op->down);
	else
		object->status_unread = object->has_status;
}

/* The body of a write from the newest upstream object. NULL: it is fetched first, or the op has failed and is gone. */
static json_object *body_for(struct sy_op *op)
{
	struct sy_error err = {0};
	sy_auto_json json_object *body = NULL;
	if (!op->up) {
		sy_do_get_up(op);
		return NULL;
	}
	int rc = sy_op_body(op->object, op->up, &body, &err);
	if (rc == 0)
		rc = sy_body_hash(body, &op->desired, &err);
	if (rc) {
		sy_op_not_sent(op, rc, err.text);
		return NULL;
	}
	if (!sy_hash_equal(&op->desired, &op->object->desired)) { /* not the object that was seen last */
		sy_op_take(op, SY_SIDE_UP, NULL);
		sy_do_get_up(op);
		return NULL;
	}
	op->up_generation = op->object->up_generation;
	return sy_take_ptr(body);
}

/* Refusals that stay until the body changes. False: not one of them. */
static bool refused_for_good(struct sy_op *op, const struct sy_kube_result *result)
{
	enum sy_reason reason;
	if (result->verdict == SY_KUBE_BAD_REQUEST)
		reason = SY_REASON_SCHEMA_MISMATCH;
	else if (result->verdict == SY_KUBE_INVALID)
		reason = SY_REASON_INVALID;
	else if (result->verdict == SY_KUBE_TOO_LARGE)
		reason = SY_REASON_TOO_LARGE;
	else
		return false;
	if (!sy_hash_equal(&op->desired, &op->object->desired)) {
		sy_flow_next(op); /* the body has changed meanwhile: the refusal is history */
		return true;
	}
	/* A proxy may have another limit tomorrow. */
	op->object->permanent = sy_said_by_server(result);
	sy_flow_fail(op, reason, op->object->permanent, result->retry_after_ms, result->message);
	return true;
}

static void created(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	struct sy_namespace *ns = op->object->ns;
	sy_op_answered(op, SY_SIDE_DOWN, result);
	if (result->verdict == SY_KUBE_OK && result->object) {
		/* There was a copy before; the event of this one may have come already. */
		if (op->asked_rv[SY_SIDE_DOWN] && !op->object->down_removed)
			sy_fight_corrected(op->object, "");
		written(op, result);
	} else if (result->verdict == SY_KUBE_ALREADY_EXISTS || result->verdict == SY_KUBE_CONFLICT) {
		sy_do_get_down(op);
		return;
	} else if (ns && result->verdict == SY_KUBE_NAMESPACE_MISSING) {
		sy_namespace_missing(ns);
	} else if (ns && result->verdict == SY_KUBE_NAMESPACE_TERMINATING) {
		sy_namespace_terminating(ns);
	} else {
		if (!refused_for_good(op, result))
			sy_flow_refused(op, SY_SIDE_DOWN, result);
		return;
	}
	sy_flow_next(op);
}

int sy_do_create(struct sy_op *op)
{
	struct sy_object *object = op->object;
	if (object->ns && !sy_namespace_ensure(object->ns)) {
		if (object->ns->state == SY_NAMESPACE_COLLISION) {
			sy_flow_fail(op, SY_REASON_NAME_COLLISION, false, 0,
				     "the downstream namespace exists and is not ours; nothing is written there. Delete or rename it");
			return 1;
		}
		op->park = true;
		sy_flow_end(op);
		return 1;
	}
	json_object *body = body_for(op);
	if (!body)
		return 1;
	struct sy_call call = {.side = SY_SIDE_DOWN,
			       .method = "POST",
			       .query = "fieldManager=" SY_FIELD_MANAGER "&fieldValidation=Strict",
			       .content_type = SY_CT_JSON};
	return sy_op_send(op, &call, body, created);
}

/* After the rename or the apply failed because somebody was faster: look. */
static bool outpaced(struct sy_op *op, const struct sy_kube_result *result)
{
	if (result->verdict == SY_KUBE_NOT_FOUND) {
		if (sy_op_news(op, SY_SIDE_DOWN, result))
			sy_observe_absent(op->object, SY_SIDE_DOWN);
		sy_flow_next(op);
		return true;
	}
	if (result->verdict != SY_KUBE_CONFLICT)
		return false;
	sy_do_get_down(op);
	return true;
}

static void renamed(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	sy_op_answered(op, SY_SIDE_DOWN, result);
	if (result->verdict == SY_KUBE_OK && result->object) {
		if (sy_op_news(op, SY_SIDE_DOWN, result)) {
			sy_op_take(op, SY_SIDE_DOWN, result->object);
			sy_observe_down(op->object, result->object);
		}
		sy_flow_next(op);
	} else if (sy_op_rejected(op, SY_SIDE_DOWN, result)) {
		sy_flow_rejected(op, result);
	} else if (result->verdict == SY_KUBE_INVALID) {
		sy_do_get_down(op);
	} else if (!outpaced(op, result)) {
		sy_flow_refused(op, SY_SIDE_DOWN, result);
	}
}

int sy_do_rename(struct sy_op *op)
{
	const struct sy_object *object = op->object;
	char manager[64], operation[64];
	snprintf(manager, sizeof(manager), "/metadata/managedFields/%d/manager", object->update_index);
	snprintf(operation, sizeof(operation), "/metadata/managedFields/%d/operation", object->update_index);
	json_object *patch = json_object_new_array();
	if (!patch || sy_patch_add(patch, "test", "/metadata/uid", json_object_new_string(object->down_uid)) ||
	    sy_patch_add(patch, "test", manager, json_object_new_string(SY_FIELD_MANAGER)) ||
	    sy_patch_add(patch, "test", operation, json_object_new_string("Update")) ||
	    sy_patch_add(patch, "replace", operation, json_object_new_string("Apply"))) {
		json_object_put(patch);
		patch = NULL;
	}
	struct sy_call call = {
		.side = SY_SIDE_DOWN, .method = "PATCH", .query = "fieldManager=" SY_FIELD_MANAGER, .content_type = SY_CT_JSON_PATCH};
	return sy_op_send(op, &call, patch, renamed);
}

static bool refuses_uid(json_object *status)
{
	json_object *causes = sy_json_array(status, "details", "causes", NULL);
	size_t n = causes ? json_object_array_length(causes) : 0;
	for (size_t i = 0; i < n; i++) {
		const char *field = sy_json_str(json_object_array_get_idx(causes, i), "field", NULL);
		if (field && strcmp(field, "metadata.uid") == 0)
			return true;
	}
	return false;
}

static void applied(void *arg, const struct sy_kube_result *result)
{
	struct sy_op *op = arg;
	sy_op_answered(op, SY_SIDE_DOWN, result);
	if (result->verdict == SY_KUBE_OK && result->object) {
		const struct sy_hash *last = &op->object->written;
		if (sy_hash_known(last) && sy_half(last) == sy_half(&op->desired))
			sy_fight_corrected(op->object, op->rival);
		written(op, result);
		sy_flow_next(op);
	} else if (result->verdict == SY_KUBE_INVALID && refuses_uid(result->object)) {
		sy_do_get_down(op); /* re-created by somebody */
	} else if (!outpaced(op, result) && !refused_for_good(op, result)) {
		sy_flow_refused(op, SY_SIDE_DOWN, result);
	}
}

int sy_do_apply(struct sy_op *op)
{
	/* Once more, and it is contended: only the copy as it is now says by whom. */
	if (op->object->corrections >= SY_FIGHT_CORRECTIONS && !op->down)
		return sy_do_get_down(op);
	sy_fight_look(op);
	json_object *body = body_for(op);
	if (!body)
		return 1;
	if (sy_json_add_str(sy_json_get(body, "metadata", NULL), "uid", op->object->down_uid)) {
		json_object_put(body);
		body = NULL;
	}
	struct sy_call call = {.side = SY_SIDE_DOWN,
			       .method = "PATCH",
			       .query = "fieldManager=" SY_FIELD_MANAGER "&force=true",
			       .content_type = SY_CT_APPLY};
	return sy_op_send(op, &call, body, applied);
}

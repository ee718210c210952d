/* What an operator orders: spec.unschedulable and spec.evictAfter, and nothing else of spec. */
#include <errno.h>
#include <string.h>

#include "base/num.h"
#include "supervisor/status/patch.h"
#include "supervisor/status/schedule.h"
#include "supervisor/status/target_impl.h"

static bool is_cordoned(const struct sy_target_view *view)
{
	bool cordoned = false;

	return sy_json_bool(view->spec, &cordoned, "unschedulable", NULL) && cordoned;
}

/* An eviction that has begun keeps its time; one to come is brought forward. */
static bool is_evicted(const struct sy_target *target)
{
	struct sy_schedule schedule;

	sy_schedule_read(target->view.spec, target->view.status, sy_target_now(target), &schedule);
	return schedule.evicting;
}

static bool is_done(const struct sy_target *target, enum sy_target_order order)
{
	const struct sy_target_view *view = &target->view;

	switch (order) {
	case SY_ORDER_CORDON:
		return is_cordoned(view);
	case SY_ORDER_UNCORDON:
		return !is_cordoned(view) && !sy_json_get(view->spec, "evictAfter", NULL);
	case SY_ORDER_DRAIN:
		return is_cordoned(view) && is_evicted(target);
	case SY_ORDER_MAX:
		break;
	}
	return true;
}

static json_object *make_patch(const struct sy_target *target, enum sy_target_order order)
{
	const struct sy_target_view *view = &target->view;
	json_object *patch = json_object_new_array();
	char now[21];
	int r = sy_patch_test_str(patch, "/metadata/uid", view->uid);

	sy_time_format(sy_target_now(target), now);
	if (r == 0 && !view->spec)
		r = sy_patch_op(patch, "add", "/spec", json_object_new_object());
	if (r == 0)
		r = sy_patch_op(patch, "add", "/spec/unschedulable", json_object_new_boolean(order != SY_ORDER_UNCORDON));
	/* "remove" wants it to be there, and it may be gone by now: adding it first makes sure. */
	if (r == 0 && (order == SY_ORDER_UNCORDON || (order == SY_ORDER_DRAIN && !is_evicted(target))))
		r = sy_patch_op(patch, "add", "/spec/evictAfter", json_object_new_string(now));
	if (r == 0 && order == SY_ORDER_UNCORDON)
		r = sy_patch_op(patch, "remove", "/spec/evictAfter", NULL);
	if (r < 0) {
		json_object_put(patch);
		return NULL;
	}
	return patch;
}

static void finish(struct sy_target *target, const char *trouble)
{
	sy_target_ordered_fn *done = target->ordered;

	target->ordered = NULL;
	if (done)
		done(target->ordered_arg, trouble);
}

static void answered(void *arg, const struct sy_kube_result *result)
{
	struct sy_target *target = arg;

	target->order = NULL;
	if (result->verdict == SY_KUBE_OK) {
		sy_target_store(target, result);
		finish(target, NULL);
		return;
	}
	if (result->verdict == SY_KUBE_INVALID || result->verdict == SY_KUBE_CONFLICT || result->verdict == SY_KUBE_NOT_FOUND)
		sy_target_refresh(target); /* another uid, or gone: that is for target to find out */
	finish(target, result->message[0] ? result->message : "kcp refuses it");
}

int sy_target_order(struct sy_target *target, enum sy_target_order order, sy_target_ordered_fn *done, void *arg, bool *ret_sent,
		    struct sy_error *err)
{
	sy_auto_json json_object *patch = NULL;
	sy_auto_free char *body = NULL;
	struct sy_kube_call call = {.method = "PATCH",
				    .base = target->base,
				    .path = target->path,
				    .query = "fieldManager=syncerd",
				    .content_type = SY_CT_JSON_PATCH};
	int r;

	*ret_sent = false;
	if (target->view.state != SY_TARGET_ACTIVE)
		return sy_error_set(err, EAGAIN, "the SyncTarget is not served from here: %s",
				    target->view.message[0] ? target->view.message : "it has still to be read");
	if (target->order)
		return sy_error_set(err, EBUSY, "another such request is under way; try again");
	if (is_done(target, order))
		return 0;
	patch = make_patch(target, order);
	body = patch ? sy_json_text(patch) : NULL;
	if (!body)
		return sy_error_oom(err);
	call.body = body;
	call.body_len = strlen(body);
	r = sy_kube_do(target->kube, &call, answered, target, &target->order, err);
	if (r < 0)
		return r;
	target->ordered = done;
	target->ordered_arg = arg;
	*ret_sent = true;
	return 0;
}

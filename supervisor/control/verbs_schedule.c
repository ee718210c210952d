/* cordon, uncordon, drain: what the operator orders is written into the SyncTarget with syncerd's own credentials, and how far it is. */
#include <errno.h>
#include <string.h>

#include "supervisor/control/verbs.h"
#include "supervisor/status/status.h"

static const char *state_of(const struct sy_supervisor *sup)
{
	json_object *stored = sy_status_condition(sy_target_view(sup->target)->status, "Schedulable");
	const char *reason = sy_json_str(stored, "reason", NULL);

	/* Over is what kcp says, too: who waits here may look there next. */
	if (sy_chain_evicted(sup) && reason && strcmp(reason, "Evicted") == 0)
		return "Evicted";
	if (sup->schedule.evicting)
		return "Evicting";
	return sup->schedule.cordoned ? "Cordoned" : "Schedulable";
}

static int add_left(struct sy_supervisor *sup, json_object *value)
{
	struct sy_strv left = {0};
	json_object *array = json_object_new_array();
	int r = array && (!sy_chain_evicting(sup) || sy_chain_evict_left(sup, &left)) ? 0 : -ENOMEM;

	if (r == 0)
		r = sy_json_add_int(value, "left", (int64_t)left.count);
	for (size_t i = 0; r == 0 && i < left.count && i < SY_VERBS_LEFT_SHOWN; i++)
		r = json_object_array_add(array, json_object_new_string(left.items[i]));
	sy_strv_done(&left);
	if (r < 0) {
		json_object_put(array);
		return r;
	}
	return sy_json_add(value, "workspacesLeft", array);
}

static json_object *schedule_value(struct sy_supervisor *sup, bool changed)
{
	const struct sy_target_view *view = sy_target_view(sup->target);
	const char *after = sy_json_str(view->spec, "evictAfter", NULL);
	json_object *value = json_object_new_object();
	int r;

	sy_chain_schedule(sup); /* as the answer of kcp has left it */
	r = sy_json_add_str(value, "syncTarget", view->name);
	if (r == 0)
		r = sy_json_add_bool(value, "changed", changed);
	if (r == 0)
		r = sy_json_add_bool(value, "unschedulable", sup->schedule.cordoned);
	if (r == 0 && after)
		r = sy_json_add_str(value, "evictAfter", after);
	if (r == 0)
		r = sy_json_add_str(value, "state", state_of(sup));
	if (r == 0)
		r = add_left(sup, value);
	if (r < 0) {
		json_object_put(value);
		return NULL;
	}
	return value;
}

static void say(struct sy_supervisor *sup, struct sy_control_call *call, bool changed)
{
	json_object *value = schedule_value(sup, changed);

	if (value)
		sy_control_answer(call, value, false);
	else
		sy_control_fail(call, "Internal", "out of memory");
}

static void ordered(void *arg, const char *trouble)
{
	struct sy_supervisor *sup = arg;
	struct sy_control_call *call = sup->ordering;

	sup->ordering = NULL;
	if (call && trouble)
		sy_control_fail(call, "Failed", "kcp: %.400s", trouble);
	else if (call)
		say(sup, call, true);
}

static void order(struct sy_supervisor *sup, struct sy_control_call *call, enum sy_target_order what)
{
	struct sy_error err = {0};
	bool sent = false;
	int r;

	if (!sup->target || !sup->followed) {
		sy_control_fail(call, "Failed",
				sup->target ? "the SyncTarget is not served from here yet; see `syncerctl status`"
					    : "there is no SyncTarget in direct mode");
		return;
	}
	r = sy_target_order(sup->target, what, ordered, sup, &sent, &err);
	if (r < 0)
		sy_control_fail(call, "Failed", "%s", err.text);
	else if (sent)
		sup->ordering = call;
	else
		say(sup, call, false);
}

void sy_verbs_cordon(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	(void)args;
	order(sup, call, SY_ORDER_CORDON);
}

void sy_verbs_uncordon(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	(void)args;
	order(sup, call, SY_ORDER_UNCORDON);
}

void sy_verbs_drain(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	(void)args;
	order(sup, call, SY_ORDER_DRAIN);
}

void sy_verbs_schedule(struct sy_supervisor *sup, struct sy_control_call *call, json_object *args)
{
	(void)args;
	if (sup->target && sup->followed)
		say(sup, call, false);
	else
		sy_control_fail(call, "Failed", "no SyncTarget is served from here");
}

/* From facts to requests: the queue, the ops in progress, back-off. */
#include <malloc.h>
#include <stdlib.h>

#include "base/backoff.h"
#include "base/limits.h"
#include "internal.h"
#include "pair.h"

#define TRIM_AFTER 64u
#define MAX_STEPS 16u /* of one op; a key that still asks for more waits like a failed one */

static const struct sy_backoff_rule transient_rule = {100, 300000}; /* 5.6 */
static const struct sy_backoff_rule patient_rule = {1000, 300000};  /* needs somebody to act */
static const struct sy_backoff_rule deletion_rule = {SY_DELETION_CHECK_MS, 60000};
#define NEWS_MS 5000 /* longest wait after a failure of another kind than the last: a server that comes back may refuse for a moment */

typedef int perform_fn(struct sy_op *op);
static perform_fn *const performers[SY_ACT_MAX] = {
	[SY_ACT_GET_UP] = sy_do_get_up,	  [SY_ACT_GET_DOWN] = sy_do_get_down, [SY_ACT_ADD_FINALIZER] = sy_do_add_finalizer,
	[SY_ACT_CREATE] = sy_do_create,	  [SY_ACT_RENAME] = sy_do_rename,     [SY_ACT_APPLY] = sy_do_apply,
	[SY_ACT_STATUS] = sy_do_status,	  [SY_ACT_DELETE] = sy_do_delete,     [SY_ACT_ORPHAN] = sy_do_orphan,
	[SY_ACT_RELEASE] = sy_do_release, [SY_ACT_RESET] = sy_do_reset,
};

bool sy_flow_status_due(const struct sy_object *object)
{
	if (!object->has_status || object->status_rejected || object->up != SY_PRESENT || object->up_shared)
		return false;
	if (object->status_unread)
		return true;
	if (sy_hash_equal(&object->status, &object->up_status))
		return false;
	struct sy_hash now = sy_pair(&object->status, &object->up_status);
	if (sy_hash_equal(&now, &object->sent))
		return false;
	/* Only numbers that must keep upstream's value differ, and upstream has not moved. */
	size_t half = sizeof(now.bytes) / 2;
	return !(object->status_all_lower && object->status_core == object->sent_core &&
		 memcmp(now.bytes + half, object->sent.bytes + half, half) == 0);
}

/* The object is to stay upstream without a copy. One that asks to wait with the removal is kept in step until it does not any more. */
static bool evicted(const struct sy_object *object)
{
	const struct sy_plan *plan = &object->resource->engine->plan;
	return plan->mode == SY_PLAN_DRAIN && plan->removal == SY_REMOVAL_EVICT && !object->up_deleting && !object->up_soft;
}

/* What upstream shows is what we wrote there, or what the copy says. */
static bool mirrored(const struct sy_object *object)
{
	size_t half = sizeof(object->sent.bytes) / 2;
	if (!object->has_status || object->status_reset || object->up_shared || object->up != SY_PRESENT ||
	    !sy_hash_known(&object->up_status))
		return false;
	return sy_hash_equal(&object->status, &object->up_status) || memcmp(object->sent.bytes + half, object->up_status.bytes, half) == 0;
}

/* Made by a controller that copies labels from a parent: without a counterpart upstream it is nothing of ours. */
static bool left_alone(const struct sy_object *object)
{
	return object->down_copied && object->down == SY_PRESENT && (object->literal || object->up != SY_PRESENT);
}

bool sy_flow_copy(const struct sy_object *object)
{
	return (object->down == SY_PRESENT || object->down == SY_MAYBE) && !left_alone(object);
}

enum sy_action sy_flow_action(const struct sy_object *object)
{
	const struct sy_resource *resource = object->resource;
	const struct sy_plan *plan = &resource->engine->plan;
	bool drain = plan->mode == SY_PLAN_DRAIN, removed = resource->rule.role == SY_ROLE_REMOVED;
	struct sy_facts facts = {
		.ready = resource->ready && !resource->stopping,
		.paused = plan->mode == SY_PLAN_PAUSED,
		.drain = drain,
		.orphan = drain ? plan->removal == SY_REMOVAL_ORPHAN : resource->rule.orphan,
		.upstream_gone = sy_resource_up_gone(resource),
		.removed = removed || resource->rule.release_all,
		.absent = resource->rule.role == SY_ROLE_ABSENT,
		.broken = object->up_broken || object->down_broken,
		.finalize = !resource->rule.claimed,
		.up = object->literal ? SY_ABSENT : (enum sy_presence)object->up,
		.up_deleting = object->up_deleting,
		.finalizer = object->finalizer_index != SY_OBJECT_NONE,
		.soft = object->up_soft,
		.full = object->up_full,
		.leave = object->up_leave,
		.held = sy_guard_holds(object) || sy_guard_delay(object) > 0,
		.down = left_alone(object) ? SY_FOREIGN : (enum sy_presence)object->down,
		.down_deleting = object->down_deleting,
		.check_down = object->check_down,
		.in_step = sy_in_step(object),
		.permanent = object->permanent,
		.contended = object->contended,
		.rename = object->update_index != SY_OBJECT_NONE,
		.status_due = !evicted(object) && sy_flow_status_due(object),
		.reset = evicted(object) && mirrored(object),
	};
	return sy_step(&facts);
}

void sy_flow_wait(struct sy_object *object, int64_t delay_ms)
{
	struct sy_engine *engine = object->resource->engine;
	if (sy_queue_wait(&engine->queue, object, sy_loop_now_ms(engine->loop) + delay_ms))
		sy_patience_missed(object->resource); /* a list is a look at every object */
	sy_engine_wake(engine);
}

/* Milliseconds until the next status write may go, 0 = now. */
static int64_t status_pause(const struct sy_object *object)
{
	uint32_t since = (uint32_t)sy_loop_now_ms(object->resource->engine->loop) - object->status_ms;
	return object->status_ms && since < SY_STATUS_INTERVAL_MS ? (int64_t)(SY_STATUS_INTERVAL_MS - since) : 0;
}

/* Nothing to do: only standing facts stay. */
static void rest(struct sy_object *object)
{
	struct sy_engine *engine = object->resource->engine;
	sy_queue_drop(&engine->queue, object);
	sy_namespace_unwait(object);
	sy_hand_drop(&engine->budget, object);
	object->failed_action = SY_ACT_NONE;
	if (sy_patience_foreign(object))
		return;
	bool broken = object->up_broken || object->down_broken;
	bool soft = object->up_soft && (object->up_deleting || object->up_leave || sy_engine_drain(engine));
	if (broken)
		object->reason = object->too_large ? SY_REASON_TOO_LARGE : SY_REASON_INVALID;
	else if (!object->permanent)
		object->reason = (uint8_t)(sy_guard_holds(object)    ? SY_REASON_HELD
					   : object->contended	     ? SY_REASON_CONTENDED
					   : object->up_full	     ? SY_REASON_INVALID
					   : object->status_rejected ? SY_REASON_STATUS_REJECTED
					   : soft		     ? SY_REASON_SOFT_FINALIZERS
								     : SY_REASON_NONE);
	object->failures = 0;
	object->since_ms = 0;
	sy_patience_rest(object);
}

/* Somebody else's finalizer holds our copy: look from time to time, in case the DELETED event was lost. */
static void await_deletion(struct sy_object *object)
{
	if (object->heap_index && object->failed_action == SY_ACT_AWAIT_DELETION)
		return;
	if (object->failures < UINT16_MAX)
		object->failures++;
	object->failed_action = SY_ACT_AWAIT_DELETION;
	sy_flow_wait(object, sy_backoff_delay_ms(&deletion_rule, object->failures, arc4random()));
}

/* Nothing of the object is in its namespace, and nothing will be. Until all is known, it counts. */
static bool uses_namespace(const struct sy_object *object, enum sy_action action)
{
	if (object->contended && sy_patience_wanted(object))
		return true; /* in a while */
	bool gone = object->down == SY_ABSENT || object->down == SY_UNSEEN ||
		    (object->down == SY_FOREIGN && sy_engine_drain(object->resource->engine));
	return !(gone && action == SY_ACT_NONE && object->resource->ready && object->resource->engine->plan.mode != SY_PLAN_PAUSED);
}

void sy_flow_consider(struct sy_object *object, bool fresh)
{
	struct sy_engine *engine = object->resource->engine;
	if (object->op)
		return; /* decides again after its answer */
	enum sy_action action = sy_flow_action(object);
	sy_engine_changed(engine);
	sy_namespace_use(object, uses_namespace(object, action));
	if (action == SY_ACT_FORGET && object->resource->ready) {
		if (left_alone(object))
			sy_object_tell(
				object, SY_REASON_FOREIGN,
				"an object in the cluster has our labels, which others copied, and no counterpart; it is left alone");
		sy_resource_forget(object);
		return;
	}
	if (action == SY_ACT_NONE || action == SY_ACT_FORGET) {
		if (object->resource->ready)
			rest(object);
		return;
	}
	if (action == SY_ACT_AWAIT_DELETION) {
		sy_hand_drop(&engine->budget, object);
		sy_queue_drop(&engine->queue, object);
		await_deletion(object);
		return;
	}
	if (object->failed_action == action && object->heap_index)
		return; /* backs off */
	if (object->place == SY_IN_NAMESPACE && action == SY_ACT_CREATE)
		return;
	object->failed_action = SY_ACT_NONE;
	sy_namespace_unwait(object);
	if (action == SY_ACT_STATUS && status_pause(object)) {
		sy_queue_drop(&engine->queue, object);
		sy_flow_wait(object, status_pause(object));
		return;
	}
	sy_queue_unwait(&engine->queue, object);
	if (!object->since_ms)
		object->since_ms = sy_loop_now_ms(engine->loop);
	sy_queue_push(&engine->queue, object, fresh);
	sy_engine_wake(engine);
}

static void detach(struct sy_op *op)
{
	LIST_REMOVE(op, link);
	op->engine->in_progress_count--;
	op->engine->untrimmed++;
	op->object->resource->in_progress--;
	op->object->op = NULL;
	op->object->place = SY_NOWHERE;
	json_object_put(op->up);
	json_object_put(op->down);
	free(op);
}

void sy_flow_end(struct sy_op *op)
{
	struct sy_object *object = op->object;
	struct sy_resource *resource = object->resource;
	struct sy_engine *engine = op->engine;
	bool park = op->park;
	/* Bodies that the next turn will want. */
	if (park && op->up)
		sy_hand_put(&engine->budget, object, true, op->up, NULL, 0);
	else if (sy_flow_action(object) == SY_ACT_STATUS && op->down)
		sy_hand_put(&engine->budget, object, false, op->down, NULL, 0);
	detach(op);
	sy_engine_wake(engine);
	if (resource->stopping) {
		sy_resource_forget(object);
		if (!resource->in_progress)
			sy_resource_free(resource);
		return;
	}
	if (park && object->ns->state != SY_NAMESPACE_READY)
		sy_namespace_wait(object->ns, object);
	sy_flow_consider(object, true);
}

void sy_flow_next(struct sy_op *op)
{
	struct sy_object *object = op->object;
	for (;;) {
		op->action = object->resource->stopping ? SY_ACT_NONE : sy_flow_action(object);
		if (!performers[op->action] || (op->action == SY_ACT_STATUS && status_pause(object))) {
			sy_flow_end(op);
			return;
		}
		if (op->steps++ >= MAX_STEPS) {
			sy_flow_fail(op, SY_REASON_TRANSIENT, false, 0, "the object does not settle; trying again later");
			return;
		}
		struct sy_log_ref ref = sy_object_ref(object);

		sy_debug(&ref, "%s", sy_action_name(op->action));
		if (performers[op->action](op))
			return;
	}
}

void sy_flow_fail(struct sy_op *op, enum sy_reason reason, bool permanent, int64_t retry_after_ms, const char *message)
{
	struct sy_object *object = op->object;
	bool news = object->reason != reason;
	object->reason = (uint8_t)reason;
	if (message)
		sy_object_tell(object, reason, message);
	if (object->failures < UINT16_MAX)
		object->failures++;
	const struct sy_backoff_rule *rule = reason == SY_REASON_TRANSIENT ? &transient_rule : &patient_rule;
	int64_t delay = permanent ? sy_patience_delay(object) : sy_backoff_delay_ms(rule, object->failures, arc4random());
	if (news && !permanent && delay > NEWS_MS)
		delay = NEWS_MS;
	object->failed_action = (uint8_t)op->action;
	sy_flow_wait(object, retry_after_ms > delay ? retry_after_ms : delay);
	sy_flow_end(op);
}

void sy_flow_rejected(struct sy_op *op, const struct sy_kube_result *result)
{
	sy_flow_fail(op, SY_REASON_INVALID, false, result->retry_after_ms, result->message);
}

static int64_t failing_ms(const struct sy_object *object)
{
	return object->since_ms ? sy_loop_now_ms(object->resource->engine->loop) - object->since_ms : 0;
}

static bool young(const struct sy_resource *resource)
{
	return sy_loop_now_ms(resource->engine->loop) - resource->born_ms < SY_TRANSIENT_MS;
}

void sy_flow_refused(struct sy_op *op, enum sy_side side, const struct sy_kube_result *result)
{
	enum sy_reason reason = SY_REASON_TRANSIENT;
	const char *message = NULL;
	switch (result->verdict) {
	case SY_KUBE_FORBIDDEN:
	case SY_KUBE_UNAUTHORIZED:
		if (side == SY_SIDE_UP && young(op->object->resource))
			break;
		reason = side == SY_SIDE_UP ? SY_REASON_UP_FORBIDDEN : SY_REASON_UNAUTHORIZED;
		message = result->message;
		break;
	case SY_KUBE_NOT_SERVED:
		if (side == SY_SIDE_DOWN)
			reason = SY_REASON_NOT_SERVED;
		else if (!young(op->object->resource))
			reason = SY_REASON_UP_FORBIDDEN;
		break;
	case SY_KUBE_NAMESPACE_TERMINATING:
		reason = SY_REASON_TERMINATING;
		break;
	default:
		if (sy_reason_shows(SY_REASON_TRANSIENT, failing_ms(op->object)))
			message = result->message;
		break;
	}
	struct sy_log_ref ref = sy_object_ref(op->object);
	sy_debug(&ref, "%s: %s (%d): %s", sy_action_name(op->action), sy_kube_verdict_name(result->verdict), result->http_code,
		 result->message);
	sy_flow_fail(op, reason, false, result->retry_after_ms, message);
}

static bool begin(struct sy_engine *engine, struct sy_object *object)
{
	struct sy_op *op = calloc(1, sizeof(*op));
	if (!op) {
		sy_flow_wait(object, transient_rule.first_ms);
		return false;
	}
	op->engine = engine;
	op->object = object;
	op->up = sy_hand_take(&engine->budget, object, true);
	op->down = sy_hand_take(&engine->budget, object, false);
	object->op = op;
	object->place = SY_IN_PROGRESS;
	sy_queue_unwait(&engine->queue, object);
	LIST_INSERT_HEAD(&engine->in_progress, op, link);
	engine->in_progress_count++;
	object->resource->in_progress++;
	sy_flow_next(op);
	return true;
}

void sy_flow_run(struct sy_engine *engine)
{
	struct sy_object *object;
	/* A turn that ends at once may queue the next one: one round per call keeps the loop responsive. */
	size_t turns = engine->queue.fresh_count + engine->queue.backlog_count;
	while (turns-- > 0 && engine->in_progress_count < SY_MAX_INFLIGHT_WRITES && (object = sy_queue_pop(&engine->queue)))
		if (!begin(engine, object))
			break;
	if (!engine->in_progress_count && engine->untrimmed >= TRIM_AFTER) {
		engine->untrimmed = 0;
		malloc_trim(0); /* the trees of a burst leave holes all over the heap */
	}
	int64_t due = sy_queue_next_due(&engine->queue), later = sy_patience_relist(engine), now = sy_loop_now_ms(engine->loop);
	if (later >= 0 && (due < 0 || later < due))
		due = later;
	if (due < 0)
		sy_timer_stop(engine->timer);
	else
		sy_timer_start(engine->timer, due > now ? due - now : 0);
}

void sy_flow_tick(struct sy_engine *engine)
{
	struct sy_object *object;
	while ((object = sy_queue_due(&engine->queue, sy_loop_now_ms(engine->loop)))) {
		if (object->down == SY_FOREIGN || object->failed_action == SY_ACT_AWAIT_DELETION)
			object->check_down = true;
		object->failed_action = SY_ACT_NONE;
		sy_patience_tick(object);
		sy_flow_consider(object, false);
	}
	sy_engine_wake(engine);
}

void sy_flow_cancel_all(struct sy_engine *engine)
{
	struct sy_op *op, *next;
	LIST_FOREACH_SAFE(op, &engine->in_progress, link, next)
	{
		sy_kube_cancel(op->request);
		detach(op);
	}
}

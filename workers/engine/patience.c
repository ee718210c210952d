/* What cannot be done for the time being, and must not be forgotten.
 *
 * Somebody else's object in the place of a copy: looked at again from time to time.
 * Refusals for good: they stand until the body, the copy or the plan changes. What cannot be seen from here may change too (a schema, an
 * admission rule), so each is put to the test again from time to time. */
#include <stdlib.h>

#include "base/backoff.h"
#include "internal.h"

#define RELIST_MS 5000

static const struct sy_backoff_rule foreign_rule = {1000, 300000};

static bool refused(const struct sy_object *object)
{
	return object->permanent || object->status_rejected;
}

static int64_t remaining_ms(const struct sy_object *object)
{
	int32_t remaining = (int32_t)(object->retry_ms - sy_object_now_ms(object));
	return remaining > 0 ? remaining : 0;
}

int64_t sy_patience_delay(struct sy_object *object)
{
	uint32_t delay = SY_REFUSED_MIN_MS + arc4random_uniform(SY_REFUSED_MAX_MS - SY_REFUSED_MIN_MS);
	object->retry_ms = sy_object_now_ms(object) + delay;
	return delay;
}

void sy_patience_rest(struct sy_object *object)
{
	int64_t guard = sy_guard_delay(object), fight = sy_fight_remaining(object), delay = refused(object) ? remaining_ms(object) : fight;
	if (guard > 0)
		sy_flow_wait(object, guard); /* without it nothing else may be written */
	else if (delay >= 0)
		sy_flow_wait(object, fight >= 0 && fight < delay ? fight : delay);
	else
		sy_queue_unwait(&object->resource->engine->queue, object);
}

bool sy_patience_wanted(const struct sy_object *object)
{
	const struct sy_resource *resource = object->resource;
	return object->up == SY_PRESENT && !object->up_deleting && !object->up_leave && resource->rule.role == SY_ROLE_SYNC &&
	       resource->engine->plan.mode == SY_PLAN_RUN;
}

bool sy_patience_foreign(struct sy_object *object)
{
	if (object->down != SY_FOREIGN || !sy_patience_wanted(object))
		return false;
	object->reason = object->ns ? SY_REASON_FOREIGN : SY_REASON_NAME_COLLISION;
	if (object->heap_index)
		return true;
	sy_object_tell(object, (enum sy_reason)object->reason,
		       "an object of this name exists in the cluster and is not ours; it is left alone. Rename or delete one of the two");
	if (object->failures < UINT16_MAX)
		object->failures++;
	sy_flow_wait(object, sy_backoff_delay_ms(&foreign_rule, object->failures, arc4random()));
	return true;
}

void sy_patience_tick(struct sy_object *object)
{
	if (refused(object) && remaining_ms(object) == 0)
		object->permanent = object->status_rejected = false;
	sy_fight_tick(object);
}

static bool denied(const struct sy_object *object)
{
	return object->reason == SY_REASON_UNAUTHORIZED || object->reason == SY_REASON_UP_FORBIDDEN ||
	       object->reason == SY_REASON_NOT_SERVED;
}

void sy_patience_forgive(struct sy_resource *resource, bool good)
{
	for (struct sy_object *object = sy_table_next(&resource->table, NULL); object; object = sy_table_next(&resource->table, object)) {
		if (good) {
			object->permanent = object->status_rejected = object->status_reset = false;
			sy_fight_over(object);
		}
		if (!denied(object))
			continue;
		object->failures = 0;
		object->failed_action = SY_ACT_NONE;
		sy_queue_unwait(&resource->engine->queue, object);
	}
}

void sy_patience_missed(struct sy_resource *resource)
{
	if (resource->relist_ms)
		return;
	resource->relist_ms = sy_loop_now_ms(resource->engine->loop) + RELIST_MS;
	sy_engine_wake(resource->engine);
}

int64_t sy_patience_relist(struct sy_engine *engine)
{
	int64_t now = sy_loop_now_ms(engine->loop), next = -1;
	struct sy_resource *resource;
	TAILQ_FOREACH(resource, &engine->resources, link)
	{
		if (resource->relist_ms && resource->relist_ms <= now) {
			resource->relist_ms = 0;
			for (int side = 0; side < SY_SIDE_MAX; side++)
				if (resource->view[side].reflector)
					sy_reflector_relist(resource->view[side].reflector);
		} else if (resource->relist_ms && (next < 0 || resource->relist_ms < next)) {
			next = resource->relist_ms;
		}
	}
	return next;
}

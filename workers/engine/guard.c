#include "guard.h"

#include <stdio.h>
#include <string.h>

#include "internal.h"

/* Empty the seconds that have passed since the last count. */
static void advance(struct sy_guard *guard, int64_t second)
{
	if (second - guard->second >= (int64_t)SY_GUARD_SECONDS)
		memset(guard->vanished, 0, sizeof(guard->vanished));
	else
		for (int64_t s = guard->second + 1; s <= second; s++)
			guard->vanished[s % SY_GUARD_SECONDS] = 0;
	guard->second = second;
}

bool sy_guard_count(struct sy_guard *guard, int64_t now_ms, size_t present)
{
	int64_t second = now_ms / 1000;
	size_t sum = 0;
	if (second != guard->second)
		advance(guard, second);
	guard->vanished[second % SY_GUARD_SECONDS]++;
	for (size_t i = 0; i < SY_GUARD_SECONDS; i++)
		sum += guard->vanished[i];
	/* Those that have been deleted in this window are no longer among the present. */
	size_t before = present + (sum > guard->waiting ? sum - guard->waiting : 0);
	if (guard->held || sum <= SY_GUARD_OBJECTS || sum * 2 <= before)
		return false;
	guard->held = true;
	return true;
}

/* Deletions that follow from an explicit order are never held: an unbinding, a refused claim, an eviction. */
static bool guarded(const struct sy_resource *resource)
{
	const struct sy_plan *plan = &resource->engine->plan;
	return plan->guard && (plan->mode == SY_PLAN_DRAIN || resource->rule.role == SY_ROLE_SYNC);
}

static void tell(const struct sy_object *object)
{
	char text[512];
	snprintf(text, sizeof(text),
		 "more than half of the objects of this type vanished upstream at once and unexplained; their copies stay. When that is "
		 "meant: syncerctl approve %s",
		 object->resource->engine->plan.cluster);
	sy_object_tell(object, SY_REASON_HELD, text);
}

void sy_guard_vanished(struct sy_object *object)
{
	struct sy_resource *resource = object->resource;
	struct sy_guard *guard = &resource->guard;
	int64_t now = sy_loop_now_ms(resource->engine->loop);
	bool approved = now < guard->open_ms, copy = object->down == SY_PRESENT || object->down == SY_MAYBE;
	if (approved || object->up_vanished || object->up_deleting || object->up_leave || object->literal || !copy || !guarded(resource))
		return;
	object->up_vanished = true;
	object->vanished_ms = sy_object_now_ms(object);
	guard->waiting++;
	if (sy_guard_count(guard, now, resource->table.count))
		tell(object);
}

void sy_guard_explained(struct sy_object *object)
{
	struct sy_guard *guard = &object->resource->guard;
	if (!object->up_vanished)
		return;
	object->up_vanished = false;
	if (--guard->waiting == 0)
		guard->held = false;
}

bool sy_guard_holds(const struct sy_object *object)
{
	return object->up_vanished && object->resource->guard.held && guarded(object->resource);
}

int64_t sy_guard_delay(const struct sy_object *object)
{
	uint32_t since = sy_object_now_ms(object) - object->vanished_ms;
	return object->up_vanished && since < SY_GUARD_LOOK_MS && guarded(object->resource) ? SY_GUARD_LOOK_MS - (int64_t)since : 0;
}

void sy_guard_inherit(struct sy_guard *guard, const struct sy_guard *former)
{
	guard->kept = former->held || former->kept;
	guard->open_ms = former->open_ms;
}

static const struct sy_object *any_vanished(const struct sy_resource *resource)
{
	for (struct sy_object *object = sy_table_next(&resource->table, NULL); object; object = sy_table_next(&resource->table, object))
		if (object->up_vanished)
			return object;
	return NULL;
}

/* An earlier guard has held: nobody has said since that less than it saw is meant. */
static void keep(struct sy_resource *resource)
{
	struct sy_guard *guard = &resource->guard;
	const struct sy_object *object = any_vanished(resource);
	if (!guard->kept || !guarded(resource))
		return;
	guard->kept = false;
	if (!object || guard->held)
		return;
	guard->held = true;
	tell(object);
}

void sy_guard_settle(struct sy_resource *resource)
{
	for (struct sy_object *object = sy_table_next(&resource->table, NULL); object; object = sy_table_next(&resource->table, object))
		if (object->up != SY_PRESENT && !object->down_copied)
			sy_guard_vanished(object);
	keep(resource);
}

void sy_guard_approve(struct sy_engine *engine)
{
	struct sy_resource *resource;
	int64_t now = sy_loop_now_ms(engine->loop);
	TAILQ_FOREACH(resource, &engine->resources, link)
	{
		for (struct sy_object *object = sy_table_next(&resource->table, NULL); object;
		     object = sy_table_next(&resource->table, object))
			sy_guard_explained(object);
		resource->guard = (struct sy_guard){.open_ms = now + SY_GUARD_OPEN_MS};
		sy_resource_review(resource);
	}
}

/* Guard against mass deletion (syncerd-rules(7) 7.1): when a large part of a resource vanishes upstream at once, without deletionTimestamps
 * and with no other explanation, a restored backup or a fault is likelier than a wish. Nothing is deleted then until somebody approves, or
 * until the objects are back. */
#ifndef SY_WORKERS_GUARD_H
#define SY_WORKERS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SY_GUARD_OBJECTS 20u   /* more than these, */
#define SY_GUARD_SECONDS 10u   /* within this time, and more than half of the resource, are held */
#define SY_GUARD_LOOK_MS 1500  /* what vanished waits for this time, so that the first ones go only when it is seen that they are few */
#define SY_GUARD_OPEN_MS 60000 /* an approval is good for what vanishes within this time of it, and not for longer */

struct sy_object;
struct sy_resource;
struct sy_engine;

struct sy_guard {
	uint32_t vanished[SY_GUARD_SECONDS]; /* per second, as a ring */
	int64_t second;			     /* loop time in seconds of the newest entry */
	int64_t open_ms;		     /* loop time until which an approval is good, 0 = none */
	size_t waiting;			     /* objects marked as vanished */
	bool held;
	bool kept; /* what the first lists lack is held: an earlier guard of this resource held */
};

/* One more object has vanished, of `present` that are still known of the resource. True when the guard holds from now on, and did not before. */
bool sy_guard_count(struct sy_guard *guard, int64_t now_ms, size_t present);

/* The object, which has a copy, is not upstream any more, and nothing explains it. */
void sy_guard_vanished(struct sy_object *object);
/* It is back, explained, or forgotten. */
void sy_guard_explained(struct sy_object *object);
/* Its copy is not to be deleted until somebody approves, or it is back. */
bool sy_guard_holds(const struct sy_object *object);
/* Ms until its copy may be deleted where it is not held, 0 = now. Only what has vanished waits, never what was announced. */
int64_t sy_guard_delay(const struct sy_object *object);
/* The guard of a resource that takes the place of another: it holds, and is open, as that one was. */
void sy_guard_inherit(struct sy_guard *guard, const struct sy_guard *former);
/* First complete lists: copies without a counterpart, also of objects that were seen and lost before it was known that they have one. */
void sy_guard_settle(struct sy_resource *resource);
/* An operator lets go what is held in the whole workspace. */
void sy_guard_approve(struct sy_engine *engine);

#endif

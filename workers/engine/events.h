/* What a user must know about one object: said once, counted while it repeats, and never a flood. */
#ifndef SY_WORKERS_EVENTS_H
#define SY_WORKERS_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "object.h"

struct sy_events;
struct sy_engine_ops;
struct sy_event;

#define SY_EVENT_TABLE 256	  /* facts remembered; the oldest makes room */
#define SY_EVENT_WINDOW_MS 600000 /* the same fact within this time is one event with a count */
#define SY_EVENT_BURST 16	  /* events at once, then one per second */

int sy_events_new(struct sy_events **ret_events, struct sy_loop *loop, const struct sy_engine_ops *ops, void *arg, struct sy_error *err);
void sy_events_free(struct sy_events *events);
/* Log it and hand it to ops.event, unless the same reason was told about the same object within the window. object: "ns/name" or "name". */
void sy_events_tell(struct sy_events *events, bool warning, const char *group, const char *resource, const char *object, const char *reason,
		    const char *message);
/* The same at a loop time of the caller's choice (tests); times must not run backwards. */
void sy_events_tell_at(struct sy_events *events, int64_t now_ms, bool warning, const char *group, const char *resource, const char *object,
		       const char *reason, const char *message);
/* The same about an object of the plan, which may get it on itself (tenant_events.h). */
void sy_events_tell_object(struct sy_events *events, const struct sy_object *object, enum sy_reason reason, const char *message);
/* To ops.event, at last. */
void sy_events_pass(struct sy_events *events, const struct sy_event *event);

#endif

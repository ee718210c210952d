/* The last SY_MAX_EVENTS_KEPT events, for `syncerctl events`. */
#ifndef SY_SUPERVISOR_EVENT_RING_H
#define SY_SUPERVISOR_EVENT_RING_H

#include "base/limits.h"
#include "proto/report.h"

struct sy_event_ring;

int sy_event_ring_new(struct sy_event_ring **ret_ring, struct sy_error *err);
void sy_event_ring_free(struct sy_event_ring *ring); /* accepts NULL */

/* Keep one. When the ring is full, the oldest of the logical cluster that has most in it leaves. path "" = unknown. *ret_value (may be NULL) is its JSON, borrowed:
 * {"time","type","reason","cluster","path","resource","object","message","count"}. */
int sy_event_ring_add(struct sy_event_ring *ring, const struct sy_event *event, const char *path, json_object **ret_value,
		      struct sy_error *err);
/* Oldest first; cluster NULL = all. The caller owns the array; NULL without memory. */
json_object *sy_event_ring_list(const struct sy_event_ring *ring, const char *cluster);

#endif

/* What the SyncTarget asks for by spec.unschedulable and spec.evictAfter (syncerd-rules(7) 4.4). Pure. */
#ifndef SY_SUPERVISOR_SCHEDULE_H
#define SY_SUPERVISOR_SCHEDULE_H

#include <time.h>

#include "supervisor/discovery/bindings.h"

struct sy_schedule {
	bool cordoned;	 /* spec.unschedulable */
	bool evicting;	 /* spec.evictAfter has come */
	bool unreadable; /* spec.evictAfter is there and says no time: it has no effect */
	time_t evict_at; /* the moment to come, 0 = none */
	time_t since;	 /* lastTransitionTime of a stored Schedulable=False, 0 = it is not stored yet */
};

/* spec and status may be NULL; now by kcp's clock. */
void sy_schedule_read(json_object *spec, json_object *status, time_t now, struct sy_schedule *ret_schedule);
/* All count bindings at first have come since the SyncTarget was closed for new workspaces. False when it is open, when one of them has no
 * readable creation time, and for count 0. */
bool sy_schedule_new(const struct sy_schedule *schedule, const struct sy_bindings *bindings, size_t first, size_t count);

#endif

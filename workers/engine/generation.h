/* Status on its way up (syncerd-rules(7) 6.2): observedGeneration refers to the other side's generations and is translated. Pure. */
#ifndef SY_WORKERS_GENERATION_H
#define SY_WORKERS_GENERATION_H

#include "json/json.h"

struct sy_generations {
	bool translate; /* false: leave the numbers alone */
	int64_t up;	/* generations that belong together: of the last apply; down 0 = unknown, so every number is an older one */
	int64_t down;
};

struct sy_status_facts {
	unsigned found; /* observedGeneration numbers */
	unsigned lower; /* of them, those older than the last apply: they keep what upstream has now */
};

/* *ret_status: a new tree, without null members, numbers >= down turned into up, smaller ones into what up_status has (left out where it has
 * none, or where up_status is NULL). */
int sy_status_translate(json_object *down_status, json_object *up_status, const struct sy_generations *generations,
			json_object **ret_status, struct sy_status_facts *ret_facts, struct sy_error *err);
/* Take all observedGeneration numbers out, for comparing the rest. */
void sy_status_strip(json_object *status);

#endif

/* Changes in hand: the bodies of events that have not been applied yet, so that a change costs no GET. A few as trees, the others as text
 * within a budget of the whole worker; beyond it an object is fetched again when its turn comes. */
#ifndef SY_WORKERS_HAND_H
#define SY_WORKERS_HAND_H

#include "json/json.h"
#include "object.h"

struct sy_hand_budget {
	size_t bytes; /* of whole pages: text kept now, at most SY_MAX_PENDING_BODIES */
	unsigned trees;
};

/* Keep the newest body of one side (up: true); an older one is dropped. Never fails: without room nothing is kept. raw may be NULL: only the
 * tree can be kept then. */
void sy_hand_put(struct sy_hand_budget *budget, struct sy_object *object, bool up, json_object *tree, const char *raw, size_t raw_len);
/* Take it out as a tree of the caller's; NULL when there is none. */
json_object *sy_hand_take(struct sy_hand_budget *budget, struct sy_object *object, bool up);
void sy_hand_drop(struct sy_hand_budget *budget, struct sy_object *object);
void sy_hand_drop_side(struct sy_hand_budget *budget, struct sy_object *object, bool up);

#endif

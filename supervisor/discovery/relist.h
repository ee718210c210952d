/* Private to discovery/: asks a reflector for a whole new list, but not for each of many causes: the first at once, the next 10 s after it, and
 * so on, doubling to a minute as long as none of the lists has helped. */
#ifndef SY_SUPERVISOR_RELIST_H
#define SY_SUPERVISOR_RELIST_H

#include "kube/reflector.h"

struct sy_relist {
	struct sy_loop *loop;
	struct sy_timer *timer;
	struct sy_reflector **reflector; /* borrowed; may point to NULL */
	int64_t last_ms;
	unsigned fruitless;
};

/* In place; reflector is where the owner keeps it. */
int sy_relist_init(struct sy_relist *relist, struct sy_loop *loop, struct sy_reflector **reflector, struct sy_error *err);
void sy_relist_done(struct sy_relist *relist); /* accepts a zeroed one */
/* There is a cause for a new list. */
void sy_relist_ask(struct sy_relist *relist);
/* A list has told what was to be known. */
void sy_relist_helped(struct sy_relist *relist);

#endif

/* Bringing another program to all workers, one after the other: who is next, whether it does well, when to stop. Pure: facts in, a deed out;
 * restarting and falling back are workers_rollout.c.
 *
 * The first is the canary: the workspace that does well with the fewest objects. Who did well must do so again, without a break for a while
 * (three times as long for the canary), or the rollout has failed. Who did not do well before comes last and only has to start; that counts
 * only as long as no worker of the new program has said hello. Whose new process ends unasked makes it fail also after its turn. */
#ifndef SY_SUPERVISOR_ROLLOUT_H
#define SY_SUPERVISOR_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

#define SY_ROLLOUT_CANARY 3 /* times as long as for the others */

/* One wanted worker as it is now. */
struct sy_rollout_fact {
	const char *cluster;
	uint64_t objects;
	bool moved;	 /* it was told to take the new program: all its next processes are of that */
	bool moved_well; /* and was in step when it was told */
	bool fell;	 /* and since then a process of it has ended unasked, or could not be started */
	bool on_target;	 /* it has a process, and that is of the new program */
	bool settled;	 /* runs, or waits for a start: not on its way from one to the other */
	bool running;	 /* its process has said hello */
	bool in_step;	 /* it does well: reports, follows its plan, in a phase that counts as ready */
	bool degraded;	 /* though in step, Degraded */
};

struct sy_rollout_rule {
	int64_t stable_ms;   /* in step for so long without a break */
	int64_t deadline_ms; /* from the start of the new process until it is in step */
};

/* {0} is a rollout that has not begun. */
struct sy_rollout {
	char cluster[SY_MAX_CLUSTER_NAME + 1]; /* in hand, "" = nobody */
	bool was_degraded;
	int64_t since_ms; /* its new process was first seen, 0 = not yet */
	int64_t well_ms;  /* in step since then, 0 = it is not */
	size_t passed;
	bool proved; /* some worker of the new program has said hello */
};

enum sy_rollout_deed {
	SY_ROLLOUT_WAIT = 0,
	SY_ROLLOUT_MOVE,  /* restart this worker with the new program; it is moved from now on */
	SY_ROLLOUT_DONE,  /* all have it */
	SY_ROLLOUT_ENDED, /* stop: the new process of this worker has ended or could not be started */
	SY_ROLLOUT_LATE,  /* stop: it is not in step within the deadline */
	SY_ROLLOUT_DEED_MAX
};

/* The next deed; facts are sorted by cluster. *ret_at is an index for all but WAIT and DONE. Ask again when something has changed, and in a
 * moment. */
enum sy_rollout_deed sy_rollout_step(struct sy_rollout *rollout, const struct sy_rollout_rule *rule, const struct sy_rollout_fact *facts,
				     size_t count, int64_t now_ms, size_t *ret_at);

#endif

/* Writes the SyncTarget's status: compares what is true with what is stored and sends the difference (syncerd-rules(7) 8.3). One write at a
 * time; at once when Ready changes, else at most one a second; nothing at all while both are equal. */
#ifndef SY_SUPERVISOR_RECONCILE_H
#define SY_SUPERVISOR_RECONCILE_H

#include "supervisor/status/target.h"

struct sy_reconcile;

struct sy_reconcile_ops {
	/* Make the status that is true now, from lastTransitionTimes in `stored` (NULL = none) and the given time. 0 and *ret_status, which
	 * the caller owns, or a negative errno value: nothing is known yet. */
	int (*build)(void *arg, json_object *stored, const char *now, json_object **ret_status);
	/* The same for a syncer that was away, is back, and knows nothing yet but what is stored. */
	int (*back)(void *arg, json_object *stored, const char *now, json_object **ret_status);
	/* A write was accepted; it carried a fresh heartbeat. */
	void (*written)(void *arg);
};

int sy_reconcile_new(struct sy_reconcile **ret_reconcile, struct sy_loop *loop, struct sy_kube *kube, struct sy_target *target,
		     const struct sy_timings *timings, const struct sy_reconcile_ops *ops, void *arg, struct sy_error *err);
void sy_reconcile_free(struct sy_reconcile *reconcile); /* accepts NULL */

/* Something may have changed: compare soon. */
void sy_reconcile_mark(struct sy_reconcile *reconcile);
/* Do not write (the SyncTarget is not ours) until the next mark. */
void sy_reconcile_rest(struct sy_reconcile *reconcile);
/* An orderly stop has begun: nothing is written any more but the last word. A write under way is not cancelled, for the server may have taken
 * it already: the last word must know. */
void sy_reconcile_end(struct sy_reconcile *reconcile);
/* The last comparison found both equal and nothing has been marked since. */
bool sy_reconcile_in_sync(const struct sy_reconcile *reconcile);

/* Last write of an orderly stop, without a heartbeat, after the answer to a write under way; none when no status of ours is stored. done runs
 * when it was answered, or after limit_ms. Nothing is written afterwards. */
void sy_reconcile_last(struct sy_reconcile *reconcile, int64_t limit_ms, sy_loop_fn *done, void *arg);

#endif

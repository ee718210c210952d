/* Inside of reviews: only reviews*.c include this. */
#ifndef SY_SUPERVISOR_REVIEWS_IMPL_H
#define SY_SUPERVISOR_REVIEWS_IMPL_H

#include "supervisor/discovery/reviews.h"

struct sy_reviews {
	struct sy_loop *loop;
	struct sy_kube *kube;
	const struct sy_timings *timings;
	sy_loop_fn *changed;
	void *arg;
	struct sy_timer *timer;
	struct sy_kube_request *request;
	struct sy_review **items; /* sorted by group, then resource */
	size_t count;
	uint64_t round;
	struct sy_review *current; /* of the round, NULL = between two */
	size_t at_verb;
	uint64_t mark; /* of the pass under way, or the last one */
	size_t left_out;
	struct sy_strv missing; /* of the item under way */
	int64_t round_ms;
	int64_t full_ms;	 /* when the last round began that asked everything; before the first: long ago */
	int64_t paused_until_ms; /* the server has said so */
	unsigned throttled;	 /* answers in a row that did */
	bool stopped;		 /* and this round goes on after that */
	bool full;		 /* this round asks everything, else only what is due */
};

/* reviews_set.c: what is of interest. NULL = nobody has asked for it. */
struct sy_review *sy_reviews_lookup(const struct sy_reviews *reviews, const char *group, const char *resource);
void sy_reviews_forget_all(struct sy_reviews *reviews);
/* reviews.c: go on after this time, or when the server lets us. */
void sy_reviews_start_in(struct sy_reviews *reviews, int64_t delay);

#endif

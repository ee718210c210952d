/* SelfSubjectAccessReviews on the physical cluster: for every resource of interest the six verbs that syncing needs, in all namespaces
 * (syncerd-rules(7) 4.2). Asked when a resource joins, after a 403 on it, and every 10 minutes; what was denied every minute, since whoever
 * grants it waits for that. Never per heartbeat, and not while the server asks to be left alone (Retry-After). */
#ifndef SY_SUPERVISOR_REVIEWS_H
#define SY_SUPERVISOR_REVIEWS_H

#include "kube/client.h"
#include "supervisor/discovery/strv.h"
#include "supervisor/timings.h"

enum sy_review_state {
	SY_REVIEW_UNKNOWN = 0, /* not answered yet */
	SY_REVIEW_ANSWERED,
	SY_REVIEW_FAILED, /* the last attempt was not answered; missing is from the last answer */
	SY_REVIEW_STATE_MAX
};

#define SY_MAX_REVIEWS 2048 /* six requests each, every 10 minutes */

struct sy_review {
	char *group;
	char *resource;
	uint64_t round; /* that has dealt with it last */
	uint64_t mark;	/* of the last pass that wanted it */
	enum sy_review_state state;
	bool known;		/* answered at least once */
	bool again;		/* to be asked anew for a 403 */
	bool refused;		/* the question under way is for that */
	int64_t asked_ms;	/* last time */
	unsigned fruitless;	/* times that this has changed nothing */
	struct sy_strv missing; /* verbs that were denied, in the order get, list, watch, create, patch, delete */
};

struct sy_reviews;

int sy_reviews_new(struct sy_reviews **ret_reviews, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		   sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_reviews_free(struct sy_reviews *reviews); /* accepts NULL */

/* Be interested in a resource; the first call asks. Beyond SY_MAX_REVIEWS it is left out and counted: sy_reviews_find does not know it. */
int sy_reviews_want(struct sy_reviews *reviews, const char *group, const char *resource, struct sy_error *err);
/* Between these two calls everything of interest is named by sy_reviews_want, the most important first: what is named later gives way when
 * there is no room, and what is not named is forgotten at the end. */
void sy_reviews_begin(struct sy_reviews *reviews);
void sy_reviews_end(struct sy_reviews *reviews);
size_t sy_reviews_left_out(const struct sy_reviews *reviews); /* since the last begin */
/* A 403 came for this resource: ask about it anew, 10 s after the last time at the earliest. While they go on and the answer stays what it was (a
 * rule of admission says no, not the rights) that time doubles after the second, up to the 10 minutes of the rounds. Unknown resources are left out. */
void sy_reviews_again(struct sy_reviews *reviews, const char *group, const char *resource);

const struct sy_review *sy_reviews_find(const struct sy_reviews *reviews, const char *group, const char *resource); /* or NULL */
size_t sy_reviews_count(const struct sy_reviews *reviews);
const struct sy_review *sy_reviews_at(const struct sy_reviews *reviews, size_t index);

/* Knowledge that did not come by request (unit tests): an answer, with one missing verb or NULL. */
int sy_reviews_learn(struct sy_reviews *reviews, const char *group, const char *resource, const char *missing, struct sy_error *err);

#endif

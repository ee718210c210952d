/* SelfSubjectAccessReviews on the physical cluster: for every resource of interest the six verbs that syncing needs, in all namespaces
 * (synctarget.md 4.2). Asked when a resource joins, after a 403 on it, and every 10 minutes; never per heartbeat. */
#ifndef SY_SUPERVISOR_REVIEWS_H
#define SY_SUPERVISOR_REVIEWS_H

#include "kube/client.h"
#include "supervisor/strv.h"
#include "supervisor/timings.h"

enum sy_review_state {
	SY_REVIEW_UNKNOWN = 0, /* not answered yet */
	SY_REVIEW_ANSWERED,
	SY_REVIEW_FAILED, /* the last attempt was not answered; missing is from the last answer */
	SY_REVIEW_STATE_MAX
};

struct sy_review {
	char *group;
	char *resource;
	enum sy_review_state state;
	bool known;		/* answered at least once */
	struct sy_strv missing; /* verbs that were denied, in the order get, list, watch, create, patch, delete */
};

struct sy_reviews;

int sy_reviews_new(struct sy_reviews **ret_reviews, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		   sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_reviews_free(struct sy_reviews *reviews); /* accepts NULL */

/* Be interested in a resource; the first call asks. */
int sy_reviews_want(struct sy_reviews *reviews, const char *group, const char *resource, struct sy_error *err);
/* A 403 came: ask all again now (at most every 10 s). */
void sy_reviews_again(struct sy_reviews *reviews);

const struct sy_review *sy_reviews_find(const struct sy_reviews *reviews, const char *group, const char *resource); /* or NULL */
size_t sy_reviews_count(const struct sy_reviews *reviews);
const struct sy_review *sy_reviews_at(const struct sy_reviews *reviews, size_t index);

/* Knowledge that did not come by request (unit tests): an answer, with one missing verb or NULL. */
int sy_reviews_learn(struct sy_reviews *reviews, const char *group, const char *resource, const char *missing, struct sy_error *err);

#endif

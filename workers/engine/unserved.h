/* Is a resource served by the cluster in any version? Asked before a 404 counts as "there are none of it": the list of API groups, then the
 * resources of each version of the group, and only a whole set of answers tells. */
#ifndef SY_WORKERS_UNSERVED_H
#define SY_WORKERS_UNSERVED_H

#include "kube/client.h"
#include "kube/gvr.h"

struct sy_unserved;

enum sy_unserved_answer {
	SY_UNSERVED_UNKNOWN = 0, /* an answer is missing; result says which */
	SY_UNSERVED_NO,		 /* some version serves it */
	SY_UNSERVED_YES,
	SY_UNSERVED_ANSWER_MAX
};
/* Called once, from the loop, unless it was cancelled. The question is over: do not cancel it any more. result is borrowed. */
typedef void sy_unserved_fn(void *arg, enum sy_unserved_answer answer, const struct sy_kube_result *result);

/* gvr's strings are copied; its version does not matter. 0, -ENOMEM, or an error of the first request. */
int sy_unserved_ask(struct sy_unserved **ret_question, struct sy_kube *kube, const struct sy_gvr *gvr, sy_unserved_fn *fn, void *arg,
		    struct sy_error *err);
void sy_unserved_cancel(struct sy_unserved *question); /* accepts NULL */

#endif

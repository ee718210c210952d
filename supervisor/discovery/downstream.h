/* What the physical cluster serves: its version and discovery of the groups in question (syncerd-rules(7) 4.1 step 6). Rounds run one at
 * a time: /version, /apis, then every version of every wanted group. Each group keeps its last complete answer; a round that fails makes
 * the group `stale`, never empty. Between rounds a probe (probe.h) asks every 5 s whether anything has changed at all; then a round begins
 * at once. */
#ifndef SY_SUPERVISOR_DOWNSTREAM_H
#define SY_SUPERVISOR_DOWNSTREAM_H

#include "kube/discovery.h"
#include "supervisor/discovery/strv.h"
#include "supervisor/timings.h"

struct sy_downstream;

enum sy_served_state {
	SY_SERVED_UNKNOWN = 0, /* no complete answer yet */
	SY_SERVED_ANSWERED,    /* the last round was answered completely */
	SY_SERVED_STALE,       /* answered once, the last round failed */
	SY_SERVED_STATE_MAX
};

int sy_downstream_new(struct sy_downstream **ret_downstream, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		      sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_downstream_free(struct sy_downstream *downstream); /* accepts NULL */

/* Groups in question ("" = core) from now on. A group that is new starts a round at once. */
int sy_downstream_want(struct sy_downstream *downstream, const struct sy_strv *groups, struct sy_error *err);
/* Something was not served as thought: start a round now (at most one every 2 s, fewer while they find nothing new). */
void sy_downstream_rediscover(struct sy_downstream *downstream);

enum sy_served_state sy_downstream_state(const struct sy_downstream *downstream, const char *group);
/* From the last complete answer; NULL = not served. version NULL: in any version. */
const struct sy_served_resource *sy_downstream_find(const struct sy_downstream *downstream, const char *group, const char *version,
						    const char *resource);
/* The first version that serves the resource, NULL = none. Borrowed until the next change. */
const char *sy_downstream_served_version(const struct sy_downstream *downstream, const char *group, const char *resource);
/* For how long complete answers have been saying that the resource is not served: from the first of them to the last, in milliseconds.
 * -1 while it is served, or the group was never answered. A round that fails adds nothing. */
int64_t sy_downstream_absent_ms(const struct sy_downstream *downstream, const char *group, const char *resource);
const char *sy_downstream_version(const struct sy_downstream *downstream); /* gitVersion, "" = unknown */
/* Of the last request: SY_KUBE_OK when it was answered; message "" then. asked: at least one round has ended. */
enum sy_kube_verdict sy_downstream_verdict(const struct sy_downstream *downstream);
const char *sy_downstream_message(const struct sy_downstream *downstream);
bool sy_downstream_asked(const struct sy_downstream *downstream);

/* Knowledge that did not come by request (unit tests): what one version of a group serves (an APIResourceList; NULL = nothing). */
int sy_downstream_learn(struct sy_downstream *downstream, const char *group, const char *version, json_object *list, struct sy_error *err);

#endif

/* Cluster-scoped objects of ours in the physical cluster, by logical cluster. Namespaces are watched (orphans.h) and tell of everything in
 * them; an object outside of namespaces is found only by looking. So a round lists, page by page and metadata only, every cluster-scoped
 * resource in question with our label, at start, every 10 minutes (every minute at the end of a SyncTarget), and when somebody needs fresh
 * knowledge. A page that is too large for one answer is asked for in smaller ones.
 *
 * A round that fails anywhere changes nothing of what is known; the next one comes after a growing pause. */
#ifndef SY_SUPERVISOR_STRAYS_H
#define SY_SUPERVISOR_STRAYS_H

#include "kcp/ids.h"
#include "kube/client.h"
#include "kube/gvr.h"
#include "supervisor/discovery/strv.h"
#include "supervisor/timings.h"

#define SY_MAX_STRAY_TYPES 512
#define SY_MAX_STRAY_CLUSTERS 16384
#define SY_STRAYS_PAGE 200
#define SY_MAX_STRAYS 100000 /* of one resource */

struct sy_strays;

/* kube NULL: nothing is asked (unit tests). Strings of target and key are copied. changed runs at the end of every round. */
int sy_strays_new(struct sy_strays **ret_strays, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		  const struct sy_target_id *target, const char *key, sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_strays_free(struct sy_strays *strays); /* accepts NULL */

/* The cluster-scoped resources of the exports, as the cluster serves them. When one joins, a round begins; until it ends nothing is known.
 * Strings are copied. */
int sy_strays_want(struct sy_strays *strays, const struct sy_gvr *types, size_t count, struct sy_error *err);
/* Look at every cluster-scoped resource that the cluster serves and lets us list, whether an export offers it or not: for the end of a
 * SyncTarget, whose exports may be gone. Stays so. */
void sy_strays_everything(struct sy_strays *strays);
/* What is known is too old from now on: a new round begins (at once, or after the one under way). */
void sy_strays_again(struct sy_strays *strays);
/* Look now instead of at the end of a pause (new credentials, a person who asks). What is known stays good meanwhile. */
void sy_strays_kick(struct sy_strays *strays);

/* A complete round has ended that began after the last call of want (with a new type), everything and again. */
bool sy_strays_fresh(const struct sy_strays *strays);
/* Loop time at which the last complete round began, -1 = none yet. */
int64_t sy_strays_begun_ms(const struct sy_strays *strays);
/* Of the last complete round: objects, and the logical clusters they belong to. Borrowed until the next change. */
size_t sy_strays_objects(const struct sy_strays *strays);
const struct sy_strv *sy_strays_clusters(const struct sy_strays *strays);
const struct sy_strv *sy_strays_types(const struct sy_strays *strays);	/* "gadgets.example.dev" of which there are objects */
const struct sy_strv *sy_strays_failed(const struct sy_strays *strays); /* of the last round: what could not be listed, empty = all could */

/* One page of one resource, into the round under way. */
int sy_strays_take(struct sy_strays *strays, json_object *list, const char *type, struct sy_error *err);
/* Knowledge that did not come by request (unit tests): a whole round, begun and ended now, that saw only this page. */
int sy_strays_learn(struct sy_strays *strays, json_object *list, const char *type, struct sy_error *err);

#endif

/* Downstream namespaces that carry our cluster label: which logical clusters have something of ours in the physical cluster. From them come
 * the orphans of synctarget.md 7.1 (g): a locator of ours whose logical cluster is in none of the complete binding lists, at two moments
 * 60 s apart. The watch also tells whether the physical cluster can be reached. */
#ifndef SY_SUPERVISOR_ORPHANS_H
#define SY_SUPERVISOR_ORPHANS_H

#include "kcp/ids.h"
#include "kube/client.h"
#include "kube/reflector.h"
#include "supervisor/strv.h"
#include "supervisor/timings.h"

struct sy_orphans;

/* target's strings and key are copied. changed runs also when the state of the watch changes. */
int sy_orphans_new(struct sy_orphans **ret_orphans, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		   const struct sy_target_id *target, const char *key, sy_loop_fn *changed, void *arg, struct sy_error *err);
void sy_orphans_free(struct sy_orphans *orphans); /* accepts NULL */

/* Look once: listed says whether a logical cluster is known, complete whether the binding lists are complete now (else all waiting times
 * start anew). Appends clusters that are orphans to out. */
int sy_orphans_look(struct sy_orphans *orphans, bool complete, bool (*listed)(void *arg, const char *cluster), void *arg,
		    struct sy_strv *out, struct sy_error *err);

/* A complete list was read and shows no namespace of ours. */
bool sy_orphans_none_left(const struct sy_orphans *orphans);
size_t sy_orphans_namespaces(const struct sy_orphans *orphans); /* of ours, all clusters */

/* State of the watch. */
bool sy_orphans_asked(const struct sy_orphans *orphans);
enum sy_kube_verdict sy_orphans_verdict(const struct sy_orphans *orphans);
const char *sy_orphans_message(const struct sy_orphans *orphans);
void sy_orphans_kick(struct sy_orphans *orphans);

/* For tests and the reflector. */
int sy_orphans_take(struct sy_orphans *orphans, bool deleted, json_object *ns, struct sy_error *err);

#endif

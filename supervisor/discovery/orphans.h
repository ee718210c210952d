/* Downstream namespaces that carry our cluster label, and with the cluster-scoped objects of strays.h: which logical clusters have
 * something of ours in the physical cluster. From them come the orphans of syncerd-rules(7) 7.1 (g): a locator of ours whose logical
 * cluster is in none of the complete binding lists, at two moments
 * 60 s apart. The watch also tells whether the physical cluster can be reached. */
#ifndef SY_SUPERVISOR_ORPHANS_H
#define SY_SUPERVISOR_ORPHANS_H

#include "kcp/ids.h"
#include "kube/client.h"
#include "kube/reflector.h"
#include "supervisor/discovery/strays.h"
#include "supervisor/discovery/strv.h"
#include "supervisor/timings.h"

struct sy_orphans;

/* target's strings and key are copied, strays is borrowed and may be NULL. changed runs also when the state of the watch changes. */
int sy_orphans_new(struct sy_orphans **ret_orphans, struct sy_loop *loop, struct sy_kube *kube, const struct sy_timings *timings,
		   const struct sy_target_id *target, const char *key, struct sy_strays *strays, sy_loop_fn *changed, void *arg,
		   struct sy_error *err);
void sy_orphans_free(struct sy_orphans *orphans); /* accepts NULL */

/* Look once: listed says whether a logical cluster is known, complete whether the binding lists are complete now (else all waiting times
 * start anew). Appends clusters that are orphans to out. For cluster-scoped objects two complete rounds have to show them, the second begun 60 s
 * after the first look; it is asked for here. */
int sy_orphans_look(struct sy_orphans *orphans, bool complete, bool (*listed)(void *arg, const char *cluster), void *arg,
		    struct sy_strv *out, struct sy_error *err);

/* A complete list was read, all of it could be read, and it shows no namespace of ours; the same for cluster-scoped objects, by a round that is fresh. */
bool sy_orphans_none_left(const struct sy_orphans *orphans);
size_t sy_orphans_namespaces(const struct sy_orphans *orphans);			/* of ours, all clusters */
const char *sy_orphans_cluster(const struct sy_orphans *orphans, size_t index); /* that a namespace belongs to, in no order */

/* State of the watch. */
bool sy_orphans_asked(const struct sy_orphans *orphans);
enum sy_kube_verdict sy_orphans_verdict(const struct sy_orphans *orphans);
const char *sy_orphans_message(const struct sy_orphans *orphans);
void sy_orphans_kick(struct sy_orphans *orphans);

/* For tests and the reflector. */
int sy_orphans_take(struct sy_orphans *orphans, bool deleted, json_object *ns, struct sy_error *err);
/* One that cannot be read: it is there, and not known to be nobody's. */
void sy_orphans_take_broken(struct sy_orphans *orphans, const struct sy_reflector_broken *broken);

#endif

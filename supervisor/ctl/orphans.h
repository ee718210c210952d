/* `syncerctl orphans` (syncerd-rules(7) 7.5): what a SyncTarget that is gone, was made anew or lost a tenant has left in the physical
 * cluster. It works with an administrator's kubeconfigs, on trees of JSON:
 *
 *   owner   {"workspace", "syncTarget", "uid", "tenant", "key", "tenantId", "resources": {"widgets.example.dev": {"objects", "oldest"}}}
 *           one tenant of one SyncTarget; workspace "" = direct mode
 *   record  {"owner", "path", "object", "uid", "resourceVersion", "terminating"} and, of a namespace, "namespace": one object to delete */
#ifndef SY_CTL_ORPHANS_H
#define SY_CTL_ORPHANS_H

#include "admin.h"
#include "ctl.h"
#include "kube/gvr.h"

#define CTL_ORPHANS_TRIES 5 /* of an object or a list that changes under our hands */

struct ctl_orphans {
	struct ctl *ctl;
	const char *kubeconfig, *context; /* of kcp; NULL = default */
	const char *cluster_kubeconfig, *cluster_context;
	const char *uid; /* with delete_them */
	bool delete_them;
	bool force;
	struct ctl_admin *kcp, *cluster;
	json_object *types;	 /* "widgets.example.dev" -> {"group", "version", "resource", "namespaced"} */
	json_object *owners;	 /* by locator without a namespace */
	json_object *namespaces; /* name -> its owner */
	json_object *states;	 /* what is known of each SyncTarget (orphans_state.c) */
	json_object *doomed;	 /* records of uid, namespaces last */
	json_object *unread;	 /* [{"what", "why"}]: what could not be looked at */
	size_t deleted;
	bool left;   /* a namespace was left because of what else is in it */
	bool failed; /* an object could not be deleted */
};

void ctl_orphans_init(struct ctl_orphans *orphans, struct ctl *ctl); /* exits when memory is short */
void ctl_orphans_done(struct ctl_orphans *orphans);
/* Note what could not be looked at. */
void ctl_orphans_unread(struct ctl_orphans *orphans, const char *what, const char *why);

/* Whose an object is by its marks, borrowed; NULL = not a syncer's. A namespace is known by label, locator and its very name, a copy outside
 * of namespaces by labels, locator and the book-keeping of who set them, any other by labels, that, and its namespace, which must have been
 * asked about before. item: metadata is enough. No I/O. */
json_object *ctl_orphans_owner(struct ctl_orphans *orphans, bool is_namespace, json_object *item);

/* Find the types, then everything with our label: fills types, owners, namespaces, unread and doomed. */
void ctl_orphans_scan(struct ctl_orphans *orphans);
/* Each object of one type (ns, selector NULL = all) until item returns false. The verdict of the last page; *ret_message is owned, never NULL. */
enum sy_kube_verdict ctl_orphans_list(struct ctl_orphans *orphans, const struct sy_gvr *gvr, const char *ns, const char *selector,
				      bool (*item)(void *arg, json_object *object), void *arg, char **ret_message);
struct sy_gvr ctl_orphans_gvr(json_object *type);

/* "gone", "re-created", "unbound", "unknown", "direct", or "alive", which is no orphan. Asks kcp once for each SyncTarget and each tenant of
 * a living one. With whole only the SyncTarget counts. What it was refused is said on stderr and noted in unread. */
const char *ctl_orphans_state(struct ctl_orphans *orphans, json_object *owner, bool whole);

/* Delete what is in doomed, and say what was done. */
void ctl_orphans_delete(struct ctl_orphans *orphans);

#endif

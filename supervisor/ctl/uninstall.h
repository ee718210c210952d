/* `syncerctl uninstall`: parts shared by its two targets. */
#ifndef SY_CTL_UNINSTALL_H
#define SY_CTL_UNINSTALL_H

#include "install.h"

#define CTL_UNINSTALL_TIMEOUT_MS 300000
#define CTL_MAX_SYNCERS 16

/* Syncer ids of one SyncTarget name, sorted as found, each once. */
struct ctl_syncers {
	char *ids[CTL_MAX_SYNCERS];
	size_t count;
};

int ctl_uninstall_kcp(struct ctl_install *install);
int ctl_uninstall_cluster(struct ctl_install *install);

/* True for the syncer id of a SyncTarget called name, of whatever uid. No SyncTarget of another name has such an id. */
bool ctl_is_syncer_of(const char *id, const char *name);
void ctl_syncers_add(struct ctl_syncers *syncers, const char *id);
void ctl_syncers_done(struct ctl_syncers *syncers);
/* Add the objects of a list answer whose names are syncer ids of the SyncTarget. False when there are more than fit. */
bool ctl_syncers_find(struct ctl_syncers *syncers, json_object *list, const char *name);

/* Delete all of a list, the last object first, and print a line for each. Returns CTL_OK, CTL_FAILED after a message, or CTL_INCOMPLETE when
 * the rights were missing (the whole list is printed for another administrator then). */
int ctl_delete_list(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_manifests *list);

/* The SyncTarget is known to be absent from its workspace: 404 for it, or its type is bound nowhere there. Prints what it is when not. */
bool ctl_target_is_gone(struct ctl_install *install, struct ctl_admin *admin, const struct ctl_answer *answer);

#endif
